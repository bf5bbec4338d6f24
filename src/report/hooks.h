/* The hooks: a command that is run when a server changes its state.
 *
 * Nothing of it delays a poll. The loop leaves a note in the queue (hook_queue.h) and goes on;
 * some threads take what is there, each runs one command at a time and waits for its end, and
 * hands a report to the loop, which logs it. So neither the making of a process, nor a disk on
 * which the command lies, nor one that writes without end is anything that the loop waits for. */
#ifndef AIOPOLL_HOOKS_H
#define AIOPOLL_HOOKS_H

#include <stdbool.h>
#include <stdint.h>
#include <uv.h>

#include "loop/wakeup.h"
#include "pace/server.h"
#include "report/log.h"

/* How many run at a time. Descriptors: a pipe for each. */
enum { HOOKS_AT_ONCE = 8, HOOKS_DESCRIPTORS = 2 * HOOKS_AT_ONCE };

struct hooks;

/* None is run until hooks_configure(). Takes one of the reserved wake-ups. `log` is borrowed.
 * Returns 0 or libuv's error code, and then *hooks is NULL; ends the process where memory is
 * short. */
int hooks_new(struct hooks **hooks, uv_loop_t *loop, struct wakeups *wakeups, struct log *log);

/* From now on `command` is run, which is copied, with a limit of `limit` ns; with NULL, none. What
 * waits is run by the new one, what runs goes on. Returns 0; or libuv's error code where no thread
 * can be had for it, and then nothing has changed. */
int hooks_configure(struct hooks *hooks, const char *command, int64_t limit);

/* A server has changed its state. Takes no longer than a mutex that nobody holds for long. */
void hooks_note(struct hooks *hooks, const struct server_change *change);

/* A server is polled no more: what waits of it is not told. */
void hooks_forget(struct hooks *hooks, const char *server);

/* Whether all have been run, and that was logged. */
bool hooks_are_done(struct hooks *hooks);

/* Kills what runs and drops what waits, both of which is logged, and waits for the threads at
 * most `limit` ns: only at the end, when there is nothing left to delay. What is noted from now
 * on is ignored. The loop has to run on; then hooks_free(). */
void hooks_close(struct hooks *hooks, int64_t limit);

/* What a thread still uses is left to it: one that waits for its disk, or, without hooks_close(),
 * any. NULL is left alone. */
void hooks_free(struct hooks *hooks);

#endif
