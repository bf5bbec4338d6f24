/*
 * A TCP client that sends what it is told and keeps what it gets: to try a
 * server out byte by byte.
 */
#ifndef TESTS_LIB_RAW_CLIENT_H
#define TESTS_LIB_RAW_CLIENT_H

#include <stdbool.h>
#include <stdint.h>

#include <uv.h>

#include "bytes.h"

/* Read-only for all but raw_client.c. */
struct raw_client {
    uv_tcp_t tcp;
    uv_connect_t connect;
    struct bytes outgoing; /* to send once connected */
    struct bytes received;
    int64_t last_read_ns; /* boottime_ns() right after the last bytes were read */
    bool connected;
    bool closed;
    int end; /* 0: none yet; UV_EOF: a FIN came; UV_ECONNRESET: a RST; or another error */
};

/* Begins to connect, HOST:PORT with an IPv4 address. Aborts on text that is none. */
struct raw_client *raw_client_new(uv_loop_t *loop, const char *authority);

/* Runs the loop until the client is closed, and frees it. */
void raw_client_free(struct raw_client *client);

/* Sends the text (copied), when connected. */
void raw_client_send(struct raw_client *client, const char *text);

/* As predicates to wait for; arg is the client. */
bool raw_client_is_connected(void *arg);
bool raw_client_has_ended(void *arg);

#endif
