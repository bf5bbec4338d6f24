/* The file by which processes of the machine find a listening socket: the PATH of unix:PATH. */
#ifndef AIOPOLL_SOCKET_FILE_H
#define AIOPOLL_SOCKET_FILE_H

#include <stddef.h>
#include <sys/types.h>
#include <sys/un.h>

struct socket_file {
    struct sockaddr_un address;
    dev_t device; /* as long as the socket is bound, no other file has these numbers */
    ino_t inode;
};

/* Binds `fd` to `address`, and lets it listen; only the user and the group may connect. A socket
 * that a process has left there is replaced; one that is listened on, and what is no socket, is
 * left alone; of processes that come at once, one gets it. May take a second. Returns 0, or libuv's
 * error code and a sentence in `why`; then no socket of ours is left. */
int socket_file_listen(struct socket_file *file, int fd, const struct sockaddr_un *address,
                       int backlog, char *why, size_t why_size);

/* Removes it, where it is still ours; before the socket is closed. */
void socket_file_remove(const struct socket_file *file);

#endif
