/* Why the next request to a server leaves when it does, from what its row on the board has. */
#ifndef AIOPOLL_EXPLANATION_H
#define AIOPOLL_EXPLANATION_H

#include "base/buffer.h"
#include "report/board.h"

/* As an object of JSON, with the members of the log's event "explain", but `next`. */
void explanation_facts(struct buffer *out, const struct board_row *row);

/* As an array of sentences, in the order in which it came about. */
void explanation_sentences(struct buffer *out, const struct board_row *row,
                           const struct server *server);

#endif
