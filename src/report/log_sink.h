/* Where the log's lines go: a bounded buffer before a file descriptor that is
 * written to at most once a turn of the loop, some hundred times a second, and never
 * waited for. A file is written by a pump, which has a buffer of its own, and gets its lines
 * twenty times a second.
 *
 * A reader that stalls, or a disk that hangs or is full, fills the buffer; then lines are
 * dropped and counted, until half of it is free again. */
#ifndef AIOPOLL_LOG_SINK_H
#define AIOPOLL_LOG_SINK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <uv.h>

#include "loop/wakeup.h"
#include "report/log_pump.h"

enum { LOG_SINK_SIZE = LOG_PUMP_SIZE };

struct log_sink;

/* Both come from the loop. */
struct log_sink_listener {
    /* Lines are taken again after `dropped` were not. */
    void (*resumed)(struct log_sink *sink, uint64_t dropped);
    /* About the log file: see log_pump.h. */
    void (*told)(struct log_sink *sink, bool trouble, const char *path, const char *sentence);
};

struct log_sink {
    struct log_sink_listener listener;
    char *path; /* of the log file, owned, or NULL: then */
    int fd;     /* it is this descriptor */
    bool is_file, is_socket;
    bool own_fd;           /* opened here, to be closed here */
    struct log_pump *pump; /* where there is no other way not to wait; else NULL */
    char *buffer;
    size_t start, end; /* of what is to be written */
    uint64_t dropped;  /* since `dropping` began */
    uint64_t dropped_in_all;
    bool dropping;
    int64_t pause_end; /* the next write comes then, or later */
    struct wakeups *wakeups;
    struct wakeup pause;
    uv_prepare_t turn;
};

/* Takes one of the reserved wake-ups. The lines go to the file at `path`, or, where that is NULL,
 * to `fd`, which is borrowed; its flags are left alone, as other processes may share them.
 * Returns 0 or libuv's error code. */
int log_sink_init(struct log_sink *sink, uv_loop_t *loop, struct wakeups *wakeups, const char *path,
                  int fd, const struct log_sink_listener *listener);

/* Of a log file: see log_pump.h. Without one there is nothing to wait for. */
int log_sink_await_file(struct log_sink *sink, int64_t limit);

/* The log file is opened anew; false where there is none. */
bool log_sink_reopen(struct log_sink *sink);

/* The lines go to the file at `path` from now on. False: neither from a descriptor to a file nor
 * back (NULL), and nothing has changed. */
bool log_sink_redirect(struct log_sink *sink, const char *path);

/* Room for one line of up to `size` bytes, or NULL: then the line counts as
 * dropped. To be followed by log_sink_commit() with the line's length. */
char *log_sink_reserve(struct log_sink *sink, size_t size);
void log_sink_commit(struct log_sink *sink, size_t length);

/* Whether all lines have been written. */
bool log_sink_is_empty(const struct log_sink *sink);

/* Writes what is left, waiting for the reader at most `limit` ns: only at the end,
 * when there is nothing left to delay. */
void log_sink_drain(struct log_sink *sink, int64_t limit);

/* The same, but for a disk, which is waited for up to 5 s; and closes the handles. The loop has to
 * run on. */
void log_sink_close(struct log_sink *sink, int64_t limit);

#endif
