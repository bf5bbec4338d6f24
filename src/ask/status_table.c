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
    bool both;  /* its ends are what matters */
} columns[COLUMNS] = {
    [STATE] = {.title = "STATE"},
    [SERVER] = {.title = "SERVER", .both = true},
    [FOR] = {.title = "FOR", .right = true},
    [NEXT] = {.title = "NEXT"},
    [DELAY] = {.title = "DELAY", .right = true},
    [LATE] = {.title = "LATE", .right = true},
    [TOOK] = {.title = "TOOK", .right = true},
    [POLLS] = {.title = "POLLS", .right = true},
    [FAILED] = {.title = "FAILED", .right = true},
    [URL] = {.title = "URL", .both = true},
    [RESULT] = {.title = "LAST RESULT", .both = true},
};

/* What is left out last comes first. */
static const int importance[COLUMNS] = {SERVER, STATE, RESULT, NEXT,   FOR, DELAY,
                                        LATE,   TOOK,  POLLS,  FAILED, URL};

enum {
    GAP = 2,          /* between two columns */
    NAME_LEAST = 16,  /* with so much of a name, its ends tell it apart */
    NAME_ENOUGH = 32, /* so much of it is worth more than the columns after DELAY */
    NAME_MOST = 128,
    NAMES_CUT = 16,     /* one name in so many may be longer than its column */
    RESULT_KEPT = 13,   /* and with the dots that much of a result has to be shown */
    RESULT_LEAST = 26,  /* so much of a result is worth more than the column DELAY, */
    RESULT_ENOUGH = 48, /* and so much of it more than those after that */
    URL_LEAST = 24,
    URL_ENOUGH = 48,
    UNBOUND_MOST = 64, /* where nothing is cut, a cell that is longer makes its own row longer */
};

struct table {
    const struct status_answer *answer;
    const struct screen *screen;
    size_t natural[COLUMNS];     /* the width that all of its cells fit in */
    size_t width[COLUMNS];       /* that it gets; 0: it is left out */
    size_t used;                 /* of the line */
    size_t names[NAME_MOST + 1]; /* how many are so long; the last also counts longer ones */
    struct buffer cell;
    size_t kept; /* so much of the cell's end is not cut */
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
    if (strcmp(server->error, failure_name(FAILURE_STATUS)) == 0 && server->status != 0) {
        buffer_print(out, " %lld", (long long)server->status); /* its detail says no more */
    } else if (server->detail != NULL) {
        buffer_text(out, ": ");
        people_text(out, server->detail);
    }
}

void status_attempts(struct buffer *out, const struct answer_server *server)
{
    if (server->error == NULL || server->attempt <= 1)
        return;
    buffer_text(out, " (");
    people_count(out, server->attempt);
    buffer_text(out, " times)");
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
    table->kept = out->length;
    if (column == RESULT)
        status_attempts(out, server);
    table->kept = out->length - table->kept;
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
            if (column == SERVER)
                table->names[least_of(table->cell.length, NAME_MOST)]++;
        }
    }
}

/* The width that most names fit in: a few long ones do not take the others' columns away. */
static size_t usual_name(const struct table *table)
{
    size_t longer = 0, width = NAME_MOST;
    while (width > NAME_LEAST && longer + table->names[width] <= table->answer->count / NAMES_CUT)
        longer += table->names[width--];
    return width;
}

/* What a column is shown with at the least. */
static size_t least_width(const struct table *table, int column)
{
    const size_t natural = table->natural[column], line = table->screen->width;
    switch (column) {
    case SERVER: return least_of(natural, least_of(usual_name(table), line / 5 * 2));
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
            widen(table, RESULT, column == DELAY ? RESULT_LEAST : RESULT_ENOUGH);
        if (column == LATE)
            widen(table, SERVER, NAME_ENOUGH);
        const size_t width = least_width(table, column), gap = table->used > 0 ? GAP : 0;
        if (i > 1 && table->used + gap + width > table->screen->width)
            break;
        table->width[column] = width;
        table->used += gap + width;
    }
    if (table->used >= table->screen->width)
        return;
    widen(table, SERVER, NAME_ENOUGH);
    widen(table, URL, URL_ENOUGH);
    widen(table, RESULT, SIZE_MAX);
    widen(table, URL, SIZE_MAX);
    widen(table, SERVER, SIZE_MAX);
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

static const char dots[] = "...";

/* What is to be kept of the cell's end goes, where nothing would be left of the rest. */
static void drop_kept(struct table *table, size_t width)
{
    if (table->cell.length <= width || table->kept + RESULT_KEPT <= width)
        return;
    table->cell.length -= table->kept;
    table->kept = 0;
}

/* Cuts the cell down to its column: in the middle, or at its end. No dot is beside those dots. */
static void cut(struct table *table, size_t width, bool both)
{
    struct buffer *cell = &table->cell;
    const size_t mark = least_of(width, strlen(dots));
    if (table->screen->width == SIZE_MAX)
        return;
    drop_kept(table, width);
    if (cell->length <= width)
        return;
    const size_t room = width - mark, kept = table->kept;
    const size_t tail = both ? kept + (room - kept + 1) / 2 : 0;
    size_t head = people_cut_before(cell->bytes, room - tail), end = cell->length - tail;
    if (tail > 0)
        end = least_of(people_cut_after(cell->bytes, end), cell->length);
    while (end < cell->length && cell->bytes[end] == '.')
        end++;
    while (head > 0 && cell->bytes[head - 1] == '.')
        head--;
    memcpy(cell->bytes + head, dots, mark);
    memmove(cell->bytes + head + mark, cell->bytes + end, cell->length - end);
    cell->length = head + mark + cell->length - end;
}

/* The cell, in its column's width; the last one of a line has nothing behind it. */
static void put_cell(struct buffer *out, struct table *table, int column, bool last)
{
    const size_t width = table->width[column], length = table->cell.length;
    const size_t blanks = length < width ? width - length : 0;
    if (columns[column].right)
        pad(out, blanks);
    buffer_add(out, table->cell.bytes, length);
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
            table->kept = 0;
            buffer_text(&table->cell, columns[column].title);
        }
        const bool coloured = server == NULL ? column == 0 : column == STATE;
        if (coloured)
            colour(out, table->screen, server == NULL ? "1" : colour_of(server->state));
        cut(table, table->width[column], server != NULL && columns[column].both);
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
