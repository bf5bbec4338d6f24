/* Where the log's lines go: a bounded buffer before a file descriptor that is
 * written to at most once a turn of the loop, some hundred times a second, and never
 * waited for.
 *
 * A reader that stalls fills the buffer; then lines are dropped and counted, until
 * half of it is free again. A file on a disk that hangs can still hold up a write:
 * the kernel offers no way around it but a thread. */
#ifndef AIOPOLL_LOG_SINK_H
#define AIOPOLL_LOG_SINK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <uv.h>

#include "loop/wakeup.h"
#include "report/log_pump.h"

enum { LOG_SINK_SIZE = 1 << 20 };

struct log_sink {
    int fd;
    bool is_socket;
    bool own_fd;          /* opened here, to be closed here */
    struct log_pump pump; /* where there is no other way not to wait */
    char *buffer;
    size_t start, end; /* of what is to be written */
    uint64_t dropped;  /* since `dropping` began */
    bool dropping;
    int64_t pause_end; /* the next write comes then, or later */
    struct wakeups *wakeups;
    struct wakeup pause;
    uv_prepare_t turn;
    /* Called when lines are taken again after `dropped` were not. */
    void (*resumed)(struct log_sink *sink, uint64_t dropped);
};

/* Takes one of the reserved wake-ups. `fd` is borrowed; its flags are left alone,
 * as other processes may share them. Returns 0 or libuv's error code. */
int log_sink_init(struct log_sink *sink, uv_loop_t *loop, struct wakeups *wakeups, int fd,
                  void (*resumed)(struct log_sink *sink, uint64_t dropped));

/* Room for one line of up to `size` bytes, or NULL: then the line counts as
 * dropped. To be followed by log_sink_commit() with the line's length. */
char *log_sink_reserve(struct log_sink *sink, size_t size);
void log_sink_commit(struct log_sink *sink, size_t length);

bool log_sink_is_empty(const struct log_sink *sink);

/* Writes what is left, waiting for the reader at most `limit` ns: only at the end,
 * when there is nothing left to delay. */
void log_sink_drain(struct log_sink *sink, int64_t limit);

/* The same, and closes the handle; the loop has to run on. */
void log_sink_close(struct log_sink *sink, int64_t limit);

#endif
