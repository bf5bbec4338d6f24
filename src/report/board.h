/* What is known of each server, and of all polls, for those who watch. It only listens.
 *
 * Rows are by the fleet's number for a server, which another one has after it was removed. Without
 * rows, as nobody watches single servers, only what concerns all of them is kept. */
#ifndef AIOPOLL_BOARD_H
#define AIOPOLL_BOARD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "pace/server.h"

enum { BOARD_HISTORY = 32, BOARD_BUCKETS = 16, BOARD_DETAIL_MAX = 160 };

/* One poll of the past; seconds. */
struct board_poll {
    int64_t finished;        /* ns since 1970 */
    float delay, took, late; /* below 0: there is none */
    bool good;
};

struct board_row {
    bool used;
    int64_t since;   /* its state, ns since 1970 */
    int64_t touched; /* when something changed last, ns since 1970 */
    uint64_t good, failed;
    int status;             /* of the last poll; 0: no response */
    struct failure failure; /* of the last poll; its detail is in `detail` */
    char detail[BOARD_DETAIL_MAX];
    unsigned attempt;
    struct delay delay; /* how the next one is due */
    char source[64];    /* what said so, as in delay-from; "": nothing */
    char raw[DELAY_RAW_SIZE];
    int64_t said;     /* ns; -1: nothing */
    int64_t prepared; /* ns before the last poll was due; 0: it was not */
    struct board_poll history[BOARD_HISTORY]; /* a ring */
    uint8_t newest, count;
};

/* A histogram as Prometheus has it: `counts` are not cumulative; the last one is +Inf. */
struct board_histogram {
    const double *bounds; /* seconds, BOARD_BUCKETS - 1 of them, ascending */
    uint64_t counts[BOARD_BUCKETS];
    double sum;
};

struct board {
    struct board_row *rows;
    size_t capacity;
    bool keeps_rows;
    uint64_t good, failed, early;
    uint64_t errors[FAILURE_CANCELED + 1]; /* by reason */
    struct board_histogram took, late;
    int64_t started; /* ns since 1970 */
    uint64_t generation;
};

void board_init(struct board *board, bool keeps_rows);
void board_free(struct board *board);

/* What the fleet tells. */
void board_polled(struct board *board, const struct poll *poll);
void board_changed(struct board *board, uint32_t id, const struct server_change *change);
void board_added(struct board *board, uint32_t id);
void board_removed(struct board *board, uint32_t id);

/* NULL: nothing is known of it. */
const struct board_row *board_row(const struct board *board, uint32_t id);

#endif
