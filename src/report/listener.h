/* The listener: serves pages by HTTP/1.1, to read only. It never holds up a poll.
 *
 * All that its connections do (reading, making a piece of a page, writing) is done in steps, and
 * at most so many in a turn of the loop as take LISTENER_TURN, one at least; between two turns
 * polls have theirs. A connection has one request and one piece of a page at a time, and reads on
 * only when the response is written. Each has a time limit, whatever its peer does:
 *
 *   a request has to be whole       10 s after its first byte (408), or after the connection began
 *   the next one has to begin       30 s after a response
 *   a response has to be taken on   30 s after its reader has taken some of it
 *   what comes after the last one   is thrown away for 2 s, so that the response is not lost
 *
 * Where all connections are taken and another one comes, one that waits for a request, and has done
 * so for LISTENER_GRACE, is closed for it, the longest first; else the one that has not taken a
 * piece or completed its request for longest, and for LISTENER_PATIENCE at least. Where there is
 * none, the new one is closed. So that each has its turn, a response is then the last one of its
 * connection.
 *
 * Where the address is a loopback address, only a Host that is an IP address or "localhost" is
 * served (421), so that no page of the web can read what is here by a name of its own that leads
 * to this machine (DNS rebinding). Other addresses are for other machines, which may call this
 * one by any name. */
#ifndef AIOPOLL_LISTENER_H
#define AIOPOLL_LISTENER_H

#include <stdbool.h>
#include <stddef.h>
#include <uv.h>

#include "base/duration.h"
#include "config/listen_address.h"
#include "loop/wakeup.h"
#include "report/page.h"

enum {
    LISTENER_CONNECTIONS = 64, /* at most */
    LISTENER_DESCRIPTORS = 2,  /* that it uses besides */
};

#define LISTENER_TURN          (50 * MICROSECOND)
#define LISTENER_REQUEST_LIMIT (10 * SECOND)
#define LISTENER_IDLE_LIMIT    (30 * SECOND)
#define LISTENER_READER_LIMIT  (30 * SECOND)
#define LISTENER_LINGER        (2 * SECOND)
#define LISTENER_GRACE         (100 * MILLISECOND)
#define LISTENER_PATIENCE      (2 * SECOND)

/* The pages there are. `path` is without escapes, `query` as it came, or NULL. Returns a page, or
 * NULL, where there is none (404). It is called for HEAD, too, and then freed without a piece. */
struct listener_site {
    struct page *(*find)(void *user, const char *path, const char *query);
    void *user;
};

struct listener;

/* Takes some of the wake-ups. There are `connections` at a time, from 1 to LISTENER_CONNECTIONS.
 * `address` is read as listen_address.h says; `site` is copied.
 * Returns 0, or libuv's error code and a sentence in `why`, which does not quote the address. */
int listener_start(struct listener **listener, uv_loop_t *loop, struct wakeups *wakeups,
                   const char *address, size_t connections, const struct listener_site *site,
                   char *why, size_t why_size);

/* Where it listens, with the port that the kernel has chosen. Returns `out`. */
char *listener_address(const struct listener *listener, char out[LISTEN_ADDRESS_SIZE]);

/* Whether only this machine can come there. */
bool listener_is_local(const struct listener *listener);

/* Closes all connections, wherever they are. NULL is left alone; the loop has to run on. */
void listener_close(struct listener *listener);

#endif
