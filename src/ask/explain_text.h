/* The answer to --explain as text. Pure. */
#ifndef AIOPOLL_EXPLAIN_TEXT_H
#define AIOPOLL_EXPLAIN_TEXT_H

#include <stddef.h>

#include "ask/answer.h"
#include "base/buffer.h"

/* Appends how the server is, why its next request leaves when it does, and what that is made of, in
 * lines of up to `width`, of 32 at least; where a word is longer, it goes on in the next line. */
void explain_text(struct buffer *out, const struct server_answer *answer, size_t width);

#endif
