/*
 * A server that answers whatever it is asked with bytes that a test has prepared, right or wrong;
 * where it is to stand for a daemon that is asked by --status.
 */
#ifndef TESTS_LIB_CANNED_SERVER_H
#define TESTS_LIB_CANNED_SERVER_H

#include <stdbool.h>
#include <stddef.h>

#include <uv.h>

enum canned_end {
    CANNED_CLOSE, /* the connection is closed behind the answer */
    CANNED_STAY,  /* it stays open */
    CANNED_DRIP,  /* the answer comes byte by byte, one each 20 ms */
};

struct canned_server;

/* On a Unix socket of that path; NULL: on 127.0.0.1, the kernel's port. Aborts where it can't. */
struct canned_server *canned_server_new(uv_loop_t *loop, const char *path);

/* Closes everything, runs the loop until it is closed, and frees it. */
void canned_server_free(struct canned_server *server);

/* As for --listen. */
const char *canned_server_address(const struct canned_server *server);

/* What a request of that path gets, from now on; borrowed, and not ended by a NUL. */
void canned_server_set(struct canned_server *server, const char *path, const char *bytes,
                       size_t length, enum canned_end end);

/* The same as a response of that status with this body, which is copied. */
void canned_server_respond(struct canned_server *server, const char *path, int status,
                           const char *body);

/* How many requests came, and the last one's header. A predicate to wait for the first one. */
size_t canned_server_requests(const struct canned_server *server);
const char *canned_server_last(const struct canned_server *server);
bool canned_server_was_asked(void *server);

#endif
