/* The socket that the listener accepts connections from. */
#ifndef AIOPOLL_LISTENER_SOCKET_H
#define AIOPOLL_LISTENER_SOCKET_H

#include <stddef.h>
#include <sys/types.h>

#include "config/listen_address.h"

struct listener_socket {
    int fd;
    struct listen_address address; /* with the real port */
    dev_t device;                  /* of a socket in the file system */
    ino_t inode;
};

/* Opens it for `address`. A socket in the file system that nobody listens on is replaced; one
 * that somebody does, and what is no socket, is left alone. Returns 0, or libuv's error code and a
 * sentence in `why`. */
int listener_socket_open(struct listener_socket *socket, const struct listen_address *address,
                         char *why, size_t why_size);

/* And removes it from the file system, where it is still there. */
void listener_socket_close(struct listener_socket *socket);

#endif
