/* What all HTTP clients of a process share. */
#ifndef AIOPOLL_HTTP_ENV_H
#define AIOPOLL_HTTP_ENV_H

#include <uv.h>

#include "http/dns.h"
#include "loop/wakeup.h"

struct conn;

enum { HTTP_READ_SIZE = 64 << 10 };

struct http_env {
    uv_loop_t *loop;
    struct wakeups *wakeups;
    struct dns dns;
    /* NULL, or told of each change of a connection's state: closed, resolving,
     * connecting, open. */
    void (*trace)(void *user, const struct conn *conn, const char *from, const char *to);
    void *trace_user;
    char read_buffer[HTTP_READ_SIZE]; /* for one read at a time: an idle connection has none */
};

#endif
