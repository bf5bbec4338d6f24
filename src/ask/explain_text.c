#include "ask/explain_text.h"

#include <math.h>
#include <string.h>

#include "ask/people.h"
#include "ask/status_table.h"

enum { LABEL_WIDTH = 14 };

static void label(struct buffer *out, const char *text)
{
    struct buffer shown = {0};
    people_text(&shown, text);
    buffer_text(out, "  ");
    buffer_add(out, shown.bytes, shown.length);
    for (size_t i = shown.length; i < LABEL_WIDTH || i == shown.length; i++)
        buffer_text(out, " ");
    out->failed |= shown.failed;
    buffer_free(&shown);
}

/* Words, each behind a blank or at the beginning of the next line. */
static void wrap(struct buffer *out, const char *text, size_t length, size_t width)
{
    size_t at = 0;
    while (length > 0) {
        const char *blank = memchr(text, ' ', length);
        const size_t word = blank == NULL ? length : (size_t)(blank - text);
        const bool fits = at + 1 + word <= width;
        if (at > 0)
            buffer_text(out, fits ? " " : "\n");
        buffer_add(out, text, word);
        at = at > 0 && fits ? at + 1 + word : word;
        length -= blank == NULL ? word : word + 1;
        text += blank == NULL ? word : word + 1;
    }
    buffer_text(out, "\n");
}

static void sentences(struct buffer *out, const json_t *why, size_t width)
{
    const json_t *sentence;
    size_t i;
    json_array_foreach(why, i, sentence)
    {
        struct buffer shown = {0};
        people_text(&shown, json_string_value(sentence));
        wrap(out, shown.bytes, shown.length, width);
        out->failed |= shown.failed;
        buffer_free(&shown);
    }
}

static bool is_span(const char *key)
{
    static const char *const spans[] = {"said",        "scaled", "back-off", "jitter",
                                        "retry-after", "wait",   "prepare"};
    size_t i = 0;
    while (i < sizeof spans / sizeof *spans && strcmp(key, spans[i]) != 0)
        i++;
    return i < sizeof spans / sizeof *spans;
}

static void value(struct buffer *out, const char *key, const json_t *value)
{
    if (json_is_string(value))
        people_text(out, json_string_value(value));
    else if (json_is_number(value))
        buffer_print(out, "%.15g%s", json_number_value(value), is_span(key) ? " s" : "");
    else if (json_is_boolean(value))
        buffer_text(out, json_is_true(value) ? "yes" : "no");
    else
        buffer_text(out, "-");
}

/* The daemon's own, as they are: exact, and under their names in the log. */
static void facts(struct buffer *out, const json_t *explain)
{
    const char *key;
    json_t *fact;
    json_object_foreach((json_t *)explain, key, fact)
    {
        label(out, key);
        value(out, key, fact);
        buffer_text(out, "\n");
    }
}

static void last_poll(struct buffer *out, const struct answer_server *server, double now)
{
    if (isnan(server->last))
        return;
    label(out, "last poll");
    status_result(out, server);
    buffer_text(out, "\n");
    label(out, "");
    people_span(out, now - server->last);
    buffer_text(out, " ago, took ");
    people_span(out, server->took);
    if (!isnan(server->late)) {
        buffer_text(out, ", ");
        people_span(out, server->late);
        buffer_text(out, " late");
    }
    buffer_text(out, "\n");
}

static void next_poll(struct buffer *out, const struct answer_server *server, double now)
{
    label(out, "next poll");
    status_next(out, server, now);
    buffer_text(out, "\n");
}

static void counts(struct buffer *out, const struct answer_server *server)
{
    label(out, "polls");
    people_count(out, server->polls);
    buffer_text(out, ", ");
    people_count(out, server->failures);
    buffer_text(out, " failed\n");
}

void explain_text(struct buffer *out, const struct server_answer *answer, size_t width)
{
    const struct answer_server *server = &answer->server;
    people_text(out, server->name);
    buffer_print(out, " is %s, for ", health_name(server->state));
    people_span(out, answer->now - server->since);
    buffer_text(out, ".\n\n");
    sentences(out, answer->why, width);
    buffer_text(out, "\n");
    label(out, "url");
    people_text(out, server->url);
    buffer_text(out, "\n");
    last_poll(out, server, answer->now);
    next_poll(out, server, answer->now);
    counts(out, server);
    if (json_object_size(answer->explain) == 0)
        return;
    buffer_text(out, "\n");
    facts(out, answer->explain);
}
