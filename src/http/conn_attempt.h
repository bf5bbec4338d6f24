/* The way to an open connection, for conn.c alone: the name, a descriptor, the connect. */
#ifndef AIOPOLL_CONN_ATTEMPT_H
#define AIOPOLL_CONN_ATTEMPT_H

#include "http/conn.h"

/* Begins with the connection's target. Returns what conn_open() does. */
int conn_attempt_start(struct conn *conn);

/* Nanoseconds up to now, but for those that it waited for a descriptor. */
int64_t conn_attempt_took(const struct conn *conn);

/* Where one is under way, it ends, and no callback of it comes any more. */
void conn_attempt_drop(struct conn *conn);

/* --- what it needs of conn.c -------------------------------------------------- */

/* The one place where the state changes. */
void conn_set_state(struct conn *conn, enum conn_state state);

/* There is a stream, connected and not yet read from: TLS is next. */
void conn_connected(struct conn *conn, struct stream *stream);

/* Closes it and tells its owner why. */
void conn_end(struct conn *conn, enum failure_reason reason, int code, const char *format, ...)
    __attribute__((format(printf, 4, 5)));

#endif
