#include <stdio.h>
#include <string.h>

#include "base/duration.h"
#include "report/log_private.h"

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
    if (!log_begin(log, &line, level_of_hook(report), "hook"))
        return;
    describe_hook(report, detail, sizeof detail);
    log_line_string(&line, "server", report->server);
    log_line_string(&line, "state", health_name(report->state));
    log_line_string(&line, "detail", detail);
    if (report->said[0] != '\0')
        log_line_string(&line, "stderr", report->said);
    log_line_seconds(&line, "took", log_rounded(report->took));
    if (report->ended_run > 0)
        log_line_integer(&line, "repeated", report->ended_run);
    log_end(log, &line);
}

void log_hooks_dropped(struct log *log, size_t count, const char *why)
{
    struct log_line line;
    if (count == 0 || !log_begin(log, &line, LOG_INFO, "hook"))
        return;
    log_line_string(&line, "detail", why);
    log_line_integer(&line, "dropped", (int64_t)count);
    log_end(log, &line);
}
