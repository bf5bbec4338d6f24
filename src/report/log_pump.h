/* A thread that writes the log where that may take long, and cannot be done otherwise: to a file,
 * as its disk may be slow or hang, and to a terminal or pipe that can only be written to
 * blockingly. The loop hands it whole lines, and goes on.
 *
 * What cannot be written, as the disk is full, is tried again every second. */
#ifndef AIOPOLL_LOG_PUMP_H
#define AIOPOLL_LOG_PUMP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <uv.h>

struct log_pump;

/* Is called from the loop, with a sentence about the file at `path`: what went wrong, each trouble
 * once, or that all is well again. Not where a descriptor was borrowed. */
struct log_pump_listener {
    void (*tell)(void *user, bool trouble, const char *path, const char *sentence);
    void *user;
};

/* Starts the thread. It opens the file at `path`, to append to it, or takes `fd`, which is
 * borrowed, where that is NULL. Returns 0 or libuv's error code: then *pump is NULL. Ends the
 * process where memory is short. */
int log_pump_start(struct log_pump **pump, uv_loop_t *loop, const char *path, int fd,
                   const struct log_pump_listener *listener);

/* Waits for the file to be opened, at most `limit` ns. Returns 0, also where it is not open until
 * then, or the disk is full or broken (either is told, and lines may be handed over), or libuv's
 * error code. */
int log_pump_await_file(struct log_pump *pump, int64_t limit);

/* Takes the lines in *buffer, which has LOG_PUMP_SIZE bytes and comes from malloc(), for another
 * such buffer. False, and nothing is taken, while the last lines are being written. */
bool log_pump_take(struct log_pump *pump, char **buffer, size_t length);

enum { LOG_PUMP_SIZE = 1 << 20 };

/* Whether all lines have been written. */
bool log_pump_is_idle(struct log_pump *pump);

/* The same, which is waited for at most `limit` ns; but not for a disk that is full. */
bool log_pump_drain(struct log_pump *pump, int64_t limit);

/* Has the file opened anew, between two lines: by its path, or, where that is not NULL, by `path`
 * from now on. What comes of it is told; where it can't be opened, the one before goes on. */
void log_pump_reopen(struct log_pump *pump, const char *path);

/* The same by the path that there is, if that could not be opened the last time. */
void log_pump_retry_open(struct log_pump *pump);

/* Ends the thread; one that still waits for its disk or terminal is left to itself, with what it
 * uses. The loop has to run on. */
void log_pump_close(struct log_pump *pump);

#endif
