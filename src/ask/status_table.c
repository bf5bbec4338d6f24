#include "ask/status_table.h"

#include <math.h>
#include <stdint.h>
#include <string.h>

#include "ask/people.h"
#include "http/failure.h"

enum {
    STATE,
    SERVER,
    FOR,
    NEXT,
    DELAY,
    LATE,
    TOOK,
    POLLS,
    FAILED,
    URL,
    RESULT,
    COLUMNS /* from left to right */
};

static const struct column {
    const char *title;
    bool right; /* aligned so */
} columns[COLUMNS] = {
    [STATE] = {"STATE", false}, [SERVER] = {"SERVER", false},      [FOR] = {"FOR", true},
    [NEXT] = {"NEXT", false},   [DELAY] = {"DELAY", true},         [LATE] = {"LATE", true},
    [TOOK] = {"TOOK", true},    [POLLS] = {"POLLS", true},         [FAILED] = {"FAILED", true},
    [URL] = {"URL", false},     [RESULT] = {"LAST RESULT", false},
};

/* What is left out last comes first. */
static const int importance[COLUMNS] = {SERVER, STATE, RESULT, NEXT,   FOR, DELAY,
                                        LATE,   TOOK,  POLLS,  FAILED, URL};

enum {
    GAP = 2,               /* between two columns */
    RESULT_BEGINNING = 28, /* so much of a result is worth more than the column DELAY, */
    RESULT_ENOUGH = 48,    /* and so much of it more than those after that */
    URL_LEAST = 24,
    URL_ENOUGH = 48,
    UNBOUND_MOST = 64, /* where nothing is cut, a cell that is longer makes its own row longer */
};

struct table {
    const struct status_answer *answer;
    const struct screen *screen;
    size_t natural[COLUMNS]; /* the width that all of its cells fit in */
    size_t width[COLUMNS];   /* that it gets; 0: it is left out */
    size_t used;             /* of the line */
    struct buffer cell;
};

void status_result(struct buffer *out, const struct answer_server *server)
{
    if (server->error == NULL) {
        if (server->status != 0)
            buffer_print(out, "%lld", (long long)server->status);
        else
            buffer_text(out, isnan(server->last) ? "not polled yet" : "-");
        return;
    }
    people_text(out, server->error);
    if (strcmp(server->error, failure_name(FAILURE_STATUS)) == 0 && server->status != 0)
        buffer_print(out, " %lld", (long long)server->status);
    if (server->detail != NULL) {
        buffer_text(out, ": ");
        people_text(out, server->detail);
    }
    if (server->attempt > 1) {
        buffer_text(out, " (");
        people_count(out, server->attempt);
        buffer_text(out, " times)");
    }
}

void status_next(struct buffer *out, const struct answer_server *server, double now)
{
    if (server->busy) {
        buffer_text(out, "polling");
    } else if (isnan(server->next)) {
        buffer_text(out, "-");
    } else if (server->next <= now) {
        buffer_text(out, "due");
    } else {
        buffer_text(out, "in ");
        people_span(out, server->next - now);
    }
}

static void write_cell(struct table *table, const struct answer_server *server, int column)
{
    const double now = table->answer->now;
    struct buffer *out = &table->cell;
    buffer_clear(out);
    switch (column) {
    case STATE: buffer_text(out, health_name(server->state)); break;
    case SERVER: people_text(out, server->name); break;
    case FOR: people_span(out, now - server->since); break;
    case NEXT: status_next(out, server, now); break;
    case DELAY: people_span(out, server->delay); break;
    case LATE: people_span(out, server->late); break;
    case TOOK: people_span(out, server->took); break;
    case POLLS: people_count(out, server->polls); break;
    case FAILED: people_count(out, server->failures); break;
    case URL: people_text(out, server->url); break;
    case RESULT: status_result(out, server); break;
    }
}

/* --- widths --------------------------------------------------------------------------------- */

static size_t least_of(size_t a, size_t b)
{
    return a < b ? a : b;
}

static void measure(struct table *table)
{
    for (int column = 0; column < COLUMNS; column++)
        table->natural[column] = strlen(columns[column].title);
    for (size_t i = 0; i < table->answer->count; i++) {
        for (int column = 0; column < COLUMNS; column++) {
            write_cell(table, &table->answer->servers[i], column);
            if (table->cell.length > table->natural[column])
                table->natural[column] = table->cell.length;
        }
    }
}

/* What a column is shown with at the least. */
static size_t least_width(const struct table *table, int column)
{
    const size_t natural = table->natural[column], line = table->screen->width;
    switch (column) {
    case SERVER: return least_of(natural, line / 5 * 2);
    case RESULT: return least_of(natural, line / 4);
    case URL: return least_of(natural, URL_LEAST);
    default: return natural;
    }
}

/* Gives a column more of what is left of the line, up to `most`. */
static void widen(struct table *table, int column, size_t most)
{
    size_t *width = &table->width[column];
    most = least_of(most, table->natural[column]);
    if (*width == 0 || *width >= most)
        return;
    size_t more = least_of(most - *width, table->screen->width - table->used);
    *width += more;
    table->used += more;
}

/* The most important columns that fit, and then as wide as they would be. */
static void fit(struct table *table)
{
    for (int i = 0; i < COLUMNS; i++) {
        const int column = importance[i];
        if (column == DELAY || column == LATE)
            widen(table, RESULT, column == DELAY ? RESULT_BEGINNING : RESULT_ENOUGH);
        const size_t width = least_width(table, column), gap = table->used > 0 ? GAP : 0;
        if (i > 1 && table->used + gap + width > table->screen->width)
            break;
        table->width[column] = width;
        table->used += gap + width;
    }
    if (table->used >= table->screen->width)
        return;
    widen(table, SERVER, SIZE_MAX);
    widen(table, URL, URL_ENOUGH);
    widen(table, RESULT, SIZE_MAX);
    widen(table, URL, SIZE_MAX);
}

static void lay_out(struct table *table)
{
    measure(table);
    if (table->screen->width == SIZE_MAX) {
        for (int column = 0; column < COLUMNS; column++)
            table->width[column] = least_of(table->natural[column], UNBOUND_MOST);
    } else {
        fit(table);
    }
}

/* --- lines ---------------------------------------------------------------------------------- */

static void colour(struct buffer *out, const struct screen *screen, const char *code)
{
    if (screen->colour)
        buffer_print(out, "\x1b[%sm", code);
}

static const char *colour_of(enum health state)
{
    switch (state) {
    case HEALTH_OK: return "32";
    case HEALTH_FAILING: return "33";
    case HEALTH_OVERDUE: return "1;31";
    }
    return "0";
}

static void pad(struct buffer *out, size_t blanks)
{
    for (; blanks > 0; blanks--)
        buffer_text(out, " ");
}

/* The cell, in its column's width; the last one of a line has nothing behind it. */
static void put_cell(struct buffer *out, const struct table *table, int column, bool last)
{
    const size_t width = table->width[column], length = table->cell.length;
    const bool cut = length > width && table->screen->width != SIZE_MAX;
    const size_t blanks = length < width ? width - length : 0;
    if (columns[column].right)
        pad(out, blanks);
    if (cut && width > 3) {
        buffer_add(out, table->cell.bytes, width - 3);
        buffer_text(out, "...");
    } else {
        buffer_add(out, table->cell.bytes, cut ? width : length);
    }
    if (!columns[column].right && !last)
        pad(out, blanks);
}

/* A row, or the titles. */
static void put_line(struct buffer *out, struct table *table, const struct answer_server *server)
{
    int last = COLUMNS - 1;
    while (last > 0 && table->width[last] == 0)
        last--;
    for (int column = 0; column <= last; column++) {
        if (table->width[column] == 0)
            continue;
        if (server != NULL) {
            write_cell(table, server, column);
        } else {
            buffer_clear(&table->cell);
            buffer_text(&table->cell, columns[column].title);
        }
        const bool coloured = server == NULL ? column == 0 : column == STATE;
        if (coloured)
            colour(out, table->screen, server == NULL ? "1" : colour_of(server->state));
        put_cell(out, table, column, column == last);
        if (server != NULL && coloured)
            colour(out, table->screen, "0");
        if (column < last)
            pad(out, GAP);
    }
    if (server == NULL)
        colour(out, table->screen, "0");
    buffer_text(out, "\n");
}

static void put_servers(struct buffer *out, const struct screen *screen, int64_t count,
                        enum health state, bool *first)
{
    if (count == 0)
        return;
    buffer_text(out, *first ? "" : ", ");
    *first = false;
    colour(out, screen, colour_of(state));
    people_count(out, count);
    buffer_print(out, " %s", health_name(state));
    colour(out, screen, "0");
}

/* "998 ok, 1 failing, 1 overdue; 12,345 polls, 7 failed, none early; up 3 d" */
static void put_head(struct buffer *out, const struct status_answer *answer,
                     const struct screen *screen)
{
    bool first = true;
    put_servers(out, screen, answer->ok, HEALTH_OK, &first);
    put_servers(out, screen, answer->failing, HEALTH_FAILING, &first);
    put_servers(out, screen, answer->overdue, HEALTH_OVERDUE, &first);
    buffer_text(out, first ? "no servers; " : "; ");
    people_count(out, answer->polls);
    buffer_text(out, answer->polls == 1 ? " poll" : " polls");
    if (answer->failures > 0) {
        buffer_text(out, ", ");
        people_count(out, answer->failures);
        buffer_text(out, " failed");
    }
    if (answer->early >= 0) {
        buffer_text(out, ", ");
        if (answer->early > 0)
            people_count(out, answer->early);
        buffer_text(out, answer->early > 0 ? " early" : "none early");
    }
    buffer_text(out, "; up ");
    people_span(out, answer->up);
    buffer_text(out, "\n");
}

void status_table(struct buffer *out, const struct status_answer *answer,
                  const struct screen *screen)
{
    struct table table = {.answer = answer, .screen = screen};
    put_head(out, answer, screen);
    if (answer->count == 0) {
        if (answer->ok > 0 || answer->failing > 0 || answer->overdue > 0)
            buffer_text(out, "The daemon tells nothing of single servers.\n");
        return;
    }
    lay_out(&table);
    buffer_text(out, "\n");
    put_line(out, &table, NULL);
    for (size_t i = 0; i < answer->count; i++)
        put_line(out, &table, &answer->servers[i]);
    if (screen->height != SIZE_MAX && answer->count + 4 > screen->height) {
        buffer_text(out, "\n");
        put_head(out, answer, screen);
    }
    out->failed |= table.cell.failed;
    buffer_free(&table.cell);
}
