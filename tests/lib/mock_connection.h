/*
 * One accepted connection of the mock server: reads requests, answers them in
 * their order and as their behaviours say, and writes down when.
 *
 * A connection frees itself once it is closed, by the client, by a behaviour,
 * or by mock_connections_close(). What all connections of a server share is in
 * struct mock_connections; its memory must stay until pending is 0.
 */
#ifndef TESTS_LIB_MOCK_CONNECTION_H
#define TESTS_LIB_MOCK_CONNECTION_H

#include <uv.h>

#include "mock_records.h"

/* How a connection begins. */
enum mock_accept {
    MOCK_SERVE,
    MOCK_ACCEPT_AND_CLOSE, /* FIN at once; what the client sends is discarded */
    MOCK_ACCEPT_AND_RESET, /* RST at once */
};

typedef void mock_observer(const struct mock_request *request, void *arg);

struct mock_connection;

struct mock_connections {
    uv_loop_t *loop;
    struct mock_records *records;
    mock_observer *observer; /* called when a request arrived; may be NULL */
    void *observer_arg;
    struct mock_connection *first; /* of those that are open */
    unsigned accepted;
    unsigned open;
    unsigned pending;   /* open, or not yet freed */
    unsigned malformed; /* connections that sent what is no request */
    char buffer[65536]; /* what is being read */
};

/* Accepts a connection of the listening stream. Returns 0 or libuv's error. */
int mock_connection_accept(struct mock_connections *all, uv_stream_t *listener,
                           enum mock_accept how);

/* Begins to close every connection. */
void mock_connections_close(struct mock_connections *all);

#endif
