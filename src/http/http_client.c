#include "http/http_client.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/container_of.h"
#include "base/duration.h"
#include "http/http_request.h"
#include "http/redirect.h"

static struct wakeups *wakeups_of(const struct http_client *client)
{
    return client->conn.env->wakeups;
}

/* That of the request under way. */
static struct conn *conn_now(struct http_client *client)
{
    return redirect_is_foreign(client) ? &client->detour->conn : &client->conn;
}

static bool is_waiting(const struct http_client *client)
{
    const struct conn *conn = redirect_is_foreign(client) ? &client->detour->conn : &client->conn;
    return conn->state == CONN_WAITING;
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

/* A prepared one is no loss: the request, which is soon due, opens another. */
static void lose(struct http_client *client, const struct conn *conn)
{
    if (conn == &client->conn && client->lead == 0)
        client->lost(client);
}

static void on_idle_limit(struct wakeup *wakeup)
{
    struct http_client *client = container_of(wakeup, struct http_client, limit);
    int64_t now = clock_now();
    if (client->deadline <= now) {
        conn_close(&client->conn);
        lose(client, &client->conn);
    }
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
    const struct url *url = redirect_url(client);
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
                                 .started = client->started,
                                 .sent = client->sent,
                                 .finished = now,
                                 .reused = client->reused,
                                 .prepared = client->prepared,
                                 .lead = client->lead,
                                 .redirects = client->redirects};

    result.failure.detail = describe(client, failure->detail, detail, sizeof detail);
    result.note = note(client, &client->conn, words, sizeof words);
    if (failure->reason == FAILURE_NONE)
        result.response = response;
    if (response != NULL) {
        result.date = response->date;
        result.retry_after = response->retry_after;
    }
    client->response = NULL;
    client->busy = false;
    client->lead = 0;
    client->unreachable = client->sent < 0;
    client->answered = failure->reason == FAILURE_NONE;
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
                                           .fields = client->settings->delay_from->fields,
                                           .field_count =
                                               client->settings->delay_from->field_count};
    http_response_init(client->response, &expected);
}

/* Returns 0 or libuv's error code. */
static int write_request(struct http_client *client, struct conn *conn)
{
    char bytes[HTTP_REQUEST_MAX];
    const struct http_request request = {.method = (enum method)client->method,
                                         .url = redirect_url(client),
                                         .settings = client->settings,
                                         .with_body = !client->bodyless,
                                         .foreign = redirect_is_foreign(client),
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
    bool foreign = redirect_is_foreign(client);
    const struct conn_target target = {.url = foreign ? &client->detour->origin : client->url,
                                       .settings = client->settings,
                                       .tls = client->tls,
                                       .foreign = foreign};
    client->on_older = false;
    if (client->redirects == 0) {
        client->reused = client->prepared = false;
        client->sent = -1;
    }
    if (conn_open(conn_now(client), &target) != 0)
        wakeup_set(wakeups_of(client), &client->limit, 0, on_out_of_memory);
}

static bool is_opening(const struct conn *conn)
{
    return conn->state != CONN_CLOSED && conn->state != CONN_OPEN;
}

/* On the connection that is kept or prepared, if it is still there, else on a fresh one. */
static void request(struct http_client *client)
{
    struct conn *conn = conn_now(client);
    begin_response(client);
    if (redirect_is_foreign(client))
        client->detour->used = true;
    client->on_older = conn->state != CONN_CLOSED;
    if (is_opening(conn)) {
        conn_claim(conn);
        return;
    }
    if (client->redirects == 0) {
        client->prepared = client->on_older && client->lead > 0;
        client->reused = client->on_older && client->lead == 0;
    }
    if (client->on_older && conn_is_quiet(conn) && write_request(client, conn) == 0)
        return;
    conn_close(conn);
    open_connection(client);
}

/* The response is complete, and its connection rests or is closed. */
static void redirect(struct http_client *client)
{
    char why[REDIRECT_WHY_SIZE];
    const struct failure failure = {.reason = FAILURE_REDIRECT,
                                    .detail = redirect_follow(client, why)};
    if (failure.detail != NULL) {
        finish(client, &failure);
        return;
    }
    client->redirects++;
    http_response_finish(client->response);
    request(client);
}

/* --- what comes from the connection ------------------------------------------------------ */

static void on_opened(struct conn *conn)
{
    struct http_client *client = conn->owner;
    if (!client->busy) {
        conn_rest(conn);
        return;
    }
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
        lose(client, conn);
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

/* What has failed is not the request where that had no part in it, but for its time limit. A
 * server that ends each connection when it is asked is not asked twice for each poll. */
static bool may_send_again(const struct http_client *client, const struct failure *failure)
{
    if (!client->on_older || client->response->started)
        return false;
    if (client->sent < 0)
        return failure->code != UV_ETIMEDOUT;
    return client->method != METHOD_POST &&
           (client->answered || client->reused || client->redirects > 0);
}

static void on_ended(struct conn *conn, const struct failure *failure)
{
    struct http_client *client = conn->owner;
    struct http_response *response = client->response;
    if (!client->busy || conn != conn_now(client)) { /* an idle one */
        lose(client, conn);
        return;
    }
    if (may_send_again(client, failure)) {
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

void http_client_init(struct http_client *client, struct http_env *env, const struct url *url,
                      const struct server_settings *settings, struct tls_contexts *tls,
                      http_lost_callback *lost)
{
    *client = (struct http_client){.url = url, .settings = settings, .tls = tls, .lost = lost};
    conn_init(&client->conn, env, &callbacks, client);
}

int64_t http_lead(const struct http_client *client, int64_t due)
{
    const struct server_settings *settings = client->settings;
    bool kept = client->conn.state == CONN_OPEN && client->deadline > due;
    if (kept || client->unreachable || !settings->connect_early)
        return 0;
    return lead_time_get(&client->conn.lead, settings->connect_timeout);
}

/* Where it begins no attempt, memory or descriptors are short. */
void http_prepare(struct http_client *client, int64_t due)
{
    const struct conn_target target = {
        .url = client->url, .settings = client->settings, .tls = client->tls, .early = true};
    conn_close(&client->conn);
    client->lead = due - clock_now();
    if (client->lead < 1)
        client->lead = 1;
    client->deadline = INT64_MAX;
    set_idle_limit(client);
    conn_open(&client->conn, &target);
}

void http_send(struct http_client *client, http_callback *callback)
{
    client->callback = callback;
    client->busy = true;
    client->started = clock_now();
    client->sent = -1;
    client->reused = client->prepared = false;
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
    slots_allow(&client->conn.env->slots, /* one that is prepared begins earlier */
                client->settings->connect_timeout + client->settings->timeout);
    request(client);
}

static bool same_text(const char *a, const char *b)
{
    return a == b || (a != NULL && b != NULL && strcmp(a, b) == 0);
}

bool http_client_fits(const struct http_client *client, const struct server_settings *settings,
                      const struct tls_contexts *tls)
{
    const struct server_settings *now = client->settings;
    return now->keep_alive == settings->keep_alive &&
           now->address_family == settings->address_family && now->verify == settings->verify &&
           same_text(now->unix_socket, settings->unix_socket) &&
           same_text(now->server_name, settings->server_name) &&
           same_text(now->ca_file, settings->ca_file) &&
           same_text(now->cert_file, settings->cert_file) &&
           same_text(now->key_file, settings->key_file) &&
           !tls_contexts_differ(client->tls, tls, settings);
}

void http_client_retarget(struct http_client *client, const struct url *url,
                          const struct server_settings *settings, struct tls_contexts *tls)
{
    client->url = url;
    client->settings = settings;
    client->tls = tls;
    client->conn.target.url = url;
    client->conn.target.settings = settings;
    client->conn.target.tls = tls;
    if (client->detour != NULL) {
        client->detour->conn.target.settings = settings;
        client->detour->conn.target.tls = tls;
    }
}

void http_cancel(struct http_client *client, const char *detail)
{
    const struct failure failure = {
        .reason = FAILURE_CANCELED, .code = UV_ECANCELED, .detail = detail};
    if (client->busy)
        close_and_finish(client, &failure);
}

const char *http_stuck(const struct http_client *client, int64_t moment)
{
    if (client->busy && is_waiting(client))
        return slots_are_stuck(&client->conn.env->slots, moment)
                   ? "its request waits for a descriptor, and nobody gives one back"
                   : NULL;
    int64_t limit = wakeup_due(wakeups_of(client), &client->limit);
    if (limit == INT64_MAX)
        return "its request is under way, and has no time limit";
    return limit < moment ? "its request is under way, and its time limit has passed" : NULL;
}

void http_client_close(struct http_client *client)
{
    wakeup_cancel(wakeups_of(client), &client->limit);
    conn_close(&client->conn);
    conn_forget(&client->conn);
    detour_free(client->detour);
    client->detour = NULL;
    client->lead = 0;
}
