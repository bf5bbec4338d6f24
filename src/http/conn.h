/* One connection to a server: name look-up, connect, bytes both ways, the end.
 *
 * An explicit state machine, as events come in many orders. Happy path:
 *     CLOSED -> RESOLVING -> CONNECTING -> OPEN -> CLOSED
 * An IP address needs no look-up. The addresses of a name are tried one after
 * the other, each for its share of the time that is left. */
#ifndef AIOPOLL_CONN_H
#define AIOPOLL_CONN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "config/url.h"
#include "http/failure.h"
#include "http/http_env.h"

enum conn_state { CONN_CLOSED, CONN_RESOLVING, CONN_CONNECTING, CONN_OPEN };

struct conn_socket;
struct conn_attempt;
struct conn;

/* All come from the loop, never from within a call of the owner. */
struct conn_callbacks {
    void (*opened)(struct conn *conn);
    /* Bytes, valid during the call. */
    void (*received)(struct conn *conn, const char *bytes, size_t length);
    /* It could not be opened, or ended: the state is CONN_CLOSED by now. An orderly
     * end by the peer has the code UV_EOF. `failure` is valid during the call. */
    void (*ended)(struct conn *conn, const struct failure *failure);
};

/* To be embedded; container_of() leads back to the owner. */
struct conn {
    enum conn_state state;
    const struct url *url; /* borrowed; of the last conn_open() */
    struct http_env *env;
    const struct conn_callbacks *callbacks;
    struct conn_socket *socket;   /* the handle, on the heap: it outlives its closing */
    struct conn_attempt *attempt; /* while resolving or connecting */
};

/* No resources are held until conn_open(). */
void conn_init(struct conn *conn, struct http_env *env, const struct conn_callbacks *callbacks);

/* From CONN_CLOSED; `url` is borrowed while the connection is not closed. Look-up and connect take
 * at most `limit` ns. One reserved wake-up a connection is needed. Returns 0, or UV_ENOMEM and
 * nothing began. */
int conn_open(struct conn *conn, const struct url *url, int64_t limit);

/* From CONN_OPEN; `bytes` are copied where they cannot leave at once. Returns 0,
 * or libuv's error code: the caller then closes. A later failure is an end. */
int conn_write(struct conn *conn, const char *bytes, size_t length);

/* Whether nothing has come that was not asked for, not even the end: to be asked
 * before a request, since the loop may not have told yet. */
bool conn_is_quiet(const struct conn *conn);

/* Whatever the state: lets go of everything, and no callback comes any more. */
void conn_close(struct conn *conn);

#endif
