#include "report/log_sink.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/container_of.h"
#include "base/duration.h"
#include "base/xalloc.h"

#define PAUSE        (10 * MILLISECOND) /* between two writes: a write costs as much as a poll */
#define PAUSE_FILE   (50 * MILLISECOND) /* waking the pump costs more */
#define PAUSE_SMALL  MILLISECOND        /* the reader takes less than there is, but takes it */
#define PAUSE_BROKEN SECOND             /* the reader is gone */

/* A disk that is busy will answer, where a reader that stalls will not. */
#define DISK_PATIENCE (5 * SECOND)

static bool has_lines(const struct log_sink *sink)
{
    return sink->start != sink->end;
}

/* The pump takes all or nothing, so that what is left begins where the buffer does. */
static ssize_t hand_over(struct log_sink *sink)
{
    errno = EAGAIN;
    return log_pump_take(sink->pump, &sink->buffer, sink->end) ? (ssize_t)sink->end : -1;
}

static ssize_t write_some(struct log_sink *sink)
{
    const char *bytes = sink->buffer + sink->start;
    size_t length = sink->end - sink->start;
    if (sink->pump != NULL)
        return hand_over(sink);
    if (sink->is_socket)
        return send(sink->fd, bytes, length, MSG_DONTWAIT | MSG_NOSIGNAL);
    return write(sink->fd, bytes, length);
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
    sink->listener.resumed(sink, dropped);
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
    int64_t pause = sink->is_file ? PAUSE_FILE : PAUSE;
    if (!advance(sink))
        pause = errno == EAGAIN || errno == EINTR ? pause : PAUSE_BROKEN;
    else if (has_lines(sink))
        pause = PAUSE_SMALL;
    sink->pause_end = clock_now() + pause;
}

/* Where it is written again, there is room for that sentence, too. */
static void on_told(void *user, bool trouble, const char *path, const char *sentence)
{
    struct log_sink *sink = user;
    if (sink->dropping && !trouble)
        flush(sink);
    sink->listener.told(sink, trouble, path, sentence);
}

/* The clock decides, as the wake-up may wait behind many that are overdue. */
static bool is_time(const struct log_sink *sink)
{
    return clock_now() >= sink->pause_end || (sink->is_file && sink->end > LOG_SINK_SIZE / 4);
}

static void on_turn(uv_prepare_t *turn)
{
    struct log_sink *sink = container_of(turn, struct log_sink, turn);
    if (!has_lines(sink))
        return;
    if (is_time(sink))
        flush(sink);
    if (has_lines(sink) && !wakeup_is_set(&sink->pause))
        wakeup_set(sink->wakeups, &sink->pause, sink->pause_end, on_pause_over);
}

static int start_pump(struct log_sink *sink, uv_loop_t *loop)
{
    const struct log_pump_listener listener = {on_told, sink};
    return log_pump_start(&sink->pump, loop, sink->path, sink->fd, &listener);
}

/* Writing to a pipe or a terminal would block, and O_NONBLOCK would be set for all
 * who share it. Opened anew it is our own; where that is not allowed (the terminal of
 * another user), a pump stands between. */
static int open_own(struct log_sink *sink, uv_loop_t *loop)
{
    char path[32];
    snprintf(path, sizeof path, "/proc/self/fd/%d", sink->fd);
    int fd = open(path, O_WRONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
    if (fd < 0)
        return start_pump(sink, loop);
    sink->fd = fd;
    sink->own_fd = true;
    return 0;
}

static int choose_way(struct log_sink *sink, uv_loop_t *loop)
{
    struct stat info;
    if (sink->path == NULL && fstat(sink->fd, &info) != 0)
        return 0; /* writing will say what is wrong */
    sink->is_file = sink->path != NULL || S_ISREG(info.st_mode) || S_ISBLK(info.st_mode);
    if (sink->is_file)
        return start_pump(sink, loop);
    sink->is_socket = S_ISSOCK(info.st_mode);
    return S_ISFIFO(info.st_mode) || S_ISCHR(info.st_mode) ? open_own(sink, loop) : 0;
}

int log_sink_init(struct log_sink *sink, uv_loop_t *loop, struct wakeups *wakeups, const char *path,
                  int fd, const struct log_sink_listener *listener)
{
    *sink = (struct log_sink){.fd = fd, .wakeups = wakeups, .listener = *listener};
    sink->path = path == NULL ? NULL : xstrdup(path);
    sink->buffer = xcalloc(1, LOG_SINK_SIZE);
    wakeups_reserve(wakeups, 1);
    int error = choose_way(sink, loop);
    if (error == 0)
        error = uv_prepare_init(loop, &sink->turn);
    return error != 0 ? error : uv_prepare_start(&sink->turn, on_turn);
}

int log_sink_await_file(struct log_sink *sink, int64_t limit)
{
    return sink->path == NULL ? 0 : log_pump_await_file(sink->pump, limit);
}

bool log_sink_reopen(struct log_sink *sink)
{
    if (sink->path != NULL)
        log_pump_reopen(sink->pump, NULL);
    return sink->path != NULL;
}

bool log_sink_redirect(struct log_sink *sink, const char *path)
{
    if (path == NULL || sink->path == NULL)
        return path == sink->path;
    if (strcmp(path, sink->path) == 0) {
        log_pump_retry_open(sink->pump);
        return true;
    }
    free(sink->path);
    sink->path = xstrdup(path);
    log_pump_reopen(sink->pump, path);
    return true;
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
        sink->dropped_in_all++;
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
    return !has_lines(sink) && (sink->pump == NULL || log_pump_is_idle(sink->pump));
}

static void drain_to_pump(struct log_sink *sink, int64_t deadline)
{
    while (log_pump_drain(sink->pump, deadline - clock_now()) && has_lines(sink))
        advance(sink);
}

static void drain_to_reader(struct log_sink *sink, int64_t deadline)
{
    int64_t left;
    while (has_lines(sink) && (left = deadline - clock_now()) > 0) {
        struct pollfd ready = {.fd = sink->fd, .events = POLLOUT};
        poll(&ready, 1, (int)(left / MILLISECOND) + 1);
        if (!advance(sink) && errno != EAGAIN && errno != EINTR)
            return;
    }
}

void log_sink_drain(struct log_sink *sink, int64_t limit)
{
    int64_t deadline = clock_now() + limit;
    if (sink->pump != NULL)
        drain_to_pump(sink, deadline);
    else
        drain_to_reader(sink, deadline);
}

void log_sink_close(struct log_sink *sink, int64_t limit)
{
    log_sink_drain(sink, sink->is_file ? DISK_PATIENCE : limit);
    wakeup_cancel(sink->wakeups, &sink->pause);
    uv_close((uv_handle_t *)&sink->turn, NULL);
    if (sink->pump != NULL)
        log_pump_close(sink->pump);
    sink->pump = NULL;
    if (sink->own_fd)
        close(sink->fd);
    free(sink->path);
    free(sink->buffer);
    sink->buffer = NULL;
}
