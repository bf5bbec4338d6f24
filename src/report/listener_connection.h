/* One connection to the listener: requests in, pages out, one after the other. Only listener.c uses
 * it. */
#ifndef AIOPOLL_LISTENER_CONNECTION_H
#define AIOPOLL_LISTENER_CONNECTION_H

#include <stdbool.h>
#include <stdint.h>
#include <uv.h>

#include "loop/wakeup.h"
#include "report/listener.h"
#include "report/listener_request.h"

enum { LISTENER_INPUT = 2 << 10 }; /* bytes that are read at once */

enum listener_connection_state {
    LISTENER_IDLE, /* no byte of a request has come */
    LISTENER_RECEIVING,
    LISTENER_SENDING,
    LISTENER_LINGERING, /* the last response is written; what comes is thrown away */
};

struct listener_connection;

/* What it has in common with the others. */
struct listener_common {
    uv_loop_t *loop;
    struct wakeups *wakeups;
    struct listener_site site;
    bool any_host; /* see listener_request_init() */
    size_t count;  /* of connections, */
    size_t most;   /* and how many there may be */
    /* It has something to do, and listener_connection_step() is to be called. May come again
     * before that was. */
    void (*ready)(struct listener_connection *connection);
    /* It is closed and not to be used any more. */
    void (*closed)(struct listener_connection *connection);
};

struct listener_connection {
    struct listener_common *common;
    size_t place; /* the owner's */
    bool ready;   /* the owner's */
    int fd;
    uv_poll_t poll;
    enum listener_connection_state state;
    int64_t since; /* when the state began, or with LISTENER_SENDING the piece */
    struct wakeup limit;
    struct listener_request request;
    struct page *page;  /* that is sent; NULL: all of it is in `out` */
    size_t taken;       /* of the page's `bytes` */
    bool chunked, keep; /* how it is sent; and whether another one may follow */
    struct buffer out;  /* what is to be written */
    size_t written;     /* of that */
    char input[LISTENER_INPUT];
    size_t input_start, input_end; /* what was read, but belongs to the next request */
};

/* For a socket, which it owns, and which does not block. Takes one of the reserved wake-ups.
 * NULL: memory is short, and the socket is closed. The callbacks do not come from within. */
struct listener_connection *listener_connection_new(struct listener_common *common, size_t place,
                                                    int fd);

/* Does the next thing: one read, or one piece and one write. */
void listener_connection_step(struct listener_connection *connection);

/* Calls `closed`; the loop has to run on. */
void listener_connection_close(struct listener_connection *connection);

#endif
