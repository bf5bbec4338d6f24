#include "http/conn.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "base/clock.h"
#include "base/container_of.h"
#include "base/duration.h"

/* Freed when libuv has closed the handle; `conn` is NULL from the closing on. */
struct conn_socket {
    uv_tcp_t tcp;
    struct conn *conn;
};

/* What only the way to an open connection needs. */
struct conn_attempt {
    struct conn *conn;
    struct dns_query *query; /* while resolving */
    struct wakeup limit;
    int64_t allowed, deadline;
    union address addresses[DNS_ADDRESSES_MAX];
    size_t count, next; /* of the address to be tried next */
    int error;          /* of the last address tried; UV_ETIMEDOUT while there is none */
    char host[URL_HOST_MAX + 1];
};

static const char *state_name(enum conn_state state)
{
    switch (state) {
    case CONN_CLOSED: return "closed";
    case CONN_RESOLVING: return "resolving";
    case CONN_CONNECTING: return "connecting";
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

static void free_socket(uv_handle_t *handle)
{
    free(container_of((uv_tcp_t *)handle, struct conn_socket, tcp));
}

static void drop_socket(struct conn *conn)
{
    if (conn->socket == NULL)
        return;
    conn->socket->conn = NULL;
    uv_close((uv_handle_t *)&conn->socket->tcp, free_socket);
    conn->socket = NULL;
}

static void drop_attempt(struct conn *conn)
{
    struct conn_attempt *attempt = conn->attempt;
    if (attempt == NULL)
        return;
    if (attempt->query != NULL)
        dns_cancel(attempt->query);
    wakeup_cancel(conn->env->wakeups, &attempt->limit);
    free(attempt);
    conn->attempt = NULL;
}

void conn_close(struct conn *conn)
{
    drop_attempt(conn);
    drop_socket(conn);
    set_state(conn, CONN_CLOSED);
}

__attribute__((format(printf, 4, 5))) static void end(struct conn *conn, enum failure_reason reason,
                                                      int code, const char *format, ...)
{
    char detail[URL_HOST_MAX + 128];
    va_list args;
    va_start(args, format);
    vsnprintf(detail, sizeof detail, format, args);
    va_end(args);
    conn_close(conn);
    const struct failure failure = {.reason = reason, .code = code, .detail = detail};
    conn->callbacks->ended(conn, &failure);
}

/* --- an open connection ---------------------------------------------------- */

static void give_read_buffer(uv_handle_t *handle, size_t suggested, uv_buf_t *buffer)
{
    struct conn_socket *socket = container_of((uv_tcp_t *)handle, struct conn_socket, tcp);
    (void)suggested;
    *buffer = uv_buf_init(socket->conn->env->read_buffer, HTTP_READ_SIZE);
}

/* libuv says UV_EOF without looking where a reset follows close behind data: such an
 * end must not complete a body that ends with the connection. */
static int true_end(uv_stream_t *stream)
{
    uv_os_fd_t fd;
    char byte;
    if (uv_fileno((uv_handle_t *)stream, &fd) == 0 &&
        recv(fd, &byte, 1, MSG_PEEK | MSG_DONTWAIT) < 0 && errno != EAGAIN)
        return uv_translate_sys_error(errno);
    return UV_EOF;
}

static void on_read(uv_stream_t *stream, ssize_t length, const uv_buf_t *buffer)
{
    struct conn *conn = container_of((uv_tcp_t *)stream, struct conn_socket, tcp)->conn;
    if (length == UV_EOF)
        length = true_end(stream);
    if (length > 0)
        conn->callbacks->received(conn, buffer->base, (size_t)length);
    else if (length == UV_EOF)
        end(conn, FAILURE_CLOSED, UV_EOF, "the server closed the connection");
    else if (length < 0)
        end(conn, FAILURE_CLOSED, (int)length, "the connection broke: %s",
            uv_strerror((int)length));
}

/* The part of a request that did not fit in the socket's buffer. */
struct rest {
    uv_write_t request;
    char bytes[];
};

static void on_written(uv_write_t *request, int status)
{
    struct conn *conn = container_of((uv_tcp_t *)request->handle, struct conn_socket, tcp)->conn;
    free(container_of(request, struct rest, request));
    if (status < 0 && conn != NULL)
        end(conn, FAILURE_CLOSED, status, "the connection broke: %s", uv_strerror(status));
}

static int write_rest(struct conn *conn, const char *bytes, size_t length)
{
    struct rest *rest = malloc(sizeof *rest + length);
    if (rest == NULL)
        return UV_ENOMEM;
    memcpy(rest->bytes, bytes, length);
    uv_buf_t buffer = uv_buf_init(rest->bytes, (unsigned)length);
    int error = uv_write(&rest->request, (uv_stream_t *)&conn->socket->tcp, &buffer, 1, on_written);
    if (error != 0)
        free(rest);
    return error;
}

int conn_write(struct conn *conn, const char *bytes, size_t length)
{
    uv_buf_t buffer = uv_buf_init((char *)bytes, (unsigned)length);
    int written = uv_try_write((uv_stream_t *)&conn->socket->tcp, &buffer, 1);
    if (written == UV_EAGAIN)
        written = 0;
    if (written < 0)
        return written;
    if ((size_t)written == length)
        return 0;
    return write_rest(conn, bytes + written, length - (size_t)written);
}

bool conn_is_quiet(const struct conn *conn)
{
    uv_os_fd_t fd;
    char byte;
    if (uv_fileno((const uv_handle_t *)&conn->socket->tcp, &fd) != 0)
        return false;
    return recv(fd, &byte, 1, MSG_PEEK | MSG_DONTWAIT) < 0 &&
           (errno == EAGAIN || errno == EWOULDBLOCK);
}

/* --- the way to it --------------------------------------------------------- */

static void try_next_address(struct conn *conn);

static void on_resolve_limit(struct wakeup *wakeup)
{
    struct conn_attempt *attempt = container_of(wakeup, struct conn_attempt, limit);
    char limit[DURATION_SIZE];
    end(attempt->conn, FAILURE_DNS, UV_ETIMEDOUT, "%s: no answer from the resolver within %s",
        attempt->host, duration_text(limit, attempt->allowed));
}

static void on_connect_limit(struct wakeup *wakeup)
{
    struct conn_attempt *attempt = container_of(wakeup, struct conn_attempt, limit);
    attempt->error = UV_ETIMEDOUT;
    drop_socket(attempt->conn);
    try_next_address(attempt->conn);
}

/* The last address has failed, or the time is up. A turn later than that, since the last failure
 * may have come at once, within conn_open(). */
static void on_exhausted(struct wakeup *wakeup)
{
    struct conn_attempt *attempt = container_of(wakeup, struct conn_attempt, limit);
    char address[ADDRESS_TEXT_SIZE], more[80] = "", limit[DURATION_SIZE];
    if (attempt->next == 0) {
        end(attempt->conn, FAILURE_DNS, UV_ETIMEDOUT, "%s: the look-up took all of %s",
            attempt->host, duration_text(limit, attempt->allowed));
        return;
    }
    if (attempt->count > 1)
        snprintf(more, sizeof more, " (number %zu of %zu addresses)", attempt->next,
                 attempt->count);
    end(attempt->conn, FAILURE_CONNECT, attempt->error, "%s%s: %s",
        address_text(&attempt->addresses[attempt->next - 1], address), more,
        uv_strerror(attempt->error));
}

static void opened(struct conn *conn)
{
    uv_stream_t *stream = (uv_stream_t *)&conn->socket->tcp;
    uv_tcp_nodelay(&conn->socket->tcp, 1);
    int error = uv_read_start(stream, give_read_buffer, on_read);
    if (error != 0) {
        end(conn, FAILURE_CONNECT, error, "%s", uv_strerror(error));
        return;
    }
    drop_attempt(conn);
    set_state(conn, CONN_OPEN);
    conn->callbacks->opened(conn);
}

static void on_connected(uv_connect_t *request, int status)
{
    struct conn *conn = container_of((uv_tcp_t *)request->handle, struct conn_socket, tcp)->conn;
    free(request);
    if (conn == NULL)
        return; /* closed meanwhile */
    if (status == 0) {
        opened(conn);
        return;
    }
    conn->attempt->error = status;
    drop_socket(conn);
    try_next_address(conn);
}

static int start_connecting(struct conn *conn, const union address *address)
{
    struct conn_socket *socket = calloc(1, sizeof *socket);
    uv_connect_t *request = malloc(sizeof *request);
    int error = socket == NULL || request == NULL ? UV_ENOMEM : 0;
    if (error == 0)
        error = uv_tcp_init(conn->env->loop, &socket->tcp);
    if (error != 0) {
        free(socket);
        free(request);
        return error;
    }
    socket->conn = conn;
    conn->socket = socket;
    error = uv_tcp_connect(request, &socket->tcp, &address->any, on_connected);
    if (error != 0) {
        free(request);
        drop_socket(conn);
    }
    return error;
}

/* Each address has an equal share of the time that is left. */
static void try_next_address(struct conn *conn)
{
    struct conn_attempt *attempt = conn->attempt;
    int64_t now = clock_now();

    set_state(conn, CONN_CONNECTING);
    while (attempt->next < attempt->count && now < attempt->deadline) {
        int64_t share = (attempt->deadline - now) / (int64_t)(attempt->count - attempt->next);
        attempt->error = start_connecting(conn, &attempt->addresses[attempt->next++]);
        if (attempt->error == 0) {
            wakeup_set(conn->env->wakeups, &attempt->limit, now + share, on_connect_limit);
            return;
        }
    }
    wakeup_set(conn->env->wakeups, &attempt->limit, 0, on_exhausted);
}

static void on_resolved(void *owner, int status, const union address *addresses, size_t count)
{
    struct conn *conn = owner;
    struct conn_attempt *attempt = conn->attempt;

    attempt->query = NULL;
    if (status != ARES_SUCCESS) {
        end(conn, FAILURE_DNS, status, "%s: %s", attempt->host, ares_strerror(status));
        return;
    }
    memcpy(attempt->addresses, addresses, count * sizeof *addresses);
    attempt->count = count;
    try_next_address(conn);
}

static int resolve(struct conn *conn, uint16_t port)
{
    struct conn_attempt *attempt = conn->attempt;
    attempt->query = dns_ask(&conn->env->dns, attempt->host, port, on_resolved, conn);
    if (attempt->query == NULL)
        return UV_ENOMEM;
    set_state(conn, CONN_RESOLVING);
    wakeup_set(conn->env->wakeups, &attempt->limit, attempt->deadline, on_resolve_limit);
    return 0;
}

void conn_init(struct conn *conn, struct http_env *env, const struct conn_callbacks *callbacks)
{
    *conn = (struct conn){.state = CONN_CLOSED, .env = env, .callbacks = callbacks};
}

int conn_open(struct conn *conn, const struct url *url, int64_t limit)
{
    struct conn_attempt *attempt = calloc(1, sizeof *attempt);
    if (attempt == NULL)
        return UV_ENOMEM;
    conn->url = url;
    attempt->conn = conn;
    attempt->allowed = limit;
    attempt->deadline = clock_now() + limit;
    attempt->error = UV_ETIMEDOUT;
    url_host(url, attempt->host);
    conn->attempt = attempt;

    if (address_parse(attempt->host, url->port, &attempt->addresses[0])) {
        attempt->count = 1;
        try_next_address(conn);
        return 0;
    }
    int error = resolve(conn, url->port);
    if (error != 0)
        conn_close(conn);
    return error;
}
