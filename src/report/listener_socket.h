/* The socket that the listener accepts connections from. */
#ifndef AIOPOLL_LISTENER_SOCKET_H
#define AIOPOLL_LISTENER_SOCKET_H

#include <stddef.h>

#include "config/listen_address.h"
#include "report/socket_file.h"

struct listener_socket {
    int fd;
    struct listen_address address; /* with the real port */
    struct socket_file file;       /* of one in the file system */
};

/* Opens it for `address`; as to those in the file system see socket_file.h. Returns 0, or libuv's
 * error code and a sentence in `why`. */
int listener_socket_open(struct listener_socket *socket, const struct listen_address *address,
                         char *why, size_t why_size);

/* And removes it from the file system, where it is still there. */
void listener_socket_close(struct listener_socket *socket);

#endif
