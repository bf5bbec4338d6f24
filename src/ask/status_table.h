/* The answer to --status as a table that fits. Pure. */
#ifndef AIOPOLL_STATUS_TABLE_H
#define AIOPOLL_STATUS_TABLE_H

#include <stdbool.h>
#include <stddef.h>

#include "ask/answer.h"
#include "base/buffer.h"

/* Where it is shown. */
struct screen {
    /* Columns and lines; SIZE_MAX: no bound. Without one on the width nothing is left out or cut;
     * else texts are cut in the middle, as names often differ at their end. A table that is higher
     * has its head line at the end again. */
    size_t width, height;
    bool colour;
};

/* Appends a head line with the counts, and a row for each server. */
void status_table(struct buffer *out, const struct status_answer *answer,
                  const struct screen *screen);

/* Appends what became of the last poll: "200", or "connect: …", or "status 503". */
void status_result(struct buffer *out, const struct answer_server *server);

/* Appends how often it failed so in a row, from the second time on: " (3 times)". */
void status_attempts(struct buffer *out, const struct answer_server *server);

/* Appends when the next poll is: "in 4 s", "due", "polling". */
void status_next(struct buffer *out, const struct answer_server *server, double now);

#endif
