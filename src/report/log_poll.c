#include <string.h>

#include "base/clock.h"
#include "report/log_private.h"

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

static void measure(struct log_line *line, const struct poll *poll)
{
    if (poll->failure.reason != FAILURE_CANCELED)
        log_line_seconds(line, "delay", poll->delay.wait);
    if (poll->delay.clamped)
        log_line_seconds(line, "clamped", poll->delay.said);
    log_line_seconds(line, "took", log_rounded(poll->http->finished - poll->http->started));
    if (poll->late != POLL_UNSENT)
        log_line_seconds(line, "late", log_rounded(poll->late));
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
    if (!log_begin(log, &line, level_of(poll), "poll"))
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
    log_end(log, &line);
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
    if (poll->failure.reason == FAILURE_CANCELED || !log_begin(log, &line, LOG_DEBUG, "explain"))
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
        log_line_seconds(&line, "prepare", log_rounded(poll->http->lead));
    log_line_time(&line, "next", clock_wall() + poll->due - clock_now());
    log_end(log, &line);
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
    if (!log_begin(log, &line, level_of_health(change->to), "change"))
        return;
    log_line_string(&line, "server", told->server->name);
    log_line_string(&line, "state", health_name(change->to));
    log_line_string(&line, "was", health_name(change->from));
    log_line_seconds(&line, "for", log_rounded(change->lasted));
    if (change->silent >= 0)
        log_line_seconds(&line, "silent", log_rounded(change->silent));
    if (change->failure.reason != FAILURE_NONE)
        log_line_string(&line, "error", failure_name(change->failure.reason));
    if (change->failure.reason != FAILURE_NONE && change->failure.detail != NULL)
        log_line_string(&line, "detail", change->failure.detail);
    log_end(log, &line);
}

void log_insecure(struct log *log, const char *server)
{
    struct log_line line;
    if (!log_begin(log, &line, LOG_WARNING, "insecure"))
        return;
    log_line_string(&line, "server", server);
    log_line_string(
        &line, "detail",
        "verify = no: whoever answers is taken for this server, and sees what it is sent");
    log_end(log, &line);
}

void log_connection(struct log *log, const char *authority, const char *from, const char *to,
                    bool resumed)
{
    struct log_line line;
    if (!log_begin(log, &line, LOG_DEBUG, "connection"))
        return;
    log_line_string(&line, "to", authority);
    log_line_string(&line, "was", from);
    log_line_string(&line, "is", to);
    if (resumed)
        log_line_true(&line, "resumed");
    log_end(log, &line);
}
