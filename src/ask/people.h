/* Numbers and foreign texts as people read them on a terminal. Pure. */
#ifndef AIOPOLL_PEOPLE_H
#define AIOPOLL_PEOPLE_H

#include <stdint.h>

#include "base/buffer.h"

/* A span as "0.07 ms", "1.2 s", "3 min", "2 h", "5 d", rounded; "< 0.01 ms" is the least, below 0
 * it is "0 s", and "-" where there is none (NAN). */
void people_span(struct buffer *out, double seconds);

/* "12,345". */
void people_count(struct buffer *out, int64_t count);

/* In printable ASCII: other bytes become \n, \x1b and the like. Quotes and backslashes stay, as
 * most of what is shown was escaped before. */
void people_text(struct buffer *out, const char *text);

/* Where a text may be cut that such escapes are in: at `at`, below its length, or, where that is
 * within one, before it; with people_cut_after() behind it, which may be behind the text's end. */
size_t people_cut_before(const char *text, size_t at);
size_t people_cut_after(const char *text, size_t at);

#endif
