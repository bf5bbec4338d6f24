#include "report/listener_socket.h"

#include <errno.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <unistd.h>
#include <uv.h>

enum {
    BACKLOG = 128,
    SEND_BUFFER = 32 << 10, /* what the system keeps for a slow reader, about */
};

static int fail(int error, char *why, size_t why_size, const char *what)
{
    int code = uv_translate_sys_error(error);
    snprintf(why, why_size, "%s: %s", what, uv_strerror(code));
    return code;
}

static int open_socket(int family)
{
    return socket(family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
}

/* Connections have these from it. None is vital. */
static void set_options(int fd, int family)
{
    const int on = 1, off = 0, size = SEND_BUFFER;
    setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &size, sizeof size);
    if (family == AF_UNIX)
        return;
    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    if (family == AF_INET6)
        setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &off, sizeof off);
}

static int listen_on_path(struct listener_socket *socket, char *why, size_t why_size)
{
    return socket_file_listen(&socket->file, socket->fd, &socket->address.socket.local, BACKLOG,
                              why, why_size);
}

static int listen_on_port(struct listener_socket *socket, char *why, size_t why_size)
{
    struct listen_address *address = &socket->address;
    if (bind(socket->fd, &address->socket.any, address->length) != 0 ||
        listen(socket->fd, BACKLOG) != 0)
        return fail(errno, why, why_size, "it cannot be listened on");
    if (getsockname(socket->fd, &address->socket.any, &address->length) != 0)
        return fail(errno, why, why_size, "its port cannot be found out");
    return 0;
}

int listener_socket_open(struct listener_socket *socket, const struct listen_address *address,
                         char *why, size_t why_size)
{
    int family = address->socket.any.sa_family;
    *socket = (struct listener_socket){.address = *address, .fd = open_socket(family)};
    if (socket->fd < 0)
        return fail(errno, why, why_size, "no socket can be opened");
    set_options(socket->fd, family);
    int error = family == AF_UNIX ? listen_on_path(socket, why, why_size)
                                  : listen_on_port(socket, why, why_size);
    if (error != 0)
        close(socket->fd);
    return error;
}

void listener_socket_close(struct listener_socket *socket)
{
    if (socket->address.socket.any.sa_family == AF_UNIX)
        socket_file_remove(&socket->file);
    close(socket->fd);
}
