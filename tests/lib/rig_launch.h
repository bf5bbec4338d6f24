/*
 * How the rig starts the program under test: its file, arguments, environment
 * and standard output.
 */
#ifndef TESTS_LIB_RIG_LAUNCH_H
#define TESTS_LIB_RIG_LAUNCH_H

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>

#include <uv.h>

#include "program.h"

struct rig_launch {
    char **variables; /* NAME=VALUE, or a NAME that is taken away */
    size_t count;
    char *stdout_path; /* NULL: a pipe */
    int stdout_fd;     /* instead, where has_stdout_fd; borrowed */
    bool has_stdout_fd;
    char *shell; /* the line that runs the program; NULL: none */
    bool paused;
    bool json;
};

void rig_launch_finish(struct rig_launch *launch);
void rig_launch_set_env(struct rig_launch *launch, const char *name, const char *value);

/* Starts it with the arguments, up to a NULL; fails the test where that can't be done. */
struct program *rig_launch_start(const struct rig_launch *launch, uv_loop_t *loop, va_list args);

#endif
