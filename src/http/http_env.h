/* What all HTTP clients of a process share. */
#ifndef AIOPOLL_HTTP_ENV_H
#define AIOPOLL_HTTP_ENV_H

#include <uv.h>

#include "http/dns.h"
#include "http/slots.h"
#include "http/stream.h"
#include "http/tls.h"
#include "loop/wakeup.h"

struct conn;

struct http_env {
    uv_loop_t *loop;
    struct wakeups *wakeups;
    struct dns dns;
    struct slots slots; /* descriptors for connections */
    /* NULL, or told of each change of a connection's state, by its name
     * ("open"). */
    void (*trace)(void *user, const struct conn *conn, const char *from, const char *to);
    void *trace_user;
    /* For one read at a time: an idle connection has no buffer. */
    char read_buffer[STREAM_READ_SIZE];
    char plain_buffer[TLS_PLAIN_SIZE];
};

#endif
