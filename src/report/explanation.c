#include "report/explanation.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/duration.h"
#include "base/escape.h"
#include "report/json_member.h"

/* --- facts ---------------------------------------------------------------------------------- */

static void add_good(struct buffer *out, const struct board_row *row)
{
    const struct delay *delay = &row->delay;
    if (row->scale != DELAY_SCALE_ONE) {
        json_member_span(out, "scale", row->scale); /* in parts of 1e9, as ns are */
        json_member_span(out, "scaled", delay->said);
    }
    if (delay->clamped)
        json_member_text(out, "clamped-to", delay->said > delay->wait ? "max-delay" : "min-delay");
}

static void add_failed(struct buffer *out, const struct board_row *row)
{
    const struct delay *delay = &row->delay;
    buffer_print(out, ",\"attempt\":%u", row->attempt);
    json_member_span(out, "back-off", delay->back_off);
    if (delay->paced)
        buffer_text(out, ",\"as-last-delay\":true");
    json_member_span(out, "jitter", delay->jitter);
    if (delay->said >= 0)
        json_member_span(out, "retry-after", delay->said);
    if (delay->clamped)
        json_member_text(out, "clamped-to", "max-delay");
}

void explanation_facts(struct buffer *out, const struct board_row *row)
{
    const char *source = row->source;
    char wait[DURATION_SIZE];
    duration_seconds(wait, row->delay.wait);
    buffer_print(out, "{\"wait\":%s", wait);
    if (source != NULL)
        json_member_text(out, "source", source);
    if (row->raw != NULL)
        json_member_text(out, "raw", row->raw);
    if (row->said >= 0)
        json_member_span(out, "said", row->said);
    if (row->reason == FAILURE_NONE)
        add_good(out, row);
    else
        add_failed(out, row);
    if (row->prepare > 0)
        json_member_span(out, "prepare", row->prepare);
    buffer_text(out, "}");
}

/* --- sentences ------------------------------------------------------------------------------- */

static void begin(struct buffer *out, bool *first)
{
    buffer_text(out, *first ? "" : ",");
    *first = false;
}

__attribute__((format(printf, 3, 4))) static void say(struct buffer *out, bool *first,
                                                      const char *format, ...)
{
    char sentence[512];
    va_list args;
    va_start(args, format);
    vsnprintf(sentence, sizeof sentence, format, args);
    va_end(args);
    begin(out, first);
    buffer_json(out, sentence);
}

static void say_reading(struct buffer *out, bool *first, const struct board_row *row)
{
    char quoted[QUOTE_SIZE], span[DURATION_SIZE];
    const char *source = row->source, *raw = row->raw == NULL ? "" : row->raw;
    if (row->said < 0)
        return;
    escape_quote(quoted, sizeof quoted, raw, strlen(raw));
    if (row->raw == NULL)
        say(out, first, "The server said %s, in %s.", duration_text(span, row->said),
            source == NULL ? "its response" : source);
    else
        say(out, first, "The server said %s, in %s: %s.", quoted,
            source == NULL ? "its response" : source, duration_text(span, row->said));
}

static void say_good(struct buffer *out, bool *first, const struct board_row *row)
{
    char scaled[DURATION_SIZE], scale[DURATION_SIZE], span[DURATION_SIZE];
    const struct delay *delay = &row->delay;
    if (row->scale != DELAY_SCALE_ONE) {
        duration_seconds(scale, row->scale);
        say(out, first, "Times delay-scale, %s, that is %s.", scale,
            duration_text(scaled, delay->said));
    }
    if (delay->clamped)
        say(out, first, "That is %s than %s, which is %s.",
            delay->said > delay->wait ? "more" : "less",
            delay->said > delay->wait ? "max-delay" : "min-delay",
            duration_text(span, delay->wait));
}

static void say_failed(struct buffer *out, bool *first, const struct board_row *row)
{
    char span[DURATION_SIZE], jitter[DURATION_SIZE];
    const struct delay *delay = &row->delay;
    say(out, first, "The last poll failed (%s): %s.", failure_name(row->reason),
        row->detail == NULL ? "no more is known" : row->detail);
    say(out, first, "After %u failure%s in a row the back-off is %s%s.", row->attempt,
        row->attempt == 1 ? "" : "s", duration_text(span, delay->back_off),
        delay->paced ? ", cut to the last delay of the server" : "");
    if (delay->jitter > 0)
        say(out, first, "Chance took %s off it.", duration_text(jitter, delay->jitter));
    if (delay->asked)
        say(out, first, "But the server asked for %s, by Retry-After, which is longer.",
            duration_text(span, delay->said));
    if (delay->clamped)
        say(out, first, "That is more than max-delay, which is %s.",
            duration_text(span, delay->wait));
}

/* The row of one that a reload gave another URL is a new one. */
static void say_new(struct buffer *out, bool *first, const struct server *server)
{
    say(out, first,
        "It has not been polled since aiopoll was started, or a reload gave it this URL.");
    if (server->state == SERVER_FETCHING)
        say(out, first, "The first poll is under way.");
    else if (server->promised)
        say(out, first,
            "The moment of its next request was promised before, as the state file has it.");
    else
        say(out, first, "First requests are spread over time, by start-rate.");
}

static void say_last(struct buffer *out, bool *first, const struct board_row *row)
{
    char wait[DURATION_SIZE], prepare[DURATION_SIZE];
    if (row->reason == FAILURE_NONE) {
        say_reading(out, first, row);
        say_good(out, first, row);
    } else {
        say_failed(out, first, row);
    }
    say(out, first, "So the next request leaves %s after the end of the last poll.",
        duration_text(wait, row->delay.wait));
    if (row->prepare > 0)
        say(out, first, "The connection for the last one was begun %s before it was due.",
            duration_text(prepare, row->prepare));
}

void explanation_sentences(struct buffer *out, const struct board_row *row,
                           const struct server *server)
{
    bool first = true;
    buffer_text(out, "[");
    if (row->count == 0)
        say_new(out, &first, server);
    else
        say_last(out, &first, row);
    buffer_text(out, "]");
}
