/* What is known of each server, and of all polls, for those who watch. It only listens.
 *
 * Rows are by the fleet's number for a server, which another one may have after it was removed. */
#ifndef AIOPOLL_BOARD_H
#define AIOPOLL_BOARD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "pace/server.h"

enum { BOARD_HISTORY = 32, BOARD_BUCKETS = 16 };

/* A poll of the past. 16 bytes, as there are many. */
struct board_poll {
    uint32_t finished;       /* since board.began, in units of 2^24 ns; it wraps after two years */
    float delay, took, late; /* seconds; `late` below 0: no request went out */
};

struct board_row {
    bool used;
    uint8_t newest, count; /* of the ring `history` */
    uint16_t status;       /* of the last poll; 0: no response */
    unsigned attempt;      /* failures in a row */
    uint32_t good, failed; /* polls */
    uint32_t goods;        /* of the history: which were good; the bit of its place in the ring */
    enum failure_reason reason;
    /* Of the last poll; NULL: there is none. `raw` is to be escaped; `source` is the item of
     * delay-from that said so. */
    char *detail, *raw, *source;
    uint64_t added;     /* the change (see below) by which the row came to be */
    uint64_t changed;   /* its last change */
    int64_t finished;   /* when its last poll ended */
    int64_t said;       /* ns, by the server, before scale and clamp; -1: nothing */
    int64_t scale;      /* delay-scale, as it was then */
    int64_t prepare;    /* how long before the last poll was due its connection was begun, ns */
    struct delay delay; /* how the next one is due */
    struct board_poll history[BOARD_HISTORY];
};

/* A histogram, as Prometheus has it, but its counts are not cumulative. */
struct board_histogram {
    const double *bounds; /* seconds, BOARD_BUCKETS - 1 of them, ascending */
    uint64_t counts[BOARD_BUCKETS];
    double sum;
};

struct board {
    struct board_row **blocks; /* of rows */
    size_t block_count, block_capacity;
    uint64_t good, failed, early;
    uint64_t errors[FAILURE_CANCELED]; /* by reason */
    struct board_histogram took, late;
    uint64_t changes;    /* of rows, counted: no clock tells so well what is new */
    int64_t began;       /* the process; by clock_now(), as are all moments here but this one: */
    int64_t started;     /* the same in ns since 1970 */
    uint64_t generation; /* how many configurations were applied, the first included */
};

/* `began`: when the process did, by clock_now(). */
void board_init(struct board *board, int64_t began);
void board_free(struct board *board);

/* What the fleet tells. Where memory is short, a server has no row. */
void board_added(struct board *board, uint32_t id);
void board_polled(struct board *board, const struct poll *poll);
void board_changed(struct board *board, const struct server_change *change);

/* NULL: nothing is known of it. */
const struct board_row *board_row(const struct board *board, uint32_t id);

/* Of the history, the newest first, `age` below row->count: the poll, when it ended, to some 17 ms,
 * and whether it was good. */
const struct board_poll *board_poll(const struct board *board, const struct board_row *row,
                                    unsigned age, int64_t *finished, bool *good);

#endif
