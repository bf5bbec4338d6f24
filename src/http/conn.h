/* One connection to a server: name look-up, connect, TLS, bytes both ways, the end.
 *
 * An explicit state machine, as events come in many orders. Happy path:
 *     CLOSED -> RESOLVING -> CONNECTING -> HANDSHAKING -> OPEN -> CLOSED
 * An IP address needs no look-up, a Unix socket neither, http no handshake. Where
 * descriptors are short, it is WAITING for one before it connects. */
#ifndef AIOPOLL_CONN_H
#define AIOPOLL_CONN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "config/setting.h"
#include "config/url.h"
#include "http/candidates.h"
#include "http/failure.h"
#include "http/http_env.h"
#include "http/lead_time.h"

enum conn_state {
    CONN_CLOSED,
    CONN_RESOLVING,
    CONN_WAITING,
    CONN_CONNECTING,
    CONN_HANDSHAKING,
    CONN_OPEN,
};

struct conn_attempt;
struct conn;

/* All come from the loop, never from within a call of the owner; but an idle connection
 * may end, to make room, while another one is being opened. */
struct conn_callbacks {
    void (*opened)(struct conn *conn);
    /* It begins to wait for a descriptor, maybe within conn_open(), or goes on: in between
     * no time limit runs. */
    void (*waiting)(struct conn *conn, bool waits);
    /* Bytes, valid during the call. */
    void (*received)(struct conn *conn, const char *bytes, size_t length);
    /* It could not be opened, or ended: the state is CONN_CLOSED by now. An orderly
     * end by the peer has the code UV_EOF. `failure` is valid during the call. */
    void (*ended)(struct conn *conn, const struct failure *failure);
};

/* Where to. All is borrowed while the connection is not closed. Between this and an HTTP
 * client is the place for a proxy. */
struct conn_target {
    const struct url *url; /* scheme, host and port */
    const struct server_settings *settings;
    struct tls_contexts *tls; /* of these settings; not used for http */
    bool foreign;             /* another server than the settings are for */
    bool early;               /* it is not needed yet: see slots.h */
};

/* To be embedded. */
struct conn {
    enum conn_state state;
    struct http_env *env;
    const struct conn_callbacks *callbacks;
    void *owner;               /* for the callbacks */
    struct conn_target target; /* of the last conn_open() */
    struct stream *stream;
    struct tls *tls;
    struct conn_attempt *attempt; /* until it is open */
    struct slot slot;
    union address address; /* of the stream, where that is no Unix socket */
    bool answers;          /* bytes have come from it */
    /* What it remembers of the server from one connection to the next. */
    struct known_address known; /* the last that answered */
    struct tls_session *session;
    bool stale_address;    /* the resolver failed: `known` was used */
    struct lead_time lead; /* how long opening takes, without the wait for a descriptor */
};

enum { CONN_WAKEUPS = 3 }; /* to be reserved for each connection that is being opened */

/* No resources are held until conn_open(). */
void conn_init(struct conn *conn, struct http_env *env, const struct conn_callbacks *callbacks,
               void *owner);

/* From CONN_CLOSED. Look-up, connect and TLS take at most `connect_timeout`. Always to the same
 * host and port, unless conn_forget() comes before. Returns 0; or UV_ENOMEM, or UV_EMFILE where an
 * early one finds no descriptor, and nothing began. */
int conn_open(struct conn *conn, const struct conn_target *target);

/* An early one that is still being opened is needed now: from here on it is like any other, and
 * has the whole of `connect_timeout`. */
void conn_claim(struct conn *conn);

/* From CONN_OPEN; `bytes` are copied where they cannot leave at once. Returns 0,
 * or libuv's error code: the caller then closes. A later failure is an end. */
int conn_write(struct conn *conn, const char *bytes, size_t length);

/* Nothing is under way: from here until the next conn_write() its descriptor may be
 * needed elsewhere, and it ends. */
void conn_rest(struct conn *conn);

/* Whether nothing has come that was not asked for, not even the end: to be asked
 * before a request, since the loop may not have told yet. What TLS has to say for itself, as a
 * ticket that comes late, is read. If false, it is to be closed. */
bool conn_is_quiet(struct conn *conn);

/* Whether the TLS session goes on from that of an earlier connection. */
bool conn_is_resumed(const struct conn *conn);

/* Whatever the state: lets go of everything but what it remembers, and no callback comes any
 * more. */
void conn_close(struct conn *conn);

/* From CONN_CLOSED: forgets the server as well. */
void conn_forget(struct conn *conn);

/* The slots that http_env has are those of connections. */
extern const struct slots_callbacks conn_slots_callbacks;

#endif
