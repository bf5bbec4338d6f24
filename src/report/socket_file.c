#include "report/socket_file.h"

#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <stdio.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>
#include <uv.h>

#include "base/duration.h"

enum {
    MODE = 0660,
    LOCK_TRIES = 1000, /* a millisecond each */
};

static int fail(int error, char *why, size_t why_size, const char *what)
{
    int code = uv_translate_sys_error(error);
    snprintf(why, why_size, "%s: %s", what, uv_strerror(code));
    return code;
}

/* Between bind() and listen() a socket looks like one that was left, and between a look and its
 * removal it may be another's: who comes at the same time waits for a lock on the folder, which is
 * nobody's for long. Where somebody keeps it all the same, or there is none, it goes without. */
static int lock_folder(const char *path)
{
    char copy[sizeof((struct sockaddr_un *)NULL)->sun_path];
    snprintf(copy, sizeof copy, "%s", path);
    int fd = open(dirname(copy), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    for (int tries = 0; fd >= 0 && tries < LOCK_TRIES; tries++) {
        if (flock(fd, LOCK_EX | LOCK_NB) == 0 || errno != EWOULDBLOCK)
            break;
        nanosleep(&(struct timespec){.tv_nsec = MILLISECOND}, NULL);
    }
    return fd;
}

/* 0: nobody, as with a file that a process has left; else who answers, or why that cannot be found
 * out. A full queue is one that is listened on. */
static int ask_who_listens(const struct sockaddr_un *address)
{
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return errno;
    int error =
        connect(fd, (const struct sockaddr *)address, sizeof *address) == 0 ? EADDRINUSE : errno;
    close(fd);
    if (error == EAGAIN)
        return EADDRINUSE;
    return error == ECONNREFUSED || error == ENOENT ? 0 : error;
}

static int remove_left_over(const struct sockaddr_un *address, char *why, size_t why_size)
{
    struct stat info;
    if (lstat(address->sun_path, &info) != 0)
        return errno == ENOENT ? 0 : fail(errno, why, why_size, "the socket cannot be made");
    if (!S_ISSOCK(info.st_mode))
        return fail(EEXIST, why, why_size, "the path is that of another file, not of a socket");
    int error = ask_who_listens(address);
    if (error == EADDRINUSE)
        return fail(error, why, why_size, "another process listens there");
    if (error == 0 && unlink(address->sun_path) != 0 && errno != ENOENT)
        error = errno;
    return error == 0 ? 0 : fail(error, why, why_size, "the old socket cannot be replaced");
}

/* The file's mode is that of the descriptor, so nobody else can connect meanwhile; but less what
 * the umask takes. */
static int bind_file(struct socket_file *file, int fd)
{
    const char *path = file->address.sun_path;
    struct stat info;
    if (fchmod(fd, MODE) != 0 ||
        bind(fd, (const struct sockaddr *)&file->address, sizeof file->address) != 0 ||
        lstat(path, &info) != 0)
        return errno;
    file->device = info.st_dev;
    file->inode = info.st_ino;
    if ((info.st_mode & ALLPERMS) == MODE)
        return 0;
    return fchmodat(AT_FDCWD, path, MODE, AT_SYMLINK_NOFOLLOW) == 0 ? 0 : errno;
}

static int make(struct socket_file *file, int fd, int backlog, char *why, size_t why_size)
{
    int error = remove_left_over(&file->address, why, why_size);
    if (error != 0)
        return error;
    error = bind_file(file, fd);
    if (error == 0 && listen(fd, backlog) != 0)
        error = errno;
    return error == 0 ? 0 : fail(error, why, why_size, "it cannot be listened on");
}

int socket_file_listen(struct socket_file *file, int fd, const struct sockaddr_un *address,
                       int backlog, char *why, size_t why_size)
{
    *file = (struct socket_file){.address = *address};
    int lock = lock_folder(address->sun_path);
    int error = make(file, fd, backlog, why, why_size);
    if (error != 0)
        socket_file_remove(file);
    if (lock >= 0)
        close(lock);
    return error;
}

void socket_file_remove(const struct socket_file *file)
{
    const char *path = file->address.sun_path;
    struct stat info;
    if (lstat(path, &info) == 0 && info.st_dev == file->device && info.st_ino == file->inode)
        unlink(path);
}
