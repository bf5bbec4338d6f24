/*
 * The scene that most integration tests play in: a rig, one mock server, and
 * the program that polls it and tells each poll as a line of JSON.
 *
 *     START_TEST(a_connection_is_kept)
 *     {
 *         scene_start("[servers]\n"
 *                     "a = @/a?delay=0.01\n");
 *         scene_await_polls("a", 5);
 *         ck_assert_uint_eq(mock_server_connections(mock), 1);
 *     }
 *     END_TEST
 *
 * The tests of a case made by scene_case() begin with a new scene, and end with
 * the program, where it still runs, made to stop: it must exit with status 0.
 */
#ifndef TESTS_LIB_SCENE_H
#define TESTS_LIB_SCENE_H

#include <check.h>
#include <stdbool.h>
#include <stdint.h>

#include "mock_server.h"
#include "rig.h"

enum { SCENE_LIMIT_MS = 15000 }; /* for what takes far less on an idle machine */

extern struct rig *rig;
extern struct mock_server *mock;

TCase *scene_case(Suite *suite, const char *name);

/* The same in a network of the test's own (namespace.h). */
TCase *scene_case_apart(Suite *suite, const char *name);

/* The same where `enter` leads before anything is made, and with `leave` when all is over. */
TCase *scene_case_within(Suite *suite, const char *name, SFun enter, SFun leave);

/*
 * Writes the configuration, in which @ becomes the HOST:PORT of the mock, and
 * returns its path. The next two start the program with it as well, telling
 * everything down to debug; with --count where count is not 0.
 */
const char *scene_config(const char *format, ...) __attribute__((format(printf, 1, 2)));
void scene_start(const char *format, ...) __attribute__((format(printf, 1, 2)));
void scene_start_count(unsigned count, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* Writes the configuration anew, has the program read it, and returns the "reload" event. */
json_t *scene_reload(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* Before a start: not down to debug, but to this level. */
void scene_set_level(const char *name);

/*
 * The test, and the program from its start on, see another file in place of this one of the
 * system. False where the machine does not let us: the test can't be done then.
 */
bool scene_replace_file(const char *system_file, const char *path);

void scene_await_polls(const char *server, size_t count);
void scene_await_exit(int status);

/* Until the log has told so many times that a connection is "open", or in another state. */
void scene_await_connections(const char *state, size_t count);

/* Until the mock has no connection left. */
void scene_await_no_connection(void);

/* Poll number index of the server, from 0. The second fails where it was no failure with `error`.
 */
json_t *scene_poll(const char *server, size_t index);
json_t *scene_failure(const char *server, size_t index, const char *error);

/* Whether the stop cut the poll short; and how many polls were told that it did, or didn't. */
bool scene_is_canceled(const json_t *poll);
size_t scene_count_canceled(const char *server);
size_t scene_count_whole(const char *server);

/* Fails where one of all the polls told so far was not good, but for those that the stop cut. */
void scene_check_all_good(const char *server);

/* Waits for 30 more polls of it; none may be late by as much as a disk or a reader is that hangs.
 */
void scene_check_polls_go_on(const char *server);

/* Fails where a request came before the mock had promised, or nothing was promised. */
void scene_check_punctual(void);

/* Fails where a request came sooner after the one before it than the log had said. */
void scene_check_never_early(const char *server);

/* A member that is a number of seconds, as nanoseconds. */
int64_t scene_ns(const json_t *event, const char *key);

const struct mock_request *scene_request(const char *target, size_t index);

#endif
