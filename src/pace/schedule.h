/* The schedule across restarts: what servers were promised is kept in a file, and known again at
 * the next start.
 *
 * A disk may hang, and no poll may wait for it. So a thread does all that concerns the file, and
 * owns the table of promises; the loop only leaves notes for it, and goes on. The thread writes a
 * change at once where it was idle, and else some 10 ms later together with others; at most once
 * a second it has them synced. So a process that is killed has lost some milliseconds, and one
 * whose disk is slow what changed while it was waited for.
 *
 * Servers are known by their rows, in the file by their names. The rows of those that it was
 * started with are their indices in that list, of which nothing is borrowed. */
#ifndef AIOPOLL_SCHEDULE_H
#define AIOPOLL_SCHEDULE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <uv.h>

#include "config/config.h"
#include "pace/promises.h"

struct schedule;

/* Is called from the loop, and from within schedule_start() and schedule_close(), with a sentence
 * about the file: what went wrong, or works again. Each trouble is told once, however often it
 * repeats itself. */
struct schedule_listener {
    void (*tell)(void *user, bool trouble, const char *sentence);
    void *user;
};

/* Starts the thread, and waits for it to read the file, at most `limit` ns. Returns 0 or libuv's
 * error code; then *schedule is NULL. A file that cannot be read or written is no such error. Ends
 * the process where memory is short. */
int schedule_start(struct schedule **schedule, uv_loop_t *loop, const char *path,
                   const struct server_config *servers, size_t count,
                   const struct schedule_listener *listener, int64_t limit);

/* What the file said about a server. Valid until the first of the notes below. */
bool schedule_recall(const struct schedule *schedule, size_t row, struct promise *promise);

/* The notes take no longer than a mutex that nobody holds for long, and no more memory than one
 * for each row, however long the disk hangs. */

/* From here on the row is that of this server, which is promised nothing yet. It may be the first
 * that was never used, or one that was forgotten. */
void schedule_name(struct schedule *schedule, size_t row, const struct server_config *server);

/* The row is nobody's, and its server will not be in the file any more. */
void schedule_forget(struct schedule *schedule, size_t row);

/* The server has been promised this. */
void schedule_note(struct schedule *schedule, size_t row, const struct promise *promise);

/* Has the rest saved, and waits for that at most `limit` ns: only at the end, when there is
 * nothing left to delay. The loop has to run on; then schedule_free(). */
void schedule_close(struct schedule *schedule, int64_t limit);

/* What a thread still uses that waits for its disk is left to it. */
void schedule_free(struct schedule *schedule);

#endif
