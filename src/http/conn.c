#include "http/conn.h"

#include <stdarg.h>
#include <stdio.h>

#include "base/clock.h"
#include "base/duration.h"
#include "http/conn_attempt.h"

/* RFC 6555 section 4.2: an address that worked is preferred for ten minutes. */
#define PREFERENCE (10 * MINUTE)

#define ANSWERED_UNASKED "the server answered before it was asked"

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

void conn_set_state(struct conn *conn, enum conn_state state)
{
    enum conn_state old = conn->state;
    conn->state = state;
    if (conn->env->trace != NULL && old != state)
        conn->env->trace(conn->env->trace_user, conn, state_name(old), state_name(state));
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
    conn_attempt_drop(conn);
    tls_free(conn->tls);
    conn->tls = NULL;
    if (conn->stream != NULL)
        stream_close(conn->stream);
    conn->stream = NULL;
    slot_release(&conn->env->slots, &conn->slot);
    conn_set_state(conn, CONN_CLOSED);
}

void conn_forget(struct conn *conn)
{
    forget_session(conn);
    conn->known = (struct known_address){0};
    conn->lead = (struct lead_time){0};
}

void conn_end(struct conn *conn, enum failure_reason reason, int code, const char *format, ...)
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
    conn_end(conn, FAILURE_TLS, UV_EPROTO, "%s", why);
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
            conn_end(conn, FAILURE_CLOSED, UV_EOF, "the server closed the connection");
            return;
        }
    }
}

static void opened(struct conn *conn)
{
    lead_time_add(&conn->lead, conn_attempt_took(conn));
    conn_attempt_drop(conn);
    conn_set_state(conn, CONN_OPEN);
    conn->callbacks->opened(conn);
}

/* What comes with the end of the handshake was not asked for. Where there is more to read,
 * be it the rest of a ticket, it is read before anything is asked. An end is like any later
 * one. */
static void on_handshaken(struct conn *conn)
{
    size_t length;
    switch (tls_read(conn->tls, conn->env->plain_buffer, TLS_PLAIN_SIZE, &length)) {
    case TLS_DONE: conn_end(conn, FAILURE_PROTOCOL, 0, ANSWERED_UNASKED); break;
    case TLS_WANTS_MORE:
        if (tls_is_quiet(conn->tls) && stream_peek(conn->stream) != STREAM_HAS_BYTES)
            opened(conn);
        break;
    case TLS_FAILED: end_tls(conn); break;
    case TLS_ENDED:
        conn_end(conn, FAILURE_CLOSED, UV_EOF, "the server closed the connection");
        break;
    }
}

static void go_on_with_handshake(struct conn *conn)
{
    switch (tls_handshake(conn->tls)) {
    case TLS_DONE: on_handshaken(conn); break;
    case TLS_WANTS_MORE: break;
    case TLS_FAILED: end_tls(conn); break;
    case TLS_ENDED:
        conn_end(conn, FAILURE_TLS, UV_EOF, "the server ended the TLS handshake");
        break;
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
        conn_end(conn, FAILURE_TLS, error, "the server %s in the TLS handshake",
                 error == UV_EOF ? "closed the connection" : "broke the connection");
    else if (error != UV_EOF)
        conn_end(conn, FAILURE_CLOSED, error, "the connection broke: %s", uv_strerror(error));
    else if (conn->tls != NULL)
        conn_end(conn, FAILURE_CLOSED, UV_ECONNABORTED,
                 "the connection was cut off, without the close_notify of TLS");
    else
        conn_end(conn, FAILURE_CLOSED, UV_EOF, "the server closed the connection");
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

/* Some reads are enough for what a server has to say without being asked. The buffers that are
 * shared may still be in use for another connection, whose response led here. */
static bool read_tickets(struct conn *conn)
{
    char bytes[4096], plain[1];
    size_t length;
    for (int n = 0; n < 4 && tls_is_quiet(conn->tls); n++) {
        if (stream_peek(conn->stream) != STREAM_HAS_BYTES)
            return true;
        tls_give(conn->tls, bytes, stream_take(conn->stream, bytes, sizeof bytes));
        if (tls_read(conn->tls, plain, sizeof plain, &length) != TLS_WANTS_MORE)
            break;
    }
    return false;
}

bool conn_is_quiet(struct conn *conn)
{
    return (conn->tls == NULL || read_tickets(conn)) &&
           stream_peek(conn->stream) == STREAM_IS_QUIET;
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
    struct tls_context *context = tls_contexts_get(conn->target.tls, conn->target.settings,
                                                   conn->target.foreign, why, sizeof why);
    if (context == NULL) {
        conn_end(conn, FAILURE_TLS, 0, "%s", why);
        return;
    }
    conn->tls = tls_new(context, peer_name(conn, host), &conn->session, send_to_stream, conn);
    if (conn->tls == NULL) {
        conn_end(conn, FAILURE_TLS, UV_ENOMEM, "memory is short");
        return;
    }
    conn_set_state(conn, CONN_HANDSHAKING);
    go_on_with_handshake(conn);
}

void conn_connected(struct conn *conn, struct stream *stream)
{
    conn->stream = stream;
    int error = stream_adopt(stream, &stream_callbacks, conn);
    if (error != 0)
        conn_end(conn, FAILURE_CONNECT, error, "%s", uv_strerror(error));
    else if (conn->target.url->https)
        start_handshake(conn);
    else if (stream_peek(stream) == STREAM_HAS_BYTES)
        conn_end(conn, FAILURE_PROTOCOL, 0, ANSWERED_UNASKED);
    else
        opened(conn);
}

void conn_init(struct conn *conn, struct http_env *env, const struct conn_callbacks *callbacks,
               void *owner)
{
    *conn = (struct conn){.state = CONN_CLOSED, .env = env, .callbacks = callbacks, .owner = owner};
}

int conn_open(struct conn *conn, const struct conn_target *target)
{
    conn->target = *target;
    conn->stale_address = false;
    conn->answers = false;
    conn->address = (union address){0};
    return conn_attempt_start(conn);
}
