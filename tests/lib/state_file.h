/*
 * What the tests of the schedule share: the state file of the scene, read and
 * written as its format says.
 */
#ifndef TESTS_LIB_STATE_FILE_H
#define TESTS_LIB_STATE_FILE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "scene.h"

/* In the scratch directory: "schedule", which is what "state-file = schedule" names. */
const char *state_file(void);

/* Its lines, good or damaged, the header and the line of the boot included. 0: no file. */
size_t state_file_lines(void);

/* Fails the test where it is not whole: header, boot, and lines with right check sums. */
void state_file_check(void);

/* Waits until servers are in it. */
void state_file_await(size_t servers);

/* The wait that the last line of the server tells, ns; -1: there is none. */
int64_t state_file_wait(const char *server);

/* Writes it anew, with every moment moved by so much; the wall clock that it was written by
 * too, with `zero`. A `boot` takes the place of the one it names, unless it is NULL. */
void state_file_move(int64_t due, int64_t zero, const char *boot);

/* SIGKILL, and the end. */
void state_file_kill(void);

/* The one event about the file, at that level, whose detail has the text. */
void state_file_check_told(const char *level, const char *text);

#endif
