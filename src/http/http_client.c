#include "http/http_client.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/container_of.h"
#include "base/duration.h"
#include "http/http_request.h"

/* Where redirects have led: another URL, and a connection for when it is not of the
 * client's own origin. */
struct http_detour {
    struct url url;    /* of the request under way; no text where that is the client's own */
    struct url origin; /* of the connection; no text: it was never used */
    struct conn conn;
    bool used;        /* in the poll under way */
    int64_t deadline; /* until then the connection is kept */
};

static void detour_forget(struct http_detour *detour)
{
    conn_close(&detour->conn);
    conn_forget(&detour->conn);
    url_free(&detour->origin);
}

static void detour_free(struct http_detour *detour)
{
    if (detour == NULL)
        return;
    detour_forget(detour);
    url_free(&detour->url);
    free(detour);
}

static struct wakeups *wakeups_of(struct http_client *client)
{
    return client->conn.env->wakeups;
}

static const struct url *url_now(const struct http_client *client)
{
    const struct http_detour *detour = client->detour;
    return detour != NULL && detour->url.text != NULL ? &detour->url : client->url;
}

static bool is_foreign(const struct http_client *client)
{
    const struct url *url = url_now(client);
    return url != client->url && !url_same_origin(url, client->url);
}

/* That of the request under way. */
static struct conn *conn_now(struct http_client *client)
{
    return is_foreign(client) ? &client->detour->conn : &client->conn;
}

/* --- the end of a request ----------------------------------------------------------- */

static void on_idle_limit(struct wakeup *wakeup);

static void set_idle_limit(struct http_client *client)
{
    const struct http_detour *detour = client->detour;
    int64_t limit = INT64_MAX;
    if (client->conn.state == CONN_OPEN)
        limit = client->deadline;
    if (detour != NULL && detour->conn.state == CONN_OPEN && detour->deadline < limit)
        limit = detour->deadline;
    if (limit < INT64_MAX)
        wakeup_set(wakeups_of(client), &client->limit, limit, on_idle_limit);
    else
        wakeup_cancel(wakeups_of(client), &client->limit);
}

static void on_idle_limit(struct wakeup *wakeup)
{
    struct http_client *client = container_of(wakeup, struct http_client, limit);
    int64_t now = clock_now();
    if (client->deadline <= now)
        conn_close(&client->conn);
    if (client->detour != NULL && client->detour->deadline <= now)
        conn_close(&client->detour->conn);
    set_idle_limit(client);
}

/* That of a detour may not have been used for many polls. */
static void keep_until(struct http_client *client, int64_t deadline)
{
    client->deadline = deadline;
    if (client->detour != NULL && client->detour->used)
        client->detour->deadline = deadline;
    set_idle_limit(client);
}

/* Where a failure stands behind redirects, it says so; but not with path and query, which
 * may be secrets of the server's making. */
static const char *describe(const struct http_client *client, const char *detail, char *out,
                            size_t size)
{
    if (client->redirects == 0 || detail == NULL)
        return detail;
    const struct url *url = url_now(client);
    snprintf(out, size, "redirected to %.*s: %s", url->target, url->text, detail);
    return out;
}

static const char *note(const struct http_client *client, const struct conn *conn, char *out,
                        size_t size)
{
    char address[ADDRESS_TEXT_SIZE];
    if (client->redirects > 0 || !conn->stale_address || client->reused)
        return NULL;
    snprintf(out, size, "the resolver failed, and the last address that worked was used: %s",
             address_text(&conn->known.address, address));
    return out;
}

/* Hands over the result. The callback may end the client: nothing follows it. */
static void finish(struct http_client *client, const struct failure *failure)
{
    struct http_response *response = client->response;
    char detail[512], words[160];
    int64_t now = clock_now();
    struct http_result result = {.failure = *failure,
                                 .status = response == NULL ? 0 : response->status,
                                 .retry_after = response == NULL ? -1 : response->retry_after,
                                 .started = client->started,
                                 .sent = client->sent,
                                 .finished = now,
                                 .reused = client->reused,
                                 .redirects = client->redirects};

    result.failure.detail = describe(client, failure->detail, detail, sizeof detail);
    result.note = note(client, &client->conn, words, sizeof words);
    if (failure->reason == FAILURE_NONE)
        result.response = response;
    client->response = NULL;
    client->busy = false;
    keep_until(client, now + client->settings->keep_alive);
    client->callback(client, &result);
    if (response != NULL)
        http_response_finish(response);
    free(response);
}

static void close_and_finish(struct http_client *client, const struct failure *failure)
{
    conn_close(conn_now(client));
    finish(client, failure);
}

static void on_out_of_memory(struct wakeup *wakeup)
{
    const struct failure failure = {
        .reason = FAILURE_CONNECT, .code = UV_ENOMEM, .detail = "memory is short"};
    close_and_finish(container_of(wakeup, struct http_client, limit), &failure);
}

static const char *stage(const struct http_client *client, const struct conn *conn)
{
    switch (conn->state) {
    case CONN_CLOSED: return "with nothing under way";
    case CONN_RESOLVING: return "while the name was looked up";
    case CONN_WAITING: return "waiting for a descriptor";
    case CONN_CONNECTING: return "while connecting";
    case CONN_HANDSHAKING: return "in the TLS handshake";
    case CONN_OPEN: break;
    }
    return client->response->started ? "in the middle of the response" : "waiting for the response";
}

static void on_timeout(struct wakeup *wakeup)
{
    struct http_client *client = container_of(wakeup, struct http_client, limit);
    char detail[96], limit[DURATION_SIZE];
    snprintf(detail, sizeof detail, "%s have passed, %s",
             duration_text(limit, client->settings->timeout), stage(client, conn_now(client)));
    const struct failure failure = {
        .reason = FAILURE_TIMEOUT, .code = UV_ETIMEDOUT, .detail = detail};
    close_and_finish(client, &failure);
}

/* --- a request --------------------------------------------------------------------- */

static void begin_response(struct http_client *client)
{
    const struct http_expected expected = {.body_max = (size_t)client->settings->max_body,
                                           .head = client->method == METHOD_HEAD,
                                           .field = client->settings->delay_from_header};
    http_response_init(client->response, &expected);
}

/* Returns 0 or libuv's error code. */
static int write_request(struct http_client *client, struct conn *conn)
{
    char bytes[HTTP_REQUEST_MAX];
    const struct http_request request = {.method = (enum method)client->method,
                                         .url = url_now(client),
                                         .settings = client->settings,
                                         .with_body = !client->bodyless,
                                         .foreign = is_foreign(client),
                                         .close = client->settings->keep_alive == 0};
    size_t length = http_request_write(bytes, &request);
    int64_t now = clock_now();
    int error = conn_write(conn, bytes, length);
    if (error == 0 && client->redirects == 0)
        client->sent = now;
    return error;
}

static void open_connection(struct http_client *client)
{
    bool foreign = is_foreign(client);
    const struct conn_target target = {.url = foreign ? &client->detour->origin : client->url,
                                       .settings = client->settings,
                                       .foreign = foreign};
    client->on_kept = false;
    if (client->redirects == 0) {
        client->reused = false;
        client->sent = -1;
    }
    if (conn_open(conn_now(client), &target) != 0)
        wakeup_set(wakeups_of(client), &client->limit, 0, on_out_of_memory);
}

/* On the connection that is kept, if it is still there, else on a fresh one. */
static void request(struct http_client *client)
{
    struct conn *conn = conn_now(client);
    begin_response(client);
    if (is_foreign(client))
        client->detour->used = true;
    client->on_kept = conn->state == CONN_OPEN;
    if (client->redirects == 0)
        client->reused = client->on_kept;
    if (client->on_kept && conn_is_quiet(conn) && write_request(client, conn) == 0)
        return;
    conn_close(conn);
    open_connection(client);
}

/* --- redirects ------------------------------------------------------------------------ */

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

static struct http_detour *get_detour(struct http_client *client);

/* Takes `url` over. Returns NULL or a sentence on why not. */
static const char *follow(struct http_client *client, struct url url)
{
    struct http_detour *detour = get_detour(client);
    bool foreign = !url_same_origin(&url, client->url);
    const char *refused = NULL;
    if (url_now(client)->https && !url.https)
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

enum { WHY_SIZE = 160 };

/* Returns NULL, or a sentence on why the response's redirect is not followed. */
static const char *find_target(struct http_client *client, char why[WHY_SIZE])
{
    const struct http_response *response = client->response;
    char wrong[96];
    struct url url;
    if (client->redirects >= client->settings->redirects)
        snprintf(why, WHY_SIZE, "more than %lld redirects, the last with status %d",
                 (long long)client->settings->redirects, response->status);
    else if (response->location == NULL)
        snprintf(why, WHY_SIZE, "the server redirects (%d), and does not say where to",
                 response->status);
    else if (!url_resolve(url_now(client), response->location, &url, wrong, sizeof wrong))
        snprintf(why, WHY_SIZE, "the server redirects to what cannot be polled: %s", wrong);
    else
        return follow(client, url);
    return why;
}

/* The response is complete, and its connection rests or is closed. */
static void redirect(struct http_client *client)
{
    char why[WHY_SIZE];
    int status = client->response->status;
    const struct failure failure = {.reason = FAILURE_REDIRECT, .detail = find_target(client, why)};
    if (failure.detail != NULL) {
        finish(client, &failure);
        return;
    }
    client->redirects++;
    change_method(client, status);
    http_response_finish(client->response);
    request(client);
}

/* --- what comes from the connection ------------------------------------------------------ */

static void on_opened(struct conn *conn)
{
    struct http_client *client = conn->owner;
    int error = write_request(client, conn);
    if (error == 0)
        return;
    const struct failure failure = {.reason = FAILURE_CLOSED,
                                    .code = error,
                                    .detail = "the connection broke before the request was sent"};
    close_and_finish(client, &failure);
}

/* While it waits for a descriptor, its time stands still. */
static void on_waiting(struct conn *conn, bool waits)
{
    struct http_client *client = conn->owner;
    int64_t now = clock_now();
    if (waits) {
        client->deadline -= now;
        wakeup_cancel(wakeups_of(client), &client->limit);
    } else {
        client->deadline += now;
        wakeup_set(wakeups_of(client), &client->limit, client->deadline, on_timeout);
    }
}

static void on_complete(struct http_client *client)
{
    const struct http_response *response = client->response;
    if (http_is_redirect(response->status) && client->settings->redirects > 0)
        redirect(client);
    else
        finish(client, &response->failure);
}

/* The connection is kept only where nothing came after the response. */
static void on_received(struct conn *conn, const char *bytes, size_t length)
{
    struct http_client *client = conn->owner;
    struct http_response *response = client->response;
    if (!client->busy || conn != conn_now(client)) {
        conn_close(conn);
        return;
    }
    size_t used = http_response_feed(response, bytes, length);
    if (response->failure.reason != FAILURE_NONE) {
        close_and_finish(client, &response->failure);
    } else if (response->complete) {
        if (used < length || !response->keep_alive || client->settings->keep_alive == 0)
            conn_close(conn);
        else
            conn_rest(conn);
        on_complete(client);
    }
}

static bool may_send_again(const struct http_client *client)
{
    return client->on_kept && !client->response->started && client->method != METHOD_POST;
}

static void on_ended(struct conn *conn, const struct failure *failure)
{
    struct http_client *client = conn->owner;
    struct http_response *response = client->response;
    if (!client->busy || conn != conn_now(client))
        return; /* an idle one */
    if (may_send_again(client)) {
        open_connection(client);
        return;
    }
    if (failure->code != UV_EOF || failure->reason != FAILURE_CLOSED) {
        close_and_finish(client, failure);
        return;
    }
    http_response_end(response);
    if (response->failure.reason != FAILURE_NONE)
        close_and_finish(client, &response->failure);
    else
        on_complete(client);
}

static const struct conn_callbacks callbacks = {on_opened, on_waiting, on_received, on_ended};

/* --- the client ------------------------------------------------------------------------ */

static struct http_detour *get_detour(struct http_client *client)
{
    struct http_detour *detour = client->detour;
    if (detour != NULL)
        return detour;
    detour = calloc(1, sizeof *detour);
    if (detour != NULL)
        conn_init(&detour->conn, client->conn.env, &callbacks, client);
    client->detour = detour;
    return detour;
}

void http_client_init(struct http_client *client, struct http_env *env, const struct url *url,
                      const struct server_settings *settings)
{
    *client = (struct http_client){.url = url, .settings = settings};
    conn_init(&client->conn, env, &callbacks, client);
}

void http_send(struct http_client *client, http_callback *callback)
{
    client->callback = callback;
    client->busy = true;
    client->started = clock_now();
    client->sent = -1;
    client->reused = false;
    client->bodyless = false;
    client->method = (uint8_t)client->settings->method;
    client->redirects = 0;
    if (client->detour != NULL) {
        url_free(&client->detour->url);
        client->detour->used = false;
    }
    client->response = malloc(sizeof *client->response);
    if (client->response == NULL) {
        conn_close(&client->conn); /* nothing but the wake-up can come now */
        wakeup_set(wakeups_of(client), &client->limit, 0, on_out_of_memory);
        return;
    }
    client->deadline = client->started + client->settings->timeout;
    wakeup_set(wakeups_of(client), &client->limit, client->deadline, on_timeout);
    request(client);
}

void http_cancel(struct http_client *client)
{
    const struct failure failure = {
        .reason = FAILURE_CANCELED, .code = UV_ECANCELED, .detail = "aiopoll is stopping"};
    if (client->busy)
        close_and_finish(client, &failure);
}

void http_client_close(struct http_client *client)
{
    wakeup_cancel(wakeups_of(client), &client->limit);
    conn_close(&client->conn);
    conn_forget(&client->conn);
    detour_free(client->detour);
    client->detour = NULL;
}
