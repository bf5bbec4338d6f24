/*
 * A program that runs as a child of the test: its start, its output, its end.
 *
 * A child that outlives the test is killed when the test's process exits, even
 * if the test failed half-way.
 */
#ifndef TESTS_LIB_PROGRAM_H
#define TESTS_LIB_PROGRAM_H

#include <stdbool.h>
#include <stdint.h>

#include <uv.h>

#include "lines.h"

struct program_setup {
    char **args;             /* args[0] is the file, looked up in PATH; NULL ends them */
    char **environment;      /* NAME=VALUE; NULL ends them */
    const char *stdout_path; /* appended to that file; NULL: a pipe, read into out */
    const int *stdout_fd;    /* that descriptor instead; NULL: none */
    bool paused;             /* that pipe is small and not read until program_resume() */
    bool json;               /* every line on it must be a JSON object */
};

/* Read-only for all but program.c. */
struct program {
    uv_loop_t *loop;
    uv_process_t process;
    uv_pipe_t stdout_pipe;
    uv_pipe_t stderr_pipe;
    int handles; /* not yet closed */
    bool reading;
    bool exited; /* and all that it wrote was read, unless reading is paused */
    int64_t exit_status;
    int term_signal; /* 0 unless a signal ended it */
    struct lines out;
    struct bytes err;
    struct program *next_alive;
};

/* Returns 0 or libuv's error, and then *program is NULL. The setup isn't kept. */
int program_start(struct program **program, uv_loop_t *loop, const struct program_setup *setup);

/*
 * Kills the program if it still runs, runs the loop until it is reaped and no
 * handle of it is left, and frees it. Not to be called from a callback.
 */
void program_free(struct program *program);

void program_pause(struct program *program);
void program_resume(struct program *program);

#endif
