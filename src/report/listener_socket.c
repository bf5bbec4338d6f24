#include "report/listener_socket.h"

#include <errno.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <uv.h>

enum {
    BACKLOG = 128,
    SEND_BUFFER = 32 << 10, /* what the system keeps for a slow reader, about */
    MODE = 0660,
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

/* --- sockets in the file system ------------------------------------------------ */

/* 0: nobody, as with a file of that name that a process has left; else who answers, or why that
 * cannot be found out. A full queue is one that is listened on. */
static int ask_who_listens(const struct listen_address *address)
{
    int fd = open_socket(AF_UNIX);
    if (fd < 0)
        return errno;
    int error = connect(fd, &address->socket.any, address->length) == 0 ? EADDRINUSE : errno;
    close(fd);
    if (error == EAGAIN)
        return EADDRINUSE;
    return error == ECONNREFUSED || error == ENOENT ? 0 : error;
}

static int remove_left_over(const struct listen_address *address, char *why, size_t why_size)
{
    const char *path = address->socket.local.sun_path;
    struct stat info;
    if (lstat(path, &info) != 0)
        return errno == ENOENT ? 0 : fail(errno, why, why_size, "the socket cannot be made");
    if (!S_ISSOCK(info.st_mode))
        return fail(EEXIST, why, why_size, "the path is that of another file, not of a socket");
    int error = ask_who_listens(address);
    if (error == EADDRINUSE)
        return fail(error, why, why_size, "another process listens there");
    if (error == 0 && unlink(path) != 0 && errno != ENOENT)
        error = errno;
    return error == 0 ? 0 : fail(error, why, why_size, "the old socket cannot be replaced");
}

/* Before it is bound, so that nobody else can connect meanwhile. */
static void restrict_to_group(int fd)
{
    if (fchmod(fd, MODE) != 0)
        return; /* the umask does what it can */
}

/* The umask may have taken too much. */
static int publish(struct listener_socket *socket, char *why, size_t why_size)
{
    const char *path = socket->address.socket.local.sun_path;
    struct stat info;
    if (chmod(path, MODE) != 0 || lstat(path, &info) != 0)
        return fail(errno, why, why_size, "the mode of the socket cannot be set");
    socket->device = info.st_dev;
    socket->inode = info.st_ino;
    return 0;
}

/* --- all ------------------------------------------------------------------------ */

static int bind_and_listen(struct listener_socket *socket, char *why, size_t why_size)
{
    struct listen_address *address = &socket->address;
    bool is_unix = address->socket.any.sa_family == AF_UNIX;
    set_options(socket->fd, address->socket.any.sa_family);
    if (is_unix)
        restrict_to_group(socket->fd);
    if (bind(socket->fd, &address->socket.any, address->length) != 0 ||
        listen(socket->fd, BACKLOG) != 0)
        return fail(errno, why, why_size, "it cannot be listened on");
    if (is_unix)
        return publish(socket, why, why_size);
    if (getsockname(socket->fd, &address->socket.any, &address->length) != 0)
        return fail(errno, why, why_size, "its port cannot be found out");
    return 0;
}

int listener_socket_open(struct listener_socket *socket, const struct listen_address *address,
                         char *why, size_t why_size)
{
    int family = address->socket.any.sa_family;
    int error = family == AF_UNIX ? remove_left_over(address, why, why_size) : 0;
    if (error != 0)
        return error;
    *socket = (struct listener_socket){.address = *address, .fd = open_socket(family)};
    if (socket->fd < 0)
        return fail(errno, why, why_size, "no socket can be opened");
    error = bind_and_listen(socket, why, why_size);
    if (error != 0)
        close(socket->fd);
    return error;
}

void listener_socket_close(struct listener_socket *socket)
{
    const char *path = socket->address.socket.local.sun_path;
    struct stat info;
    close(socket->fd);
    if (socket->address.socket.any.sa_family == AF_UNIX && lstat(path, &info) == 0 &&
        info.st_dev == socket->device && info.st_ino == socket->inode)
        unlink(path);
}
