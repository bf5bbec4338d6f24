#include "report/board.h"

#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/duration.h"
#include "report/board_bounds.h"

/* Rows are made by the block, as a list of them that grows would be copied while polls wait. */
enum { BLOCK = 256 };

/* The moments of the history are in units of 2^24 ns. */
enum { UNIT = 24 };

void board_init(struct board *board, int64_t began)
{
    *board = (struct board){.took = {.bounds = board_took_bounds},
                            .late = {.bounds = board_late_bounds},
                            .began = began,
                            .started = clock_wall() - (clock_now() - began),
                            .generation = 1};
}

static void clear_row(struct board_row *row)
{
    free(row->detail);
    free(row->raw);
    free(row->source);
    *row = (struct board_row){0};
}

void board_free(struct board *board)
{
    for (size_t i = 0; i < board->block_count; i++) {
        for (size_t k = 0; k < BLOCK && board->blocks[i] != NULL; k++)
            clear_row(&board->blocks[i][k]);
        free(board->blocks[i]);
    }
    free(board->blocks);
    *board = (struct board){0};
}

/* --- rows ----------------------------------------------------------------------------------- */

static bool make_room(struct board *board, size_t block)
{
    if (block >= board->block_capacity) {
        size_t capacity = 2 * block + 8;
        struct board_row **blocks = realloc(board->blocks, capacity * sizeof(struct board_row *));
        if (blocks == NULL)
            return false;
        board->blocks = blocks;
        board->block_capacity = capacity;
    }
    while (board->block_count <= block)
        board->blocks[board->block_count++] = NULL;
    if (board->blocks[block] == NULL)
        board->blocks[block] = calloc(BLOCK, sizeof(struct board_row));
    return board->blocks[block] != NULL;
}

static struct board_row *find_row(const struct board *board, uint32_t id)
{
    size_t block = id / BLOCK;
    if (block >= board->block_count || board->blocks[block] == NULL)
        return NULL;
    struct board_row *row = &board->blocks[block][id % BLOCK];
    return row->used ? row : NULL;
}

const struct board_row *board_row(const struct board *board, uint32_t id)
{
    return find_row(board, id);
}

void board_added(struct board *board, uint32_t id)
{
    if (!make_room(board, id / BLOCK))
        return;
    struct board_row *row = &board->blocks[id / BLOCK][id % BLOCK];
    clear_row(row);
    row->used = true;
    row->said = -1;
    row->added = row->changed = ++board->changes;
}

/* --- polls ---------------------------------------------------------------------------------- */

static void observe(struct board_histogram *histogram, int64_t ns)
{
    double seconds = (double)ns / SECOND;
    size_t bucket = 0;
    while (bucket < BOARD_BUCKETS - 1 && seconds > histogram->bounds[bucket])
        bucket++;
    histogram->counts[bucket]++;
    histogram->sum += seconds;
}

static void count_poll(struct board *board, const struct poll *poll)
{
    bool good = poll->failure.reason == FAILURE_NONE;
    board->good += good;
    board->failed += !good;
    board->errors[poll->failure.reason] += !good;
    observe(&board->took, poll->http->finished - poll->http->started);
    if (poll->late == POLL_UNSENT)
        return;
    board->early += poll->late < 0;
    observe(&board->late, poll->late);
}

static void replace(char **kept, const char *text)
{
    if (*kept != NULL && text != NULL && strcmp(*kept, text) == 0)
        return;
    free(*kept);
    *kept = text == NULL || *text == '\0' ? NULL : strdup(text);
}

static void remember(struct board *board, struct board_row *row, const struct poll *poll)
{
    row->newest = (uint8_t)((row->newest + 1) % BOARD_HISTORY);
    row->count += row->count < BOARD_HISTORY;
    uint32_t bit = UINT32_C(1) << row->newest;
    row->goods = poll->failure.reason == FAILURE_NONE ? row->goods | bit : row->goods & ~bit;
    row->history[row->newest] =
        (struct board_poll){.finished = (uint32_t)((row->finished - board->began) >> UNIT),
                            .delay = (float)poll->delay.wait / SECOND,
                            .took = (float)(poll->http->finished - poll->http->started) / SECOND,
                            .late = poll->late == POLL_UNSENT ? -1 : (float)poll->late / SECOND};
}

static void note_poll(struct board *board, struct board_row *row, const struct poll *poll)
{
    bool good = poll->failure.reason == FAILURE_NONE;
    row->good += good;
    row->failed += !good;
    row->finished = poll->http->finished;
    row->status = (uint16_t)poll->http->status;
    row->reason = poll->failure.reason;
    row->attempt = poll->attempt;
    row->delay = poll->delay;
    row->said = poll->reading->said;
    row->scale = poll->server->settings->delay_scale;
    row->prepare = poll->http->lead;
    replace(&row->detail, poll->failure.detail);
    replace(&row->raw, poll->reading->raw);
    replace(&row->source, poll->reading->source == NULL ? NULL : poll->reading->source->item);
    remember(board, row, poll);
}

void board_polled(struct board *board, const struct poll *poll)
{
    struct board_row *row = find_row(board, poll->id);
    if (row != NULL)
        row->changed = ++board->changes;
    if (poll->failure.reason == FAILURE_CANCELED)
        return;
    count_poll(board, poll);
    if (row != NULL)
        note_poll(board, row, poll);
}

void board_changed(struct board *board, const struct server_change *change)
{
    struct board_row *row = find_row(board, change->id);
    if (row != NULL)
        row->changed = ++board->changes;
}

const struct board_poll *board_poll(const struct board *board, const struct board_row *row,
                                    unsigned age, int64_t *finished, bool *good)
{
    unsigned place = (row->newest + BOARD_HISTORY - age) % BOARD_HISTORY;
    const struct board_poll *poll = &row->history[place];
    int64_t units = (row->finished - board->began) >> UNIT;
    *finished = board->began + ((units - (uint32_t)((uint32_t)units - poll->finished)) << UNIT);
    *good = (row->goods >> place & 1) != 0;
    return poll;
}
