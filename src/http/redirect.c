#include "http/redirect.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void detour_forget(struct http_detour *detour)
{
    conn_close(&detour->conn);
    conn_forget(&detour->conn);
    url_free(&detour->origin);
}

void detour_free(struct http_detour *detour)
{
    if (detour == NULL)
        return;
    detour_forget(detour);
    url_free(&detour->url);
    free(detour);
}

const struct url *redirect_url(const struct http_client *client)
{
    const struct http_detour *detour = client->detour;
    return detour != NULL && detour->url.text != NULL ? &detour->url : client->url;
}

bool redirect_is_foreign(const struct http_client *client)
{
    const struct url *url = redirect_url(client);
    return url != client->url && !url_same_origin(url, client->url);
}

/* RFC 9110 sections 15.4.2 to 15.4.4: after 303, and by custom after 301 and 302 to a
 * POST, what follows is a GET. */
static bool becomes_get(const struct http_client *client, int status)
{
    return status == 303 ? client->method != METHOD_HEAD
                         : status < 303 && client->method == METHOD_POST;
}

static void change_method(struct http_client *client, int status)
{
    if (!becomes_get(client, status))
        return;
    client->method = METHOD_GET;
    client->bodyless = true;
}

static bool takes_body_along(const struct http_client *client)
{
    return client->settings->body != NULL && !client->bodyless &&
           !becomes_get(client, client->response->status);
}

/* The connection of the detour is to be for the origin of `url`. False: memory is short. */
static bool aim_detour(struct http_detour *detour, const struct url *url)
{
    if (detour->origin.text != NULL && url_same_origin(url, &detour->origin))
        return true;
    detour_forget(detour);
    detour->origin = *url;
    detour->origin.text = strdup(url->text);
    return detour->origin.text != NULL;
}

static struct http_detour *get_detour(struct http_client *client)
{
    struct http_detour *detour = client->detour;
    if (detour != NULL)
        return detour;
    detour = calloc(1, sizeof *detour);
    if (detour != NULL)
        conn_init(&detour->conn, client->conn.env, client->conn.callbacks, client);
    client->detour = detour;
    return detour;
}

/* Takes `url` over. Returns NULL or a sentence on why not. */
static const char *go_to(struct http_client *client, struct url url)
{
    struct http_detour *detour = get_detour(client);
    bool foreign = !url_same_origin(&url, client->url);
    const char *refused = NULL;
    if (redirect_url(client)->https && !url.https)
        refused = "the server redirects from https to http, which is not followed";
    else if (foreign && takes_body_along(client))
        refused = "the server redirects to another origin, which must not see the body";
    else if (detour == NULL || (foreign && !aim_detour(detour, &url)))
        refused = "memory is short";
    if (refused != NULL) {
        url_free(&url);
        return refused;
    }
    url_free(&detour->url);
    detour->url = url;
    return NULL;
}

/* Returns NULL, or a sentence on why the response's redirect is not followed. */
static const char *find_target(struct http_client *client, char why[REDIRECT_WHY_SIZE])
{
    const struct http_response *response = client->response;
    char wrong[96];
    struct url url;
    if (client->redirects >= client->settings->redirects)
        snprintf(why, REDIRECT_WHY_SIZE, "more than %lld redirects, the last with status %d",
                 (long long)client->settings->redirects, response->status);
    else if (response->location == NULL)
        snprintf(why, REDIRECT_WHY_SIZE, "the server redirects (%d), and does not say where to",
                 response->status);
    else if (!url_resolve(redirect_url(client), response->location, &url, wrong, sizeof wrong))
        snprintf(why, REDIRECT_WHY_SIZE, "the server redirects to what cannot be polled: %s",
                 wrong);
    else
        return go_to(client, url);
    return why;
}

const char *redirect_follow(struct http_client *client, char why[REDIRECT_WHY_SIZE])
{
    int status = client->response->status;
    const char *refused = find_target(client, why);
    if (refused == NULL)
        change_method(client, status);
    return refused;
}
