/*
 * An HTTP/1.1 server for tests, and a measuring instrument: it runs on the
 * caller's loop, does what the query of a request's URL asks for (see
 * mock_behaviour.h), and records when each request came and was answered (see
 * mock_records.h). The first segment of the path is the target's name:
 * /alpha?delay=1 is a request of target "alpha".
 *
 * Timings are as good as the loop is free: whoever shares it must not block.
 * Connections have TCP_NODELAY. SIGPIPE is ignored in the whole process from
 * the first mock_server_new() on.
 */
#ifndef TESTS_LIB_MOCK_SERVER_H
#define TESTS_LIB_MOCK_SERVER_H

#include <limits.h>
#include <stddef.h>

#include <uv.h>

#include "mock_connection.h"
#include "mock_records.h"

struct mock_server;

/*
 * Listens on the address (IPv4 or IPv6; NULL: 127.0.0.1) and port (0: the
 * kernel's choice). Returns 0 or libuv's error, and then *server is NULL.
 */
int mock_server_new(struct mock_server **server, uv_loop_t *loop, const char *address, int port);

/*
 * Closes everything and runs the loop until no handle of the server is left;
 * then frees it with all its records. Not to be called from a callback.
 */
void mock_server_free(struct mock_server *server);

int mock_server_port(const struct mock_server *server);

/* HOST:PORT as in a URL, with brackets around IPv6; owned by the server. */
const char *mock_server_authority(const struct mock_server *server);

/* How the next count connections begin (UINT_MAX: all); afterwards they are served. */
void mock_server_set_accept(struct mock_server *server, enum mock_accept how, unsigned count);

/*
 * From now on connects are refused, until it listens again on the same address
 * and port; open connections are not touched. The latter returns 0 or libuv's
 * error.
 */
void mock_server_stop_listening(struct mock_server *server);
int mock_server_listen_again(struct mock_server *server);

/* Besides, until the end, on a Unix socket of that path, once. Returns 0 or libuv's error. */
int mock_server_listen_on_unix(struct mock_server *server, const char *path);

/* To be called for each request that has arrived, before it is answered. */
void mock_server_observe(struct mock_server *server, mock_observer *observer, void *arg);

/* How many connections it accepted, and how many are open now. */
unsigned mock_server_connections(const struct mock_server *server);
unsigned mock_server_open_connections(const struct mock_server *server);

/* How many connections were answered 400 and closed because they sent no HTTP/1 request. */
unsigned mock_server_malformed(const struct mock_server *server);

/* How many requests arrived: of one target, or of all with NULL. */
size_t mock_server_requests(const struct mock_server *server, const char *target);

/* Request number index of the target, from 0; NULL where there is none. Valid until the free. */
const struct mock_request *mock_server_request(const struct mock_server *server, const char *target,
                                               size_t index);

/*
 * Whether the client came when it was told to. It must be one client: requests
 * of a target from two of them look early. NULL sums up all targets.
 */
struct mock_punctuality mock_server_punctuality(const struct mock_server *server,
                                                const char *target);

#endif
