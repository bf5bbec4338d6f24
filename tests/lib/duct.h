/*
 * Pairs of TCP connections on the test's loop, for what stands between the
 * program and a server: one that was accepted, and one to a target that is
 * opened for it. What is read on either is the owner's to pass on, or not.
 *
 * All is on 127.0.0.1. A duct frees itself once it is closed.
 */
#ifndef TESTS_LIB_DUCT_H
#define TESTS_LIB_DUCT_H

#include <stdbool.h>
#include <stddef.h>

#include <uv.h>

struct duct;

/* `ended`: UV_EOF, or libuv's error, as of a RST. */
struct duct_callbacks {
    void (*accepted)(struct duct *duct);
    void (*from_client)(struct duct *duct, const char *bytes, size_t length);
    void (*client_ended)(struct duct *duct, int error);
    void (*from_target)(struct duct *duct, const char *bytes, size_t length);
    void (*target_ended)(struct duct *duct, int error);
    void (*closed)(struct duct *duct); /* the state can be freed */
};

struct duct {
    uv_tcp_t client;
    uv_tcp_t target;
    uv_connect_t connecting;
    struct ducts *ducts;
    void *state;     /* the owner's */
    unsigned number; /* the how manieth it is, from 0 */
    unsigned handles;
    bool client_over; /* its end has been read */
    bool closing;
    struct duct *next;
};

struct ducts {
    uv_tcp_t listener;
    const struct duct_callbacks *callbacks;
    void *owner;
    struct duct *first;
    int target_port;
    int port;
    unsigned count; /* of all so far */
    bool held;
    bool closed;
};

/* Listens on a port of the kernel's choice. */
void ducts_init(struct ducts *ducts, uv_loop_t *loop, int target_port,
                const struct duct_callbacks *callbacks, void *owner);

/* Closes all, and runs the loop until nothing is left. */
void ducts_finish(struct ducts *ducts);

/*
 * Reads nothing of what clients send, until it goes on: that waits in the kernel, and behind it
 * what does not fit there.
 */
void ducts_hold(struct ducts *ducts);
void ducts_go_on(struct ducts *ducts);

/* Begins to connect to the target; what is sent there before that is done waits. */
void duct_connect(struct duct *duct);

/* The bytes are copied. */
void duct_send_client(struct duct *duct, const void *bytes, size_t length);
void duct_send_target(struct duct *duct, const void *bytes, size_t length);

/* FIN behind what was sent; what the client sends is still read, up to its own end. */
void duct_end_client(struct duct *duct);

/* RST to the client at once, and the end of the duct. */
void duct_reset_client(struct duct *duct);

void duct_close(struct duct *duct);

#endif
