#include "ask/fetch.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/duration.h"
#include "http/http_response.h"

enum { READ_SIZE = 64 << 10, REQUEST_MAX = 1024 };

struct exchange {
    int fd;
    int64_t deadline; /* of all of it */
    struct http_response response;
    enum fetch_fault fault;
    char *why;
};

__attribute__((format(printf, 2, 3))) static bool fail(struct exchange *exchange,
                                                       const char *format, ...)
{
    va_list args;
    va_start(args, format);
    vsnprintf(exchange->why, FETCH_WHY_SIZE, format, args);
    va_end(args);
    return false;
}

static bool fail_with(struct exchange *exchange, int error)
{
    switch (error) {
    case ECONNREFUSED: return fail(exchange, "connection refused");
    case ENOENT: return fail(exchange, "there is no such socket");
    default: return fail(exchange, "%s", strerror(error));
    }
}

/* Until the socket can be read or written. */
static bool await(struct exchange *exchange, short events)
{
    const int64_t begun = clock_now();
    struct pollfd wanted = {.fd = exchange->fd, .events = events};
    for (;;) {
        int64_t now = clock_now(), limit = begun + FETCH_SILENCE_S * SECOND;
        if (now >= exchange->deadline)
            return fail(exchange, "it takes more than %d s to answer", FETCH_WHOLE_S);
        if (now >= limit)
            return fail(exchange, "nothing came for %d s", FETCH_SILENCE_S);
        if (limit > exchange->deadline)
            limit = exchange->deadline;
        int ready = poll(&wanted, 1, (int)((limit - now) / MILLISECOND) + 1);
        if (ready > 0)
            return true;
        if (ready < 0 && errno != EINTR)
            return fail_with(exchange, errno);
    }
}

static bool connect_to(struct exchange *exchange, const struct listen_address *address)
{
    int error = 0;
    socklen_t size = sizeof error;
    exchange->fd =
        socket(address->socket.any.sa_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (exchange->fd < 0)
        return fail_with(exchange, errno);
    if (connect(exchange->fd, &address->socket.any, address->length) == 0)
        return true;
    if (errno == EAGAIN) /* a Unix socket whose queue is full, which cannot be waited for */
        return fail(exchange, "it does not accept connections");
    if (errno == EACCES && address->socket.any.sa_family == AF_UNIX)
        exchange->fault = FETCH_FORBIDDEN;
    if (errno != EINPROGRESS)
        return fail_with(exchange, errno);
    if (!await(exchange, POLLOUT))
        return false;
    if (getsockopt(exchange->fd, SOL_SOCKET, SO_ERROR, &error, &size) != 0)
        error = errno;
    return error == 0 || fail_with(exchange, error);
}

static bool send_request(struct exchange *exchange, const char *host, const char *path)
{
    char request[REQUEST_MAX];
    int length = snprintf(request, sizeof request,
                          "GET %s HTTP/1.1\r\nHost: %s\r\nUser-Agent: aiopoll/" AIOPOLL_VERSION
                          "\r\nAccept: application/json\r\nConnection: close\r\n\r\n",
                          path, host);
    if (length < 0 || (size_t)length >= sizeof request)
        return fail(exchange, "the question is too long");
    for (int at = 0; at < length;) {
        ssize_t n = send(exchange->fd, request + at, (size_t)(length - at), MSG_NOSIGNAL);
        if (n >= 0)
            at += (int)n;
        else if (errno != EAGAIN && errno != EINTR)
            return fail_with(exchange, errno);
        else if (!await(exchange, POLLOUT))
            return false;
    }
    return true;
}

/* Takes what came; false where there is nothing more to wait for. */
static bool read_some(struct exchange *exchange)
{
    char buffer[READ_SIZE];
    struct http_response *response = &exchange->response;
    ssize_t n = recv(exchange->fd, buffer, sizeof buffer, 0);
    if (n < 0 && (errno == EAGAIN || errno == EINTR))
        return true;
    if (n < 0)
        return fail_with(exchange, errno);
    if (n == 0)
        http_response_end(response);
    else
        http_response_feed(response, buffer, (size_t)n);
    if (response->failure.reason == FAILURE_PROTOCOL ||
        response->failure.reason == FAILURE_TOO_LARGE)
        exchange->fault = FETCH_FOREIGN;
    if (response->failure.reason == FAILURE_TOO_LARGE)
        return fail(exchange, "its answer is too long");
    if (response->failure.reason != FAILURE_NONE)
        return fail(exchange, "%s", response->failure.detail);
    return !response->complete;
}

static bool converse(struct exchange *exchange, const struct listen_address *address,
                     const char *host, const char *path)
{
    if (!connect_to(exchange, address) || !send_request(exchange, host, path))
        return false;
    do {
        if (!await(exchange, POLLIN))
            return false;
    } while (read_some(exchange));
    if (!exchange->response.complete || exchange->response.content_coding[0] == '\0')
        return exchange->response.complete;
    exchange->fault = FETCH_FOREIGN;
    return fail(exchange, "its answer is compressed, which was not asked for");
}

static bool take_body(struct exchange *exchange, struct fetched *fetched)
{
    struct http_response *response = &exchange->response;
    char *body = malloc(response->body_length + 1);
    if (body == NULL)
        return fail(exchange, "memory is short");
    if (response->body_length > 0)
        memcpy(body, response->body, response->body_length);
    body[response->body_length] = '\0';
    *fetched = (struct fetched){response->status, body, response->body_length};
    return true;
}

bool fetch(const struct listen_address *address, const char *host, const char *path,
           struct fetched *fetched, enum fetch_fault *fault, char why[FETCH_WHY_SIZE])
{
    const struct http_expected expected = {.body_max = FETCH_BODY_MAX};
    struct exchange exchange = {
        .fd = -1, .deadline = clock_now() + FETCH_WHOLE_S * SECOND, .why = why};
    *fetched = (struct fetched){0};
    http_response_init(&exchange.response, &expected);
    bool whole = converse(&exchange, address, host, path) && take_body(&exchange, fetched);
    *fault = exchange.fault;
    http_response_finish(&exchange.response);
    if (exchange.fd >= 0)
        close(exchange.fd);
    return whole;
}
