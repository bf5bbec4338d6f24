/* Why the next request to a server leaves when it does, from what its row on the board has. */
#ifndef AIOPOLL_EXPLANATION_H
#define AIOPOLL_EXPLANATION_H

#include <stdbool.h>

#include "base/buffer.h"
#include "report/board.h"

/* As an object of JSON, with the members of the log's event "explain", but `next`. */
void explanation_facts(struct buffer *out, const struct board_row *row);

/* As an array of sentences, in the order in which it came about. `promised`: while it was not
 * polled, when it is due was promised in an earlier life. */
void explanation_sentences(struct buffer *out, const struct board_row *row, bool promised);

#endif
