#include "http/conn.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/container_of.h"
#include "base/duration.h"
#include "http/happy_eyeballs.h"

/* How long a silent resolver is waited for where an address is known that works; as long
 * as RFC 8767 section 5 would have a resolver wait before it serves stale data. */
#define RESOLVER_PATIENCE (1800 * MILLISECOND)

/* RFC 6555 section 4.2: an address that worked is preferred for ten minutes. */
#define PREFERENCE (10 * MINUTE)

#define ANSWERED_UNASKED "the server answered before it was asked"

/* What only the way to an open connection needs. */
struct conn_attempt {
    struct conn *conn;
    struct wakeup limit;
    int64_t deadline; /* while waiting for a descriptor: what is left until then */
    struct candidates candidates;
    struct happy_eyeballs *race; /* from CONN_CONNECTING on: while waiting there are many of us */
};

static const char *state_name(enum conn_state state)
{
    switch (state) {
    case CONN_CLOSED: return "closed";
    case CONN_RESOLVING: return "resolving";
    case CONN_WAITING: return "waiting";
    case CONN_CONNECTING: return "connecting";
    case CONN_HANDSHAKING: return "handshaking";
    case CONN_OPEN: return "open";
    }
    return "unknown";
}

/* The one place where the state changes. */
static void set_state(struct conn *conn, enum conn_state state)
{
    enum conn_state old = conn->state;
    conn->state = state;
    if (conn->env->trace != NULL && old != state)
        conn->env->trace(conn->env->trace_user, conn, state_name(old), state_name(state));
}

static void drop_attempt(struct conn *conn)
{
    struct conn_attempt *attempt = conn->attempt;
    if (attempt == NULL)
        return;
    if (attempt->race != NULL)
        happy_eyeballs_close(attempt->race);
    free(attempt->race);
    candidates_close(&attempt->candidates);
    wakeup_cancel(conn->env->wakeups, &attempt->limit);
    free(attempt);
    conn->attempt = NULL;
}

static void forget_session(struct conn *conn)
{
    tls_session_free(conn->session);
    conn->session = NULL;
}

/* Where the handshake does not come to its end, it may be the session that the server cannot
 * bear: the next one is without. */
void conn_close(struct conn *conn)
{
    bool connected = conn->state == CONN_HANDSHAKING || conn->state == CONN_OPEN;
    if (conn->state == CONN_HANDSHAKING)
        forget_session(conn);
    if (connected && !conn->answers && address_equal(&conn->address, &conn->known.address))
        conn->known.preferred_until = 0;
    drop_attempt(conn);
    tls_free(conn->tls);
    conn->tls = NULL;
    if (conn->stream != NULL)
        stream_close(conn->stream);
    conn->stream = NULL;
    slot_release(&conn->env->slots, &conn->slot);
    set_state(conn, CONN_CLOSED);
}

void conn_forget(struct conn *conn)
{
    forget_session(conn);
    conn->known = (struct known_address){0};
}

__attribute__((format(printf, 4, 5))) static void end(struct conn *conn, enum failure_reason reason,
                                                      int code, const char *format, ...)
{
    char detail[URL_HOST_MAX + 192];
    va_list args;
    va_start(args, format);
    vsnprintf(detail, sizeof detail, format, args);
    va_end(args);
    conn_close(conn);
    const struct failure failure = {.reason = reason, .code = code, .detail = detail};
    conn->callbacks->ended(conn, &failure);
}

/* --- an open connection ---------------------------------------------------- */

/* A session that went wrong is not tried again. */
static void end_tls(struct conn *conn)
{
    char why[160];
    tls_error(conn->tls, why, sizeof why);
    forget_session(conn);
    end(conn, FAILURE_TLS, UV_EPROTO, "%s", why);
}

/* RFC 8305 has an address win the race by a connect; to be the first that is tried next, it has
 * to do more than that. The owner may close it within its callback. */
static void deliver(struct conn *conn, const char *bytes, size_t length)
{
    if (!conn->answers) {
        conn->answers = true;
        conn->known.address = conn->address;
        conn->known.preferred_until = clock_now() + PREFERENCE;
    }
    conn->callbacks->received(conn, bytes, length);
}

/* The stream knows if the owner has closed it. */
static void read_tls(struct conn *conn, struct stream *stream)
{
    size_t length;
    while (stream->owner == conn) {
        switch (tls_read(conn->tls, conn->env->plain_buffer, TLS_PLAIN_SIZE, &length)) {
        case TLS_DONE: deliver(conn, conn->env->plain_buffer, length); break;
        case TLS_WANTS_MORE: return;
        case TLS_FAILED: end_tls(conn); return;
        case TLS_ENDED:
            end(conn, FAILURE_CLOSED, UV_EOF, "the server closed the connection");
            return;
        }
    }
}

static void opened(struct conn *conn)
{
    drop_attempt(conn);
    set_state(conn, CONN_OPEN);
    conn->callbacks->opened(conn);
}

/* What comes with the end of the handshake was not asked for. Where there is more to read,
 * be it the rest of a ticket, it is read before anything is asked. An end is like any later
 * one. */
static void on_handshaken(struct conn *conn)
{
    size_t length;
    switch (tls_read(conn->tls, conn->env->plain_buffer, TLS_PLAIN_SIZE, &length)) {
    case TLS_DONE: end(conn, FAILURE_PROTOCOL, 0, ANSWERED_UNASKED); break;
    case TLS_WANTS_MORE:
        if (tls_is_quiet(conn->tls) && stream_peek(conn->stream) != STREAM_HAS_BYTES)
            opened(conn);
        break;
    case TLS_FAILED: end_tls(conn); break;
    case TLS_ENDED: end(conn, FAILURE_CLOSED, UV_EOF, "the server closed the connection"); break;
    }
}

static void go_on_with_handshake(struct conn *conn)
{
    switch (tls_handshake(conn->tls)) {
    case TLS_DONE: on_handshaken(conn); break;
    case TLS_WANTS_MORE: break;
    case TLS_FAILED: end_tls(conn); break;
    case TLS_ENDED: end(conn, FAILURE_TLS, UV_EOF, "the server ended the TLS handshake"); break;
    }
}

static void on_received(struct stream *stream, const char *bytes, size_t length)
{
    struct conn *conn = stream->owner;
    if (conn->tls == NULL) {
        deliver(conn, bytes, length);
        return;
    }
    tls_give(conn->tls, bytes, length);
    if (conn->state == CONN_HANDSHAKING)
        go_on_with_handshake(conn);
    else
        read_tls(conn, stream);
}

static void on_ended(struct stream *stream, int error)
{
    struct conn *conn = stream->owner;
    if (conn->state == CONN_HANDSHAKING)
        end(conn, FAILURE_TLS, error, "the server %s in the TLS handshake",
            error == UV_EOF ? "closed the connection" : "broke the connection");
    else if (error != UV_EOF)
        end(conn, FAILURE_CLOSED, error, "the connection broke: %s", uv_strerror(error));
    else if (conn->tls != NULL)
        end(conn, FAILURE_CLOSED, UV_ECONNABORTED,
            "the connection was cut off, without the close_notify of TLS");
    else
        end(conn, FAILURE_CLOSED, UV_EOF, "the server closed the connection");
}

static const struct stream_callbacks stream_callbacks = {.received = on_received,
                                                         .ended = on_ended};

static int send_to_stream(void *user, const char *bytes, size_t length)
{
    struct conn *conn = user;
    return stream_write(conn->stream, bytes, length);
}

int conn_write(struct conn *conn, const char *bytes, size_t length)
{
    if (conn->slot.state == SLOT_IDLE)
        slot_resume(&conn->env->slots, &conn->slot);
    if (conn->tls == NULL)
        return stream_write(conn->stream, bytes, length);
    return tls_write(conn->tls, bytes, length) == TLS_DONE ? 0 : UV_EPIPE;
}

void conn_rest(struct conn *conn)
{
    slot_rest(&conn->env->slots, &conn->slot);
}

bool conn_is_quiet(const struct conn *conn)
{
    return stream_peek(conn->stream) == STREAM_IS_QUIET &&
           (conn->tls == NULL || tls_is_quiet(conn->tls));
}

bool conn_is_resumed(const struct conn *conn)
{
    return conn->state == CONN_OPEN && conn->tls != NULL && tls_is_resumed(conn->tls);
}

/* --- the way to it: TLS -------------------------------------------------------- */

static const char *peer_name(const struct conn *conn, char host[URL_HOST_MAX + 1])
{
    const struct conn_target *target = &conn->target;
    if (target->settings->server_name != NULL && !target->foreign)
        return target->settings->server_name;
    return url_host(target->url, host);
}

static void start_handshake(struct conn *conn)
{
    char why[160], host[URL_HOST_MAX + 1];
    struct tls_context *context = tls_contexts_get(conn->env->tls, conn->target.settings,
                                                   conn->target.foreign, why, sizeof why);
    if (context == NULL) {
        end(conn, FAILURE_TLS, 0, "%s", why);
        return;
    }
    conn->tls = tls_new(context, peer_name(conn, host), &conn->session, send_to_stream, conn);
    if (conn->tls == NULL) {
        end(conn, FAILURE_TLS, UV_ENOMEM, "memory is short");
        return;
    }
    set_state(conn, CONN_HANDSHAKING);
    go_on_with_handshake(conn);
}

static void on_stream(struct conn *conn, struct stream *stream)
{
    conn->stream = stream;
    int error = stream_adopt(stream, &stream_callbacks, conn);
    if (error != 0)
        end(conn, FAILURE_CONNECT, error, "%s", uv_strerror(error));
    else if (conn->target.url->https)
        start_handshake(conn);
    else if (stream_peek(stream) == STREAM_HAS_BYTES)
        end(conn, FAILURE_PROTOCOL, 0, ANSWERED_UNASKED);
    else
        opened(conn);
}

/* --- the way to it: connect ------------------------------------------------------ */

static void end_connecting(struct conn *conn, int error)
{
    const struct happy_eyeballs *race = conn->attempt->race;
    char address[ADDRESS_TEXT_SIZE], more[64] = "";
    if (race->tried > 1)
        snprintf(more, sizeof more, " (the last of %zu addresses tried)", race->tried);
    const union address *last =
        race->running > 0 ? &race->runners[race->running - 1].address : &race->failed;
    end(conn, FAILURE_CONNECT, error, "%s%s: %s", address_text(last, address), more,
        uv_strerror(error));
}

static void on_decided(void *owner, struct stream *stream, const union address *address)
{
    struct conn *conn = owner;
    if (stream == NULL) {
        end_connecting(conn, conn->attempt->race->error);
        return;
    }
    conn->stale_address =
        conn->attempt->candidates.stale && address_equal(address, &conn->known.address);
    conn->address = *address;
    on_stream(conn, stream);
}

static void end_unix(struct conn *conn, int error)
{
    end(conn, FAILURE_CONNECT, error, "%s: %s", conn->target.settings->unix_socket,
        uv_strerror(error));
}

static void on_unix_connected(struct stream *stream, int status)
{
    struct conn *conn = stream->owner;
    if (status == 0)
        on_stream(conn, stream);
    else
        end_unix(conn, status);
}

static const struct stream_callbacks unix_callbacks = {.connected = on_unix_connected};

static void on_out_of_memory(struct wakeup *wakeup)
{
    end(container_of(wakeup, struct conn_attempt, limit)->conn, FAILURE_CONNECT, UV_ENOMEM,
        "memory is short");
}

static bool is_unix(const struct conn *conn)
{
    return conn->target.settings->unix_socket != NULL && !conn->target.foreign;
}

static int connect_to_unix(struct conn *conn)
{
    return stream_connect_unix(&conn->stream, conn->env->loop, conn->target.settings->unix_socket,
                               conn->env->read_buffer, &unix_callbacks, conn);
}

static int start_race(struct conn *conn)
{
    struct conn_attempt *attempt = conn->attempt;
    attempt->race = malloc(sizeof *attempt->race);
    if (attempt->race == NULL)
        return UV_ENOMEM;
    happy_eyeballs_start(attempt->race, conn->env, &attempt->candidates, attempt->deadline,
                         on_decided, conn);
    return 0;
}

/* A descriptor is there, and so is an address. */
static void start_connecting(struct conn *conn)
{
    set_state(conn, CONN_CONNECTING);
    if ((is_unix(conn) ? connect_to_unix(conn) : start_race(conn)) != 0)
        wakeup_set(conn->env->wakeups, &conn->attempt->limit, 0, on_out_of_memory);
}

static void on_limit(struct wakeup *wakeup);

/* While it waits for a descriptor, its time stands still. */
static void on_granted(struct slot *slot)
{
    struct conn *conn = container_of(slot, struct conn, slot);
    struct conn_attempt *attempt = conn->attempt;
    attempt->deadline += clock_now();
    wakeup_set(conn->env->wakeups, &attempt->limit, attempt->deadline, on_limit);
    conn->callbacks->waiting(conn, false);
    start_connecting(conn);
}

static void take_slot(struct conn *conn)
{
    struct conn_attempt *attempt = conn->attempt;
    if (slot_take(&conn->env->slots, &conn->slot)) {
        start_connecting(conn);
        return;
    }
    wakeup_cancel(conn->env->wakeups, &attempt->limit);
    attempt->deadline -= clock_now();
    set_state(conn, CONN_WAITING);
    conn->callbacks->waiting(conn, true);
}

static void on_reclaim(struct slot *slot)
{
    end(container_of(slot, struct conn, slot), FAILURE_CANCELED, UV_ECANCELED,
        "its descriptor was needed elsewhere");
}

const struct slots_callbacks conn_slots_callbacks = {on_granted, on_reclaim};

/* --- the way to it: names ---------------------------------------------------------- */

static void on_look_up_limit(struct conn *conn)
{
    char limit[DURATION_SIZE];
    end(conn, FAILURE_DNS, UV_ETIMEDOUT, "%s: no answer from the resolver within %s",
        conn->attempt->candidates.host,
        duration_text(limit, conn->target.settings->connect_timeout));
}

static void on_answer(struct conn *conn)
{
    const struct candidates *candidates = &conn->attempt->candidates;
    int status = candidates_status(candidates);

    if (candidates_left(candidates) == 0 && !candidates_pending(candidates))
        end(conn, FAILURE_DNS, status, "%s: %s", candidates->host, ares_strerror(status));
    else if (candidates_left(candidates) > 0 && clock_now() < conn->attempt->deadline)
        take_slot(conn);
    else if (candidates_left(candidates) > 0)
        on_look_up_limit(conn);
}

static void on_candidates(void *owner)
{
    struct conn *conn = owner;
    if (conn->state == CONN_RESOLVING)
        on_answer(conn);
    else if (conn->state == CONN_CONNECTING && conn->attempt->race != NULL)
        happy_eyeballs_go_on(conn->attempt->race);
}

static void on_limit(struct wakeup *wakeup)
{
    struct conn_attempt *attempt = container_of(wakeup, struct conn_attempt, limit);
    struct conn *conn = attempt->conn;
    char limit[DURATION_SIZE];

    duration_text(limit, conn->target.settings->connect_timeout);
    if (conn->state == CONN_RESOLVING)
        on_look_up_limit(conn);
    else if (conn->state == CONN_HANDSHAKING)
        end(conn, FAILURE_TLS, UV_ETIMEDOUT, "the TLS handshake was not over within %s", limit);
    else if (is_unix(conn))
        end_unix(conn, UV_ETIMEDOUT);
    else
        end_connecting(conn, UV_ETIMEDOUT);
}

static int start_resolving(struct conn *conn)
{
    struct conn_attempt *attempt = conn->attempt;
    const struct server_settings *settings = conn->target.settings;
    int64_t patience = settings->connect_timeout / 2;
    if (patience > RESOLVER_PATIENCE)
        patience = RESOLVER_PATIENCE;
    return candidates_start(&attempt->candidates, conn->env, conn->target.url,
                            (enum address_family)settings->address_family, &conn->known, patience,
                            on_candidates, conn);
}

void conn_init(struct conn *conn, struct http_env *env, const struct conn_callbacks *callbacks,
               void *owner)
{
    *conn = (struct conn){.state = CONN_CLOSED, .env = env, .callbacks = callbacks, .owner = owner};
}

int conn_open(struct conn *conn, const struct conn_target *target)
{
    struct conn_attempt *attempt = calloc(1, sizeof *attempt);
    if (attempt == NULL)
        return UV_ENOMEM;
    conn->target = *target;
    conn->attempt = attempt;
    conn->stale_address = false;
    conn->answers = false;
    conn->address = (union address){0};
    attempt->conn = conn;
    attempt->deadline = clock_now() + target->settings->connect_timeout;
    wakeup_set(conn->env->wakeups, &attempt->limit, attempt->deadline, on_limit);

    int error = is_unix(conn) ? 0 : start_resolving(conn);
    if (error != 0)
        conn_close(conn);
    else if (is_unix(conn) || attempt->candidates.ready)
        take_slot(conn);
    else
        set_state(conn, CONN_RESOLVING);
    return error;
}
