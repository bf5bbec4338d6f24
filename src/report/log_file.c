#include "report/log_file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* Whether the last byte ends no line, as after a crash or a loss of power. Our own descriptor
 * cannot be read from. */
static bool ends_within_line(int fd)
{
    char path[32], last = '\n';
    struct stat info;
    if (fstat(fd, &info) != 0 || !S_ISREG(info.st_mode) || info.st_size == 0)
        return false;
    snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
    int reader = open(path, O_RDONLY | O_CLOEXEC);
    if (reader < 0)
        return false;
    ssize_t got = pread(reader, &last, 1, info.st_size - 1);
    close(reader);
    return got == 1 && last != '\n';
}

int log_file_open(struct log_file *file, const char *path)
{
    /* Without O_NONBLOCK this would wait for the reader of a FIFO. */
    int fd = open(path, O_WRONLY | O_APPEND | O_CREAT | O_NONBLOCK | O_NOCTTY | O_CLOEXEC, 0640);
    if (fd < 0)
        return errno;
    fcntl(fd, F_SETFL, O_APPEND);
    log_file_close(file);
    *file = (struct log_file){.own = true, .fd = fd, .torn = ends_within_line(fd)};
    return 0;
}

/* The part of a line that was written last goes, unless somebody has appended to it. */
static void take_back(struct log_file *file, size_t part)
{
    struct stat info;
    off_t end = lseek(file->fd, 0, SEEK_CUR);
    if (fstat(file->fd, &info) != 0 || info.st_size != end ||
        ftruncate(file->fd, end - (off_t)part) != 0)
        file->torn = true;
}

static int write_all(int fd, const char *bytes, size_t length, size_t *written)
{
    *written = 0;
    while (*written < length) {
        ssize_t count = write(fd, bytes + *written, length - *written);
        if (count == 0)
            return EIO;
        if (count < 0 && errno != EINTR)
            return errno;
        if (count > 0)
            *written += (size_t)count;
    }
    return 0;
}

static int end_torn_line(struct log_file *file)
{
    size_t written;
    int error = file->torn ? write_all(file->fd, "\n", 1, &written) : 0;
    file->torn = file->torn && error != 0;
    return error;
}

int log_file_write(struct log_file *file, const char *lines, size_t length, size_t *written)
{
    *written = 0;
    int error = end_torn_line(file);
    if (error == 0)
        error = write_all(file->fd, lines, length, written);
    if (error == 0 || *written == 0 || !file->own)
        return error;
    const char *end = memrchr(lines, '\n', *written);
    size_t whole = end == NULL ? 0 : (size_t)(end + 1 - lines);
    if (whole < *written)
        take_back(file, *written - whole);
    *written = whole;
    return error;
}

void log_file_close(struct log_file *file)
{
    if (file->own && file->fd >= 0)
        close(file->fd);
    file->fd = -1;
}
