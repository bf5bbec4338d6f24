#include "ask/explain_text.h"

#include <math.h>
#include <string.h>

#include "ask/people.h"
#include "ask/status_table.h"

enum {
    LABEL_INDENT = 2,
    INDENT = 16, /* of what stands beside a label */
    ROOM_LEAST = 16,
};

static void pad(struct buffer *out, size_t blanks)
{
    for (; blanks > 0; blanks--)
        buffer_text(out, " ");
}

static void label(struct buffer *out, const char *text)
{
    struct buffer shown = {0};
    people_text(&shown, text);
    pad(out, LABEL_INDENT);
    buffer_add(out, shown.bytes, shown.length);
    pad(out, shown.length < INDENT - LABEL_INDENT ? INDENT - LABEL_INDENT - shown.length : 1);
    out->failed |= shown.failed;
    buffer_free(&shown);
}

/* How many bytes of the text go on a line: up to a blank, where there is one to end it at. */
static size_t line_of(const char *text, size_t length, size_t room)
{
    size_t taken = room;
    if (length <= room)
        return length;
    while (taken > 0 && text[taken] != ' ')
        taken--;
    return taken > 0 ? taken : people_cut_before(text, room);
}

/* From the indentation on, and so are the lines after the first. Frees the text. */
static void wrap(struct buffer *out, struct buffer *text, size_t indent, size_t width)
{
    const size_t room = width > indent + ROOM_LEAST ? width - indent : ROOM_LEAST;
    for (size_t at = 0; at < text->length;) {
        const size_t taken = line_of(text->bytes + at, text->length - at, room);
        if (at > 0) {
            buffer_text(out, "\n");
            pad(out, indent);
        }
        buffer_add(out, text->bytes + at, taken);
        at += taken;
        at += at < text->length && text->bytes[at] == ' ';
    }
    buffer_text(out, "\n");
    out->failed |= text->failed;
    buffer_free(text);
}

static void sentences(struct buffer *out, const json_t *why, size_t width)
{
    const json_t *sentence;
    size_t i;
    json_array_foreach(why, i, sentence)
    {
        struct buffer shown = {0};
        people_text(&shown, json_string_value(sentence));
        wrap(out, &shown, 0, width);
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
static void facts(struct buffer *out, const json_t *explain, size_t width)
{
    const char *key;
    json_t *fact;
    json_object_foreach((json_t *)explain, key, fact)
    {
        struct buffer shown = {0};
        label(out, key);
        value(&shown, key, fact);
        wrap(out, &shown, INDENT, width);
    }
}

static void heading(struct buffer *out, const struct server_answer *answer, size_t width)
{
    const struct answer_server *server = &answer->server;
    struct buffer shown = {0};
    people_text(&shown, server->name);
    buffer_print(&shown, " is %s, for ", health_name(server->state));
    people_span(&shown, answer->now - server->since);
    buffer_text(&shown, ".");
    wrap(out, &shown, 0, width);
}

static void url(struct buffer *out, const struct answer_server *server, size_t width)
{
    struct buffer shown = {0};
    label(out, "url");
    people_text(&shown, server->url);
    wrap(out, &shown, INDENT, width);
}

static void last_result(struct buffer *out, const struct answer_server *server, size_t width)
{
    struct buffer shown = {0};
    label(out, "last poll");
    status_result(&shown, server);
    status_attempts(&shown, server);
    wrap(out, &shown, INDENT, width);
}

static void last_times(struct buffer *out, const struct answer_server *server, double now,
                       size_t width)
{
    struct buffer shown = {0};
    label(out, "");
    people_span(&shown, now - server->last);
    buffer_text(&shown, " ago, took ");
    people_span(&shown, server->took);
    if (!isnan(server->late)) {
        buffer_text(&shown, ", ");
        people_span(&shown, server->late);
        buffer_text(&shown, " late");
    }
    wrap(out, &shown, INDENT, width);
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
    heading(out, answer, width);
    buffer_text(out, "\n");
    sentences(out, answer->why, width);
    buffer_text(out, "\n");
    url(out, server, width);
    if (!isnan(server->last)) {
        last_result(out, server, width);
        last_times(out, server, answer->now, width);
    }
    next_poll(out, server, answer->now);
    counts(out, server);
    if (json_object_size(answer->explain) == 0)
        return;
    buffer_text(out, "\n");
    facts(out, answer->explain, width);
}
