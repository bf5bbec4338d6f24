#include "http/http_client.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/container_of.h"
#include "base/duration.h"
#include "http/http_request.h"

static struct http_client *client_of(struct conn *conn)
{
    return container_of(conn, struct http_client, conn);
}

static struct wakeups *wakeups_of(struct http_client *client)
{
    return client->conn.env->wakeups;
}

static void on_idle_limit(struct wakeup *wakeup)
{
    conn_close(&container_of(wakeup, struct http_client, limit)->conn);
}

/* Hands over the result. The callback may end the client: nothing follows it. */
static void finish(struct http_client *client, const struct failure *failure)
{
    struct http_response *response = client->response;
    int64_t now = clock_now();

    client->response = NULL;
    client->busy = false;
    if (client->conn.state == CONN_OPEN)
        wakeup_set(wakeups_of(client), &client->limit, now + client->settings->keep_alive,
                   on_idle_limit);
    else
        wakeup_cancel(wakeups_of(client), &client->limit);

    struct http_result result = {.failure = *failure,
                                 .status = response == NULL ? 0 : response->status,
                                 .retry_after = response == NULL ? -1 : response->retry_after,
                                 .started = client->started,
                                 .sent = client->sent,
                                 .finished = now,
                                 .reused = client->reused};
    if (failure->reason == FAILURE_NONE) {
        result.body = response->body;
        result.body_length = response->body_length;
    }
    client->callback(client, &result);
    if (response != NULL) {
        http_response_finish(response);
        free(response);
    }
}

static void close_and_finish(struct http_client *client, const struct failure *failure)
{
    conn_close(&client->conn);
    finish(client, failure);
}

static void on_out_of_memory(struct wakeup *wakeup)
{
    const struct failure failure = {
        .reason = FAILURE_CONNECT, .code = UV_ENOMEM, .detail = "memory is short"};
    close_and_finish(container_of(wakeup, struct http_client, limit), &failure);
}

static void on_timeout(struct wakeup *wakeup)
{
    struct http_client *client = container_of(wakeup, struct http_client, limit);
    char detail[96], limit[DURATION_SIZE];
    const char *stage = "while the name was looked up";
    if (client->conn.state == CONN_CONNECTING)
        stage = "while connecting";
    else if (client->conn.state == CONN_OPEN)
        stage = client->response->started ? "in the middle of the response"
                                          : "waiting for the response";
    snprintf(detail, sizeof detail, "%s have passed, %s",
             duration_text(limit, client->settings->timeout), stage);
    const struct failure failure = {
        .reason = FAILURE_TIMEOUT, .code = UV_ETIMEDOUT, .detail = detail};
    close_and_finish(client, &failure);
}

/* Returns 0 or libuv's error code. */
static int send_request(struct http_client *client)
{
    char request[HTTP_REQUEST_MAX];
    size_t length = http_request_write(request, &(struct http_request){
                                                    .method = (enum method)client->settings->method,
                                                    .url = client->url,
                                                    .settings = client->settings,
                                                    .with_body = true,
                                                    .close = client->settings->keep_alive == 0,
                                                });
    client->sent = clock_now();
    int error = conn_write(&client->conn, request, length);
    if (error != 0)
        client->sent = -1;
    return error;
}

static void open_connection(struct http_client *client)
{
    client->reused = false;
    client->sent = -1;
    if (conn_open(&client->conn, client->url, client->settings->connect_timeout) != 0)
        wakeup_set(wakeups_of(client), &client->limit, 0, on_out_of_memory);
}

static void on_opened(struct conn *conn)
{
    struct http_client *client = client_of(conn);
    int error = send_request(client);
    if (error == 0)
        return;
    const struct failure failure = {.reason = FAILURE_CLOSED,
                                    .code = error,
                                    .detail = "the connection broke before the request was sent"};
    close_and_finish(client, &failure);
}

/* The connection is kept only where nothing came after the response. */
static void on_received(struct conn *conn, const char *bytes, size_t length)
{
    struct http_client *client = client_of(conn);
    struct http_response *response = client->response;
    if (!client->busy) {
        http_client_close(client);
        return;
    }
    size_t used = http_response_feed(response, bytes, length);
    if (response->failure.reason != FAILURE_NONE) {
        close_and_finish(client, &response->failure);
    } else if (response->complete) {
        if (used < length || !response->keep_alive || client->settings->keep_alive == 0)
            conn_close(conn);
        finish(client, &response->failure);
    }
}

static void on_ended(struct conn *conn, const struct failure *failure)
{
    struct http_client *client = client_of(conn);
    struct http_response *response = client->response;
    if (!client->busy) {
        wakeup_cancel(wakeups_of(client), &client->limit);
    } else if (client->reused && !response->started) {
        open_connection(client);
    } else if (failure->code == UV_EOF) {
        http_response_end(response);
        close_and_finish(client, &response->failure);
    } else {
        close_and_finish(client, failure);
    }
}

static const struct conn_callbacks callbacks = {on_opened, on_received, on_ended};

void http_client_init(struct http_client *client, struct http_env *env, const struct url *url,
                      const struct server_settings *settings)
{
    *client = (struct http_client){.url = url, .settings = settings};
    conn_init(&client->conn, env, &callbacks);
}

void http_get(struct http_client *client, http_callback *callback)
{
    client->callback = callback;
    client->busy = true;
    client->started = clock_now();
    client->sent = -1;
    client->response = malloc(sizeof *client->response);
    if (client->response == NULL) {
        conn_close(&client->conn); /* nothing but the wake-up can come now */
        wakeup_set(wakeups_of(client), &client->limit, 0, on_out_of_memory);
        return;
    }
    http_response_init(client->response,
                       &(struct http_expected){.body_max = (size_t)client->settings->max_body});
    wakeup_set(wakeups_of(client), &client->limit, client->started + client->settings->timeout,
               on_timeout);

    client->reused = client->conn.state == CONN_OPEN;
    if (client->reused && conn_is_quiet(&client->conn) && send_request(client) == 0)
        return;
    conn_close(&client->conn);
    open_connection(client);
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
}
