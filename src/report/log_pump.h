/* A thread that copies what is written to a pipe of its own to a descriptor that can
 * only be written to blockingly. aiopoll has one thread; this one is there where
 * standard output is a terminal or pipe that may not be opened anew. */
#ifndef AIOPOLL_LOG_PUMP_H
#define AIOPOLL_LOG_PUMP_H

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

/* All zero: not started. */
struct log_pump {
    bool started;
    int input;        /* to be written to, does not block; to be closed by the caller */
    int from, output; /* the thread's */
    pthread_t thread;
};

/* `output` is borrowed. Returns 0 or libuv's error code. */
int log_pump_start(struct log_pump *pump, int output);

/* After `input` was closed: waits at most `limit` ns for the rest to be written, and
 * ends the thread. One that was not started is left alone. */
void log_pump_finish(struct log_pump *pump, int64_t limit);

#endif
