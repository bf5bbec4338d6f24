/* The log: which event is told, how gravely, and with which fields. Its formats
 * are documented in aiopoll(1). It only listens: nothing here steers a poll. */
#ifndef AIOPOLL_LOG_H
#define AIOPOLL_LOG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <uv.h>

#include "config/difference.h"
#include "config/problem.h"
#include "config/setting.h"
#include "pace/server.h"
#include "report/hook_report.h"
#include "report/log_sink.h"

struct log {
    struct log_sink sink;
    enum log_format format;
    enum log_level level;
    bool journald; /* the descriptor is the journal's stream */
};

/* Writes to the log file of the settings, which is opened meanwhile, or else to `fd`, which is
 * borrowed. Returns 0 or libuv's error code. */
int log_init(struct log *log, uv_loop_t *loop, struct wakeups *wakeups, int fd,
             const struct daemon_settings *settings);

/* Where there is a log file, waits for it to be opened, at most `limit` ns. Returns 0, also where
 * the disk has not answered until then, is full or is broken, or libuv's error code: it cannot be
 * opened. */
int log_await_file(struct log *log, int64_t limit);

/* The log file is opened anew, by its path; where there is none, that is told. */
void log_reopen(struct log *log);

void log_start(struct log *log, size_t servers);

/* Every server's task runs. */
void log_ready(struct log *log, size_t servers);

void log_poll(struct log *log, const struct poll *poll);

/* Why the next request leaves when it does. */
void log_explain(struct log *log, const struct poll *poll);

/* How a server is has changed. */
void log_change(struct log *log, const struct server_change *change);

/* The certificate of a server is not verified. */
void log_insecure(struct log *log, const char *server);

/* Where the listener listens; not `local`: other machines may ask, too, which is warned of. */
void log_listen(struct log *log, const char *address, bool local);

/* Of `limit` descriptors, `connections` may be open connections: fewer than there are servers. */
void log_descriptors(struct log *log, size_t limit, size_t connections, size_t servers);

/* A connection to `authority` ("host:port") goes from one state to another. */
void log_connection(struct log *log, const char *authority, const char *from, const char *to,
                    bool resumed);

/* What became of the state file; `trouble`: it is worth a warning. */
void log_state_file(struct log *log, bool trouble, const char *file, const char *detail);

/* The configuration was read afresh and applied: what became of the servers; `took` ns. */
void log_reload(struct log *log, const struct difference *difference, int64_t took);

/* The same, and it had problems: nothing was changed. Each is told, and then how many. */
void log_refused(struct log *log, const struct problems *problems);

/* What could not be applied, or not at once: a warning. */
void log_unapplied(struct log *log, const char *detail);

/* What became of a server by a reload. */
void log_applied(struct log *log, const char *server, enum fate fate);

/* From here on the log has this level and format, and goes to this file. That there is one, or
 * none, does not change: that is told. */
void log_configure(struct log *log, const struct daemon_settings *settings);

/* The task of `server`, or with NULL of all, is stuck, or well again. */
void log_watchdog(struct log *log, enum log_level level, const char *server, const char *detail);

/* The service manager cannot be told how things are. */
void log_notify(struct log *log, const char *detail);

/* What became of a hook; of some that were not run, `why`. */
void log_hook(struct log *log, const struct hook_report *report);
void log_hooks_dropped(struct log *log, size_t count, const char *why);

/* `why`: "SIGTERM" or "SIGINT"; "count", as all polls that were asked for are done; or "error". */
void log_stop(struct log *log, const char *why, uint64_t polls, uint64_t failures);

/* Whether all lines have been written. */
bool log_is_told(const struct log *log);

/* Writes what is left, waiting for the reader at most `limit` ns. */
void log_drain(struct log *log, int64_t limit);

/* The same, and for a disk longer, and then closes. The loop has to run on. */
void log_close(struct log *log, int64_t limit);

#endif
