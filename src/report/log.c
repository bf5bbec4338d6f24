#include "report/log.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/container_of.h"
#include "base/duration.h"
#include "report/log_private.h"

bool log_begin(struct log *log, struct log_line *line, enum log_level level, const char *event)
{
    if (level > log->level)
        return false;
    char *buffer = log_sink_reserve(&log->sink, LOG_LINE_MAX);
    if (buffer == NULL)
        return false;
    log_line_begin(line, buffer, log->format, log->journald, clock_wall(), level, event);
    return true;
}

void log_end(struct log *log, struct log_line *line)
{
    log_sink_commit(&log->sink, log_line_end(line));
}

int64_t log_rounded(int64_t ns)
{
    return (ns + (ns < 0 ? -999 : 500)) / 1000 * 1000;
}

static void on_resumed(struct log_sink *sink, uint64_t dropped)
{
    struct log *log = container_of(sink, struct log, sink);
    struct log_line line;
    if (!log_begin(log, &line, LOG_ERROR, "dropped"))
        return;
    log_line_integer(&line, "lines", (int64_t)dropped);
    log_end(log, &line);
}

/* About the state file or the log file; NULL: there is none. */
static void tell_of_file(struct log *log, const char *event, bool trouble, const char *file,
                         const char *detail)
{
    struct log_line line;
    if (!log_begin(log, &line, trouble ? LOG_WARNING : LOG_INFO, event))
        return;
    if (file != NULL)
        log_line_string(&line, "file", file);
    log_line_string(&line, "detail", detail);
    log_end(log, &line);
}

static void on_told(struct log_sink *sink, bool trouble, const char *path, const char *sentence)
{
    tell_of_file(container_of(sink, struct log, sink), "log-file", trouble, path, sentence);
}

/* $JOURNAL_STREAM is "DEVICE:INODE" of the journal's socket: systemd.exec(5). */
static bool is_journal(int fd)
{
    const char *stream = getenv("JOURNAL_STREAM");
    char own[64];
    struct stat info;
    if (stream == NULL || fstat(fd, &info) != 0)
        return false;
    snprintf(own, sizeof own, "%llu:%llu", (unsigned long long)info.st_dev,
             (unsigned long long)info.st_ino);
    return strcmp(own, stream) == 0;
}

int log_init(struct log *log, uv_loop_t *loop, struct wakeups *wakeups, int fd,
             const struct daemon_settings *settings)
{
    *log = (struct log){.format = (enum log_format)settings->log_format,
                        .level = (enum log_level)settings->log_level,
                        .journald = settings->log_file == NULL && is_journal(fd)};
    const struct log_sink_listener listener = {on_resumed, on_told};
    return log_sink_init(&log->sink, loop, wakeups, settings->log_file, fd, &listener);
}

int log_await_file(struct log *log, int64_t limit)
{
    return log_sink_await_file(&log->sink, limit);
}

void log_reopen(struct log *log)
{
    if (!log_sink_reopen(&log->sink))
        tell_of_file(log, "log-file", false, NULL, "there is none that could be opened anew");
}

void log_start(struct log *log, size_t servers)
{
    struct log_line line;
    if (!log_begin(log, &line, LOG_INFO, "start"))
        return;
    log_line_string(&line, "version", AIOPOLL_VERSION);
    log_line_integer(&line, "pid", getpid());
    log_line_integer(&line, "servers", (int64_t)servers);
    log_end(log, &line);
}

void log_ready(struct log *log, size_t servers)
{
    struct log_line line;
    if (!log_begin(log, &line, LOG_INFO, "ready"))
        return;
    log_line_integer(&line, "servers", (int64_t)servers);
    log_end(log, &line);
}

void log_listen(struct log *log, const char *address, bool local)
{
    struct log_line line;
    if (!log_begin(log, &line, local ? LOG_INFO : LOG_WARNING, "listen"))
        return;
    log_line_string(&line, "address", address);
    if (!local)
        log_line_string(
            &line, "detail",
            "whoever reaches this address may read what is served here, and so may any web "
            "page in a browser there");
    log_end(log, &line);
}

void log_descriptors(struct log *log, size_t limit, size_t connections, size_t servers)
{
    struct log_line line;
    if (!log_begin(log, &line, LOG_WARNING, "descriptors"))
        return;
    log_line_integer(&line, "limit", (int64_t)limit);
    log_line_integer(&line, "connections", (int64_t)connections);
    log_line_integer(&line, "servers", (int64_t)servers);
    log_line_string(&line, "detail",
                    "fewer connections than servers: those that are unused longest are closed, "
                    "and requests may wait; a higher limit (LimitNOFILE=, ulimit -n) mends that");
    log_end(log, &line);
}

void log_state_file(struct log *log, bool trouble, const char *file, const char *detail)
{
    tell_of_file(log, "state-file", trouble, file, detail);
}

void log_watchdog(struct log *log, enum log_level level, const char *server, const char *detail)
{
    struct log_line line;
    if (!log_begin(log, &line, level, "watchdog"))
        return;
    if (server != NULL)
        log_line_string(&line, "server", server);
    log_line_string(&line, "detail", detail);
    log_end(log, &line);
}

void log_notify(struct log *log, const char *detail)
{
    struct log_line line;
    if (!log_begin(log, &line, LOG_WARNING, "notify"))
        return;
    log_line_string(&line, "detail", detail);
    log_end(log, &line);
}

void log_configure(struct log *log, const struct daemon_settings *settings)
{
    log->format = (enum log_format)settings->log_format;
    log->level = (enum log_level)settings->log_level;
    if (!log_sink_redirect(&log->sink, settings->log_file))
        log_unapplied(log, "a log-file that is new or left out takes effect at the next start, not "
                           "by a reload");
}

void log_stop(struct log *log, const char *why, uint64_t polls, uint64_t failures)
{
    struct log_line line;
    if (!log_begin(log, &line, LOG_INFO, "stop"))
        return;
    log_line_string(&line, "why", why);
    log_line_integer(&line, "polls", (int64_t)polls);
    log_line_integer(&line, "failures", (int64_t)failures);
    log_end(log, &line);
}

bool log_is_told(const struct log *log)
{
    return log_sink_is_empty(&log->sink);
}

void log_drain(struct log *log, int64_t limit)
{
    log_sink_drain(&log->sink, limit);
}

void log_close(struct log *log, int64_t limit)
{
    log_sink_close(&log->sink, limit);
}
