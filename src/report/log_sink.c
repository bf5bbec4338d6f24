#include "report/log_sink.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/duration.h"
#include "base/xalloc.h"

#define PAUSE        (10 * MILLISECOND) /* between two writes: a write costs as much as a poll */
#define PAUSE_BROKEN SECOND             /* the disk is full, the reader is gone */

/* A pipe or a terminal would block, and O_NONBLOCK would be set for all who share
 * it. Opened anew it is our own; where that is not allowed, poll() is asked before
 * each write. */
static void choose_way(struct log_sink *sink)
{
    struct stat info;
    char path[32];
    if (fstat(sink->fd, &info) != 0)
        return;
    if (S_ISSOCK(info.st_mode))
        sink->kind = SINK_SOCKET;
    if (!S_ISFIFO(info.st_mode) && !S_ISCHR(info.st_mode))
        return;
    snprintf(path, sizeof path, "/proc/self/fd/%d", sink->fd);
    int fd = open(path, O_WRONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
    sink->own_fd = fd >= 0;
    if (fd >= 0)
        sink->fd = fd;
    else
        sink->kind = SINK_POLLED;
}

/* POLLOUT of a pipe promises room for PIPE_BUF bytes. */
static ssize_t write_polled(const struct log_sink *sink, size_t length)
{
    struct pollfd ready = {.fd = sink->fd, .events = POLLOUT};
    if (poll(&ready, 1, 0) == 0) {
        errno = EAGAIN;
        return -1;
    }
    return write(sink->fd, sink->buffer + sink->start, length < PIPE_BUF ? length : PIPE_BUF);
}

static ssize_t write_some(const struct log_sink *sink)
{
    size_t length = sink->end - sink->start;
    switch (sink->kind) {
    case SINK_PLAIN: return write(sink->fd, sink->buffer + sink->start, length);
    case SINK_SOCKET:
        return send(sink->fd, sink->buffer + sink->start, length, MSG_DONTWAIT | MSG_NOSIGNAL);
    case SINK_POLLED: return write_polled(sink, length);
    }
    return -1;
}

/* Nothing but a turn of the loop is needed. */
static void on_pause_over(struct wakeup *wakeup)
{
    (void)wakeup;
}

static void take_lines_again(struct log_sink *sink)
{
    uint64_t dropped = sink->dropped;
    sink->dropping = false;
    sink->dropped = 0;
    sink->resumed(sink, dropped);
}

/* One write. Returns whether it was possible, else errno says why not. */
static bool advance(struct log_sink *sink)
{
    ssize_t written = write_some(sink);
    int error = errno;
    if (written > 0)
        sink->start += (size_t)written;
    if (sink->start == sink->end)
        sink->start = sink->end = 0;
    if (sink->dropping && sink->end - sink->start <= LOG_SINK_SIZE / 2)
        take_lines_again(sink);
    errno = error;
    return written >= 0;
}

static void flush(struct log_sink *sink)
{
    bool possible = advance(sink) || errno == EAGAIN || errno == EINTR;
    sink->pause_end = clock_now() + (possible ? PAUSE : PAUSE_BROKEN);
}

static void on_turn(uv_prepare_t *turn)
{
    struct log_sink *sink = container_of(turn, struct log_sink, turn);
    if (log_sink_is_empty(sink))
        return;
    /* The clock decides, as the wake-up may wait behind many that are overdue. */
    if (clock_now() >= sink->pause_end)
        flush(sink);
    if (!log_sink_is_empty(sink) && !wakeup_is_set(&sink->pause))
        wakeup_set(sink->wakeups, &sink->pause, sink->pause_end, on_pause_over);
}

int log_sink_init(struct log_sink *sink, uv_loop_t *loop, struct wakeups *wakeups, int fd,
                  void (*resumed)(struct log_sink *sink, uint64_t dropped))
{
    *sink = (struct log_sink){.fd = fd, .wakeups = wakeups, .resumed = resumed};
    int error = uv_prepare_init(loop, &sink->turn);
    if (error != 0)
        return error;
    sink->buffer = xcalloc(1, LOG_SINK_SIZE);
    wakeups_reserve(wakeups, 1);
    choose_way(sink);
    return uv_prepare_start(&sink->turn, on_turn);
}

char *log_sink_reserve(struct log_sink *sink, size_t size)
{
    if (!sink->dropping && LOG_SINK_SIZE - sink->end < size && sink->start > 0) {
        memmove(sink->buffer, sink->buffer + sink->start, sink->end - sink->start);
        sink->end -= sink->start;
        sink->start = 0;
    }
    if (sink->dropping || LOG_SINK_SIZE - sink->end < size) {
        sink->dropping = true;
        sink->dropped++;
        return NULL;
    }
    return sink->buffer + sink->end;
}

void log_sink_commit(struct log_sink *sink, size_t length)
{
    sink->end += length;
}

bool log_sink_is_empty(const struct log_sink *sink)
{
    return sink->start == sink->end;
}

/* At the end there is nothing left to delay, so the reader may be waited for. */
static void drain(struct log_sink *sink, int64_t limit)
{
    int64_t deadline = clock_now() + limit;
    while (!log_sink_is_empty(sink) && clock_now() < deadline) {
        struct pollfd ready = {.fd = sink->fd, .events = POLLOUT};
        poll(&ready, 1, (int)((deadline - clock_now()) / MILLISECOND) + 1);
        if (!advance(sink) && errno != EAGAIN && errno != EINTR)
            return;
    }
}

void log_sink_close(struct log_sink *sink, int64_t limit)
{
    drain(sink, limit);
    wakeup_cancel(sink->wakeups, &sink->pause);
    uv_close((uv_handle_t *)&sink->turn, NULL);
    if (sink->own_fd)
        close(sink->fd);
    free(sink->buffer);
    sink->buffer = NULL;
}
