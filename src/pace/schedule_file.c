#include "pace/schedule_file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/duration.h"
#include "base/xalloc.h"

/* More is no state file. */
#define FILE_MAX (INT64_C(1) << 30)

/* With few servers the appended part grows slowly, and replacing the file costs several syncs. */
#define APPENDED_LEAST (INT64_C(1) << 20)

/* A wall clock that is slewed moves by less in minutes. */
#define CLOCK_TOLERANCE (100 * MILLISECOND)

enum { CHUNK = 64 << 10 };

static bool fail(struct schedule_file *file, const char *path, const char *what)
{
    file->failure = (struct schedule_failure){path, what, errno};
    return false;
}

static void close_file(struct schedule_file *file)
{
    if (file->fd >= 0)
        close(file->fd);
    file->fd = -1;
}

static bool fail_as_no_file(struct schedule_file *file)
{
    errno = 0;
    return fail(file, file->path,
                "is a folder or a device, and stays as it is; state-file has to be "
                "the path of a file");
}

/* "." for a path without a slash. */
static char *folder_of(const char *path)
{
    const char *slash = strrchr(path, '/');
    if (slash == NULL)
        return xstrdup(".");
    return xstrndup(path, slash == path ? 1 : (size_t)(slash - path));
}

void schedule_file_init(struct schedule_file *file, const char *path)
{
    *file = (struct schedule_file){.path = xstrdup(path),
                                   .new_path = xasprintf("%s.new", path),
                                   .kept_path = xasprintf("%s.kept", path),
                                   .lock_path = xasprintf("%s.lock", path),
                                   .folder = folder_of(path),
                                   .fd = -1,
                                   .lock = -1,
                                   .synced = true};
}

void schedule_file_finish(struct schedule_file *file)
{
    close_file(file);
    if (file->lock >= 0)
        close(file->lock);
    free(file->path);
    free(file->new_path);
    free(file->kept_path);
    free(file->lock_path);
    free(file->folder);
}

/* --- clocks ---------------------------------------------------------------------------- */

/* Both clocks at one moment: where something came between reading them, once more. */
static int64_t wall_clock_zero(void)
{
    int64_t zero = 0, before, after;
    for (int n = 0; n < 10; n++) {
        before = clock_now();
        zero = clock_wall() - before;
        after = clock_now();
        if (after - before < MILLISECOND / 10)
            break;
    }
    return zero;
}

static void read_boot_id(char id[SCHEDULE_BOOT_ID_MAX])
{
    int fd = open("/proc/sys/kernel/random/boot_id", O_RDONLY | O_CLOEXEC);
    ssize_t length = fd < 0 ? -1 : read(fd, id, SCHEDULE_BOOT_ID_MAX - 1);
    if (fd >= 0)
        close(fd);
    id[length < 0 ? 0 : length] = '\0';
    id[strspn(id, "0123456789abcdef-")] = '\0';
}

struct promises_now schedule_file_clocks(void)
{
    struct promises_now now = {.boot.zero = wall_clock_zero(), .now = clock_now()};
    read_boot_id(now.boot.id);
    return now;
}

/* --- reading --------------------------------------------------------------------------- */

static bool read_all(int fd, char *text, size_t size, size_t *length)
{
    *length = 0;
    while (*length < size) {
        ssize_t got = read(fd, text + *length, size - *length);
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            return false;
        if (got == 0)
            break;
        *length += (size_t)got;
    }
    return true;
}

/* Of a file that is not too large; else errno says why not. */
static char *read_text(int fd, const struct stat *info, size_t *length)
{
    if (info->st_size > FILE_MAX) {
        errno = EFBIG;
        return NULL;
    }
    char *text = malloc((size_t)info->st_size + 1);
    if (text != NULL && !read_all(fd, text, (size_t)info->st_size, length)) {
        int error = errno;
        free(text);
        text = NULL;
        errno = error;
    }
    return text;
}

char *schedule_file_read(struct schedule_file *file, size_t *length)
{
    /* Without O_NONBLOCK a FIFO would be waited for. */
    int fd = open(file->path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
    char *text = NULL;
    struct stat info;
    *length = 0;
    if (fd < 0 && errno == ENOENT)
        return calloc(1, 1);
    bool found = fd >= 0 && fstat(fd, &info) == 0;
    if (found && !S_ISREG(info.st_mode)) {
        fail_as_no_file(file);
    } else if (!found || (text = read_text(fd, &info, length)) == NULL) {
        fail(file, file->path, "cannot be read");
        file->keep = true;
    }
    if (fd >= 0)
        close(fd);
    return text;
}

/* --- writing --------------------------------------------------------------------------- */

/* Another process would write over what this one writes. The lock is on a file of its own, as
 * the state file itself is replaced again and again. Where the file system has no locks, it
 * goes without. */
static bool lock_file(struct schedule_file *file)
{
    if (file->lock >= 0)
        return true;
    int fd = open(file->lock_path, O_RDWR | O_CREAT | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC, 0600);
    if (fd < 0)
        return fail(file, file->lock_path, "cannot be created");
    if (flock(fd, LOCK_EX | LOCK_NB) != 0 && errno == EWOULDBLOCK) {
        close(fd);
        errno = 0;
        return fail(file, file->path, "is in use by another process");
    }
    file->lock = fd;
    return true;
}

static bool write_bytes(int fd, const char *bytes, size_t length)
{
    while (length > 0) {
        ssize_t written = write(fd, bytes, length);
        if (written < 0 && errno == EINTR)
            continue;
        if (written <= 0)
            return false;
        bytes += written;
        length -= (size_t)written;
    }
    return true;
}

/* Lines are collected here. */
struct chunk {
    int fd;
    int64_t written;
    size_t length;
    char bytes[CHUNK + SCHEDULE_LINE_MAX];
};

static bool flush(struct chunk *chunk)
{
    bool ok = write_bytes(chunk->fd, chunk->bytes, chunk->length);
    chunk->written += (int64_t)chunk->length;
    chunk->length = 0;
    return ok;
}

static bool add_line(struct chunk *chunk, const struct promises *promises, size_t server,
                     int64_t zero)
{
    chunk->length += promises_write(promises, server, zero, chunk->bytes + chunk->length);
    return chunk->length < CHUNK || flush(chunk);
}

static bool write_all(struct schedule_file *file, const struct promises *promises)
{
    struct chunk chunk = {.fd = file->fd};
    memcpy(chunk.bytes, SCHEDULE_HEADER, strlen(SCHEDULE_HEADER));
    chunk.length = strlen(SCHEDULE_HEADER);
    chunk.length += schedule_write_boot(chunk.bytes + chunk.length, &file->boot);
    bool ok = true;
    for (size_t i = 0; ok && i < promises_count(promises); i++)
        ok = add_line(&chunk, promises, i, file->boot.zero);
    ok = ok && flush(&chunk);
    file->whole = chunk.written;
    file->appended = 0;
    return ok;
}

/* The new name of the file is on the disk only when its folder is. */
static bool sync_folder(struct schedule_file *file)
{
    int fd = open(file->folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    bool ok = fd >= 0 && (fsync(fd) == 0 || errno == EINVAL); /* some cannot be synced */
    if (!ok)
        fail(file, file->folder, "cannot be synced");
    if (fd >= 0)
        close(fd);
    return ok;
}

static bool create_new(struct schedule_file *file)
{
    close_file(file);
    unlink(file->new_path); /* of one that was interrupted */
    file->fd = open(file->new_path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    return file->fd >= 0 || fail(file, file->new_path, "cannot be created");
}

static bool keep_old(struct schedule_file *file)
{
    if (!file->keep)
        return true;
    if (rename(file->path, file->kept_path) != 0 && errno != ENOENT)
        return fail(file, file->path, "cannot be moved aside");
    file->keep = false;
    return true;
}

/* A folder is moved as easily as a file, and so is /dev/null. */
static bool move_into_place(struct schedule_file *file)
{
    struct stat there;
    if (stat(file->path, &there) == 0 && !S_ISREG(there.st_mode))
        return fail_as_no_file(file);
    if (!keep_old(file))
        return false;
    if (rename(file->new_path, file->path) != 0)
        return fail(file, file->path, "cannot be replaced");
    return sync_folder(file);
}

bool schedule_file_replace(struct schedule_file *file, const struct promises *promises)
{
    if (!lock_file(file) || !create_new(file))
        return false;
    file->boot = schedule_file_clocks().boot;
    bool ok = write_all(file, promises) && fsync(file->fd) == 0;
    if (!ok)
        fail(file, file->new_path, "cannot be written");
    ok = ok && move_into_place(file);
    file->synced = true;
    if (!ok) {
        close_file(file);
        unlink(file->new_path); /* on a full disk it is in the way of others */
    }
    return ok;
}

bool schedule_file_append(struct schedule_file *file, const struct promises *promises,
                          const uint32_t *servers, size_t count)
{
    struct chunk chunk = {.fd = file->fd};
    bool ok = true;
    for (size_t i = 0; ok && i < count; i++)
        ok = add_line(&chunk, promises, servers[i], file->boot.zero);
    ok = ok && flush(&chunk);
    file->synced = false;
    file->appended += chunk.written;
    if (ok)
        return true;
    fail(file, file->path, "cannot be written");
    close_file(file);
    return false;
}

bool schedule_file_sync(struct schedule_file *file)
{
    file->synced = true;
    if (fdatasync(file->fd) == 0)
        return true;
    fail(file, file->path, "cannot be synced");
    close_file(file);
    return false;
}

static bool is_in_place(const struct schedule_file *file)
{
    struct stat ours, there;
    return fstat(file->fd, &ours) == 0 && stat(file->path, &there) == 0 &&
           ours.st_ino == there.st_ino && ours.st_dev == there.st_dev;
}

bool schedule_file_is_outdated(const struct schedule_file *file)
{
    int64_t moved = wall_clock_zero() - file->boot.zero;
    return (file->appended > file->whole && file->appended > APPENDED_LEAST) ||
           moved > CLOCK_TOLERANCE || moved < -CLOCK_TOLERANCE || !is_in_place(file);
}
