/*
 * The rig of the integration tests: one event loop that a test shares with its
 * mock servers, the program under test as a child on it, and a private
 * directory for its files. Each Check test makes its own.
 *
 *     struct rig *rig = rig_new();
 *     struct mock_server *mock = rig_mock(rig);
 *     const char *file = rig_write(rig, "servers.ini", "[servers]\na = %s/a?delay=0.1\n",
 *                                  mock_server_authority(mock));
 *     rig_start(rig, "--log-format=json", "-c", file, NULL);
 *     rig_wait_events(rig, "poll", "a", 3, 2000);
 *     rig_stop(rig);
 *     rig_free(rig);
 *
 * Whatever goes wrong fails the test, with what the program wrote so far on
 * standard error; the directory is left behind then. Limits are milliseconds,
 * times $AIOPOLL_TEST_SLOWNESS (default 1; higher under valgrind). Strings and
 * json_t belong to the rig.
 *
 * The program is $AIOPOLL, or else what AIOPOLL_BINARY was at compile time,
 * run by the words of $AIOPOLL_RUNNER ("valgrind -q") if there are any.
 */
#ifndef TESTS_LIB_RIG_H
#define TESTS_LIB_RIG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <jansson.h>
#include <uv.h>

#include "mock_server.h"

struct rig;

struct rig_exit {
    int status; /* of exit(), where no signal ended it */
    int signal; /* 0: none */
};

struct rig_result {
    struct rig_exit exit;
    const char *out; /* all of standard output and error */
    const char *err;
};

typedef bool rig_predicate(void *arg);

/* Names the place in the test to report; the functions below that end in _at take it. */
#define RIG_TEXT_OF(x) #x
#define RIG_TEXT(x)    RIG_TEXT_OF(x)
#define RIG_HERE       __FILE__ ":" RIG_TEXT(__LINE__)

struct rig *rig_new(void);

/*
 * Kills a program that still runs, frees the peers and mock servers, removes the
 * directory, and closes the loop: a handle that the test left in it fails the
 * test.
 */
void rig_free(struct rig *rig);

uv_loop_t *rig_loop(struct rig *rig);

/* A new mock server on 127.0.0.1, freed by rig_free() or before with rig_free_mock(). */
struct mock_server *rig_mock(struct rig *rig);
void rig_free_mock(struct rig *rig, struct mock_server *mock);

/* The files. rig_read() is NULL where there is none. */
const char *rig_directory(struct rig *rig);
const char *rig_path(struct rig *rig, const char *name);
const char *rig_write(struct rig *rig, const char *name, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
const char *rig_read(struct rig *rig, const char *name);

/*
 * Before a start. The variables come on top of the test's environment (without
 * those that a service manager sets); a NULL value takes one away. With a path,
 * standard output is appended to that file, and there are no lines to read.
 * JSON mode, where each line must be a JSON object, is also on if
 * --log-format=json is among the arguments.
 */
void rig_set_env(struct rig *rig, const char *name, const char *value);
void rig_set_stdout(struct rig *rig, const char *path);
void rig_set_stdout_fd(struct rig *rig, int fd); /* the same with a descriptor, borrowed */
void rig_expect_json(struct rig *rig);

/*
 * Before a start: a line of shell starts the program, for what only a shell can
 * do. In it "$@" is the program with its arguments; it should `exec` that.
 */
void rig_set_shell(struct rig *rig, const char *line);

/*
 * Starts the program with these arguments, up to a NULL. Output of an earlier
 * start is forgotten, with the json_t in it.
 */
void rig_start(struct rig *rig, ...) __attribute__((sentinel));

/*
 * Runs it until it exits, beside one that was started, if so: a -t, --help or
 * --status. The texts are valid until the next rig_run(). Limit: 30 s.
 */
const struct rig_result *rig_run(struct rig *rig, ...) __attribute__((sentinel));

/* The same with a program of the system, looked up in PATH, and the test's own environment. */
const struct rig_result *rig_run_command(struct rig *rig, const char *file, ...)
    __attribute__((sentinel));

/* Of the program that rig_start() started. */
bool rig_is_running(const struct rig *rig);
int rig_pid(const struct rig *rig);
void rig_signal(struct rig *rig, int number);

/*
 * No longer reads standard output, so that the program's pipe fills (4 KiB if
 * this was called before the start, else 64 KiB); or reads on.
 */
void rig_pause_reading(struct rig *rig);
void rig_resume_reading(struct rig *rig);

/* Runs the loop until the predicate is true. */
#define rig_wait(rig, predicate, arg, limit_ms)                                                    \
    rig_wait_at(RIG_HERE, rig, #predicate, predicate, arg, limit_ms)

/* Until that many events were logged; server may be NULL for any. */
#define rig_wait_events(rig, event, server, count, limit_ms)                                       \
    rig_wait_events_at(RIG_HERE, rig, event, server, count, limit_ms)

/* Until standard output, or standard error, contains the text. */
#define rig_wait_stdout(rig, text, limit_ms) rig_wait_stdout_at(RIG_HERE, rig, text, limit_ms)
#define rig_wait_stderr(rig, text, limit_ms) rig_wait_stderr_at(RIG_HERE, rig, text, limit_ms)

/* Until that many requests of the target (NULL: of all) have arrived. */
#define rig_wait_requests(rig, mock, target, count, limit_ms)                                      \
    rig_wait_requests_at(RIG_HERE, rig, mock, target, count, limit_ms)

/* Until the program has exited, and its output was read (unless that is paused). */
#define rig_wait_exit(rig, limit_ms) rig_wait_exit_at(RIG_HERE, rig, limit_ms)

/* SIGTERM, and it must exit with status 0 within 10 s. */
#define rig_stop(rig) rig_stop_at(RIG_HERE, rig)

void rig_wait_at(const char *where, struct rig *rig, const char *what, rig_predicate *predicate,
                 void *arg, unsigned limit_ms);
void rig_wait_events_at(const char *where, struct rig *rig, const char *event, const char *server,
                        size_t count, unsigned limit_ms);
void rig_wait_stdout_at(const char *where, struct rig *rig, const char *text, unsigned limit_ms);
void rig_wait_stderr_at(const char *where, struct rig *rig, const char *text, unsigned limit_ms);
void rig_wait_requests_at(const char *where, struct rig *rig, const struct mock_server *mock,
                          const char *target, size_t count, unsigned limit_ms);
struct rig_exit rig_wait_exit_at(const char *where, struct rig *rig, unsigned limit_ms);
void rig_stop_at(const char *where, struct rig *rig);

/* $AIOPOLL_TEST_SLOWNESS, for limits of a test's own. */
double rig_slowness(void);

/* Runs the loop for that long (not multiplied), for tests that nothing happens. */
void rig_pass(struct rig *rig, unsigned ms);

/* What the program that was started wrote so far: lines without newline, and all of stderr. */
size_t rig_line_count(const struct rig *rig);
const char *rig_line(const struct rig *rig, size_t index);
const char *rig_stdout(const struct rig *rig);
const char *rig_stderr(const struct rig *rig);

/*
 * The JSON lines whose "event" is event (NULL: any) and whose "server" is
 * server (NULL: any or none). The first gives the next one from *cursor on,
 * which begins at 0, or NULL; the second one by its number, or fails.
 */
json_t *rig_next_event(const struct rig *rig, size_t *cursor, const char *event,
                       const char *server);
json_t *rig_event(const struct rig *rig, const char *event, const char *server, size_t index);
size_t rig_count_events(const struct rig *rig, const char *event, const char *server);

/* A member of that type; fails where there is none. */
double rig_number(const json_t *object, const char *key);
const char *rig_string(const json_t *object, const char *key);

#endif
