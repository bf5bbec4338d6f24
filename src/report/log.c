#include "report/log.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/container_of.h"
#include "base/duration.h"
#include "report/log_line.h"

/* False: the event is not told, or its line is dropped. Else end() follows. */
static bool begin(struct log *log, struct log_line *line, enum log_level level, const char *event)
{
    if (level > log->level)
        return false;
    char *buffer = log_sink_reserve(&log->sink, LOG_LINE_MAX);
    if (buffer == NULL)
        return false;
    log_line_begin(line, buffer, log->format, log->journald, clock_wall(), level, event);
    return true;
}

static void end(struct log *log, struct log_line *line)
{
    log_sink_commit(&log->sink, log_line_end(line));
}

static void on_resumed(struct log_sink *sink, uint64_t dropped)
{
    struct log *log = container_of(sink, struct log, sink);
    struct log_line line;
    if (!begin(log, &line, LOG_ERROR, "dropped"))
        return;
    log_line_integer(&line, "lines", (int64_t)dropped);
    end(log, &line);
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
                        .journald = is_journal(fd)};
    return log_sink_init(&log->sink, loop, wakeups, fd, on_resumed);
}

void log_start(struct log *log, size_t servers)
{
    struct log_line line;
    if (!begin(log, &line, LOG_INFO, "start"))
        return;
    log_line_string(&line, "version", AIOPOLL_VERSION);
    log_line_integer(&line, "pid", getpid());
    log_line_integer(&line, "servers", (int64_t)servers);
    end(log, &line);
}

void log_ready(struct log *log, size_t servers)
{
    struct log_line line;
    if (!begin(log, &line, LOG_INFO, "ready"))
        return;
    log_line_integer(&line, "servers", (int64_t)servers);
    end(log, &line);
}

static void add_url(struct log_line *line, const struct server_config *server)
{
    char origin[URL_ORIGIN_SIZE];
    log_line_string(line, "url", url_shown(&server->url, server->secret_url, origin));
}

/* What only scripts need. */
static void identify(struct log_line *line, const struct poll *poll)
{
    if (line->format != LOG_FORMAT_JSON)
        return;
    add_url(line, poll->server);
    log_line_string(line, "result", poll->failure.reason == FAILURE_NONE ? "ok" : "error");
}

/* Microseconds are as fine as anybody wants to read it. But what is below zero, as an early
 * request would be, is never shown as nothing. */
static int64_t rounded(int64_t ns)
{
    return (ns + (ns < 0 ? -999 : 500)) / 1000 * 1000;
}

static void measure(struct log_line *line, const struct poll *poll)
{
    if (poll->failure.reason != FAILURE_CANCELED)
        log_line_seconds(line, "delay", poll->delay.wait);
    if (poll->delay.clamped)
        log_line_seconds(line, "clamped", poll->delay.said);
    log_line_seconds(line, "took", rounded(poll->http->finished - poll->http->started));
    if (poll->late != POLL_UNSENT)
        log_line_seconds(line, "late", rounded(poll->late));
    if (poll->http->reused)
        log_line_true(line, "reused");
    if (poll->http->redirects > 0)
        log_line_integer(line, "redirects", poll->http->redirects);
}

/* A failure is told once, as a warning; while it repeats itself it is debug, but for
 * what is clamped, which is always told. */
static enum log_level level_of(const struct poll *poll)
{
    if (poll->failure.reason == FAILURE_NONE)
        return LOG_INFO;
    if (poll->failure.reason == FAILURE_CANCELED)
        return LOG_DEBUG;
    if (poll->repeated == 1)
        return LOG_WARNING;
    return poll->delay.clamped ? LOG_INFO : LOG_DEBUG;
}

void log_poll(struct log *log, const struct poll *poll)
{
    struct log_line line;
    if (!begin(log, &line, level_of(poll), "poll"))
        return;
    log_line_string(&line, "server", poll->server->name);
    identify(&line, poll);
    if (poll->http->status != 0)
        log_line_integer(&line, "status", poll->http->status);
    measure(&line, poll);
    if (poll->failure.reason != FAILURE_NONE) {
        log_line_string(&line, "error", failure_name(poll->failure.reason));
        log_line_string(&line, "detail", poll->failure.detail);
        log_line_integer(&line, "attempt", poll->attempt);
    } else if (poll->http->note != NULL) {
        log_line_string(&line, "detail", poll->http->note);
    }
    if (poll->ended_run > 0)
        log_line_integer(&line, "repeated", poll->ended_run);
    end(log, &line);
}

static void explain_good(struct log_line *line, const struct poll *poll)
{
    const struct server_settings *settings = poll->server->settings;
    if (settings->delay_scale != DELAY_SCALE_ONE) {
        log_line_seconds(line, "scale", settings->delay_scale); /* in parts of 1e9, as ns are */
        log_line_seconds(line, "scaled", poll->delay.said);
    }
    if (poll->delay.clamped)
        log_line_string(line, "clamped-to",
                        poll->delay.said > poll->delay.wait ? "max-delay" : "min-delay");
}

static void explain_failed(struct log_line *line, const struct poll *poll)
{
    const struct delay *delay = &poll->delay;
    log_line_integer(line, "attempt", poll->attempt);
    log_line_seconds(line, "back-off", delay->back_off);
    if (delay->paced)
        log_line_true(line, "as-last-delay");
    log_line_seconds(line, "jitter", delay->jitter);
    if (delay->said >= 0)
        log_line_seconds(line, "retry-after", delay->said);
    if (delay->clamped)
        log_line_string(line, "clamped-to", "max-delay");
}

void log_explain(struct log *log, const struct poll *poll)
{
    struct log_line line;
    const struct delay_reading *reading = poll->reading;
    if (poll->failure.reason == FAILURE_CANCELED || !begin(log, &line, LOG_DEBUG, "explain"))
        return;
    log_line_string(&line, "server", poll->server->name);
    if (reading->source != NULL)
        log_line_string(&line, "source", reading->source->item);
    if (reading->raw[0] != '\0')
        log_line_string(&line, "raw", reading->raw);
    if (reading->said >= 0)
        log_line_seconds(&line, "said", reading->said);
    if (poll->failure.reason == FAILURE_NONE)
        explain_good(&line, poll);
    else
        explain_failed(&line, poll);
    log_line_seconds(&line, "wait", poll->delay.wait);
    if (poll->http->lead > 0)
        log_line_seconds(&line, "prepare", rounded(poll->http->lead));
    log_line_time(&line, "next", clock_wall() + poll->due - clock_now());
    end(log, &line);
}

static enum log_level level_of_health(enum health health)
{
    switch (health) {
    case HEALTH_OK: return LOG_INFO;
    case HEALTH_FAILING: return LOG_WARNING;
    case HEALTH_OVERDUE: break;
    }
    return LOG_ERROR;
}

void log_change(struct log *log, const struct server_change *told)
{
    const struct health_change *change = &told->health;
    struct log_line line;
    if (!begin(log, &line, level_of_health(change->to), "change"))
        return;
    log_line_string(&line, "server", told->server->name);
    log_line_string(&line, "state", health_name(change->to));
    log_line_string(&line, "was", health_name(change->from));
    log_line_seconds(&line, "for", rounded(change->lasted));
    if (change->silent >= 0)
        log_line_seconds(&line, "silent", rounded(change->silent));
    if (change->failure.reason != FAILURE_NONE)
        log_line_string(&line, "error", failure_name(change->failure.reason));
    if (change->failure.reason != FAILURE_NONE && change->failure.detail != NULL)
        log_line_string(&line, "detail", change->failure.detail);
    end(log, &line);
}

void log_insecure(struct log *log, const char *server)
{
    struct log_line line;
    if (!begin(log, &line, LOG_WARNING, "insecure"))
        return;
    log_line_string(&line, "server", server);
    log_line_string(
        &line, "detail",
        "verify = no: whoever answers is taken for this server, and sees what it is sent");
    end(log, &line);
}

void log_descriptors(struct log *log, size_t limit, size_t connections, size_t servers)
{
    struct log_line line;
    if (!begin(log, &line, LOG_WARNING, "descriptors"))
        return;
    log_line_integer(&line, "limit", (int64_t)limit);
    log_line_integer(&line, "connections", (int64_t)connections);
    log_line_integer(&line, "servers", (int64_t)servers);
    log_line_string(&line, "detail",
                    "fewer connections than servers: those that are unused longest are closed, "
                    "and requests may wait; a higher limit (LimitNOFILE=, ulimit -n) mends that");
    end(log, &line);
}

void log_connection(struct log *log, const char *authority, const char *from, const char *to,
                    bool resumed)
{
    struct log_line line;
    if (!begin(log, &line, LOG_DEBUG, "connection"))
        return;
    log_line_string(&line, "to", authority);
    log_line_string(&line, "was", from);
    log_line_string(&line, "is", to);
    if (resumed)
        log_line_true(&line, "resumed");
    end(log, &line);
}

void log_state_file(struct log *log, bool trouble, const char *file, const char *detail)
{
    struct log_line line;
    if (!begin(log, &line, trouble ? LOG_WARNING : LOG_INFO, "state-file"))
        return;
    log_line_string(&line, "file", file);
    log_line_string(&line, "detail", detail);
    end(log, &line);
}

void log_watchdog(struct log *log, enum log_level level, const char *server, const char *detail)
{
    struct log_line line;
    if (!begin(log, &line, level, "watchdog"))
        return;
    if (server != NULL)
        log_line_string(&line, "server", server);
    log_line_string(&line, "detail", detail);
    end(log, &line);
}

void log_notify(struct log *log, const char *detail)
{
    struct log_line line;
    if (!begin(log, &line, LOG_WARNING, "notify"))
        return;
    log_line_string(&line, "detail", detail);
    end(log, &line);
}

void log_reload(struct log *log, const struct difference *difference, int64_t took)
{
    struct log_line line;
    if (!begin(log, &line, LOG_INFO, "reload"))
        return;
    log_line_string(&line, "result", "ok");
    log_line_integer(&line, "servers", (int64_t)difference->count);
    log_line_integer(&line, "added", (int64_t)difference->added);
    log_line_integer(&line, "changed", (int64_t)(difference->changed + difference->moved));
    log_line_integer(&line, "removed", (int64_t)difference->removed);
    log_line_seconds(&line, "took", rounded(took));
    end(log, &line);
}

static void log_problem(struct log *log, const char *text)
{
    struct log_line line;
    if (!begin(log, &line, LOG_ERROR, "problem"))
        return;
    log_line_string(&line, "detail", text);
    end(log, &line);
}

void log_refused(struct log *log, const struct problems *problems)
{
    struct log_line line;
    for (size_t i = 0; i < problems->count; i++)
        log_problem(log, problems->list[i].text);
    if (!begin(log, &line, LOG_ERROR, "reload"))
        return;
    log_line_string(&line, "result", "error");
    log_line_integer(&line, "problems", (int64_t)problems->count);
    log_line_string(&line, "detail", "nothing was changed");
    end(log, &line);
}

void log_unapplied(struct log *log, const char *detail)
{
    struct log_line line;
    if (!begin(log, &line, LOG_WARNING, "problem"))
        return;
    log_line_string(&line, "detail", detail);
    end(log, &line);
}

void log_applied(struct log *log, const char *server, enum fate fate)
{
    struct log_line line;
    if (!begin(log, &line, LOG_DEBUG, "applied"))
        return;
    log_line_string(&line, "server", server);
    log_line_string(&line, "change", fate_name(fate));
    end(log, &line);
}

void log_configure(struct log *log, const struct daemon_settings *settings)
{
    log->format = (enum log_format)settings->log_format;
    log->level = (enum log_level)settings->log_level;
}

/* As a poll: what is right is told where it ends a run of failures. */
static enum log_level level_of_hook(const struct hook_report *report)
{
    switch (report->end) {
    case HOOK_STOPPED:
    case HOOK_LEFT: return LOG_INFO;
    case HOOK_EXITED:
    case HOOK_SIGNALED:
    case HOOK_KILLED:
    case HOOK_UNSTARTED:
    case HOOK_STUCK: break;
    }
    if (report->repeated == 0)
        return report->ended_run > 0 ? LOG_INFO : LOG_DEBUG;
    return report->repeated == 1 ? LOG_WARNING : LOG_DEBUG;
}

static void describe_signal(int number, char *out, size_t size)
{
    const char *name = sigabbrev_np(number);
    if (name != NULL)
        snprintf(out, size, "ended by SIG%s", name);
    else
        snprintf(out, size, "ended by signal %d", number);
}

static void describe_hook(const struct hook_report *report, char *out, size_t size)
{
    char limit[DURATION_SIZE];
    duration_text(limit, report->limit);
    switch (report->end) {
    case HOOK_EXITED: snprintf(out, size, "exit status %d", report->code); break;
    case HOOK_SIGNALED: describe_signal(report->code, out, size); break;
    case HOOK_KILLED: snprintf(out, size, "killed after %s", limit); break;
    case HOOK_UNSTARTED:
        snprintf(out, size, "cannot be started: %s", strerror(report->code));
        break;
    case HOOK_STUCK:
        snprintf(out, size, "has not started for %s, as a disk does not answer", limit);
        break;
    case HOOK_STOPPED: snprintf(out, size, "killed, as aiopoll is stopping"); break;
    case HOOK_LEFT: snprintf(out, size, "left, as aiopoll is stopping, and it does not end"); break;
    }
}

void log_hook(struct log *log, const struct hook_report *report)
{
    struct log_line line;
    char detail[128];
    if (!begin(log, &line, level_of_hook(report), "hook"))
        return;
    describe_hook(report, detail, sizeof detail);
    log_line_string(&line, "server", report->server);
    log_line_string(&line, "state", health_name(report->state));
    log_line_string(&line, "detail", detail);
    if (report->said[0] != '\0')
        log_line_string(&line, "stderr", report->said);
    log_line_seconds(&line, "took", rounded(report->took));
    if (report->ended_run > 0)
        log_line_integer(&line, "repeated", report->ended_run);
    end(log, &line);
}

void log_hooks_dropped(struct log *log, size_t count, const char *why)
{
    struct log_line line;
    if (count == 0 || !begin(log, &line, LOG_INFO, "hook"))
        return;
    log_line_string(&line, "detail", why);
    log_line_integer(&line, "dropped", (int64_t)count);
    end(log, &line);
}
void log_stop(struct log *log, const char *why, uint64_t polls, uint64_t failures)
{
    struct log_line line;
    if (!begin(log, &line, LOG_INFO, "stop"))
        return;
    log_line_string(&line, "why", why);
    log_line_integer(&line, "polls", (int64_t)polls);
    log_line_integer(&line, "failures", (int64_t)failures);
    end(log, &line);
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
