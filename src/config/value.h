/* The text of one value in, the value out. Pure. Each returns true, or false
 * and leaves *out as it was; the caller words the complaint, with the form that
 * would have been right, which stands beside each. */
#ifndef AIOPOLL_VALUE_H
#define AIOPOLL_VALUE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Nanoseconds. A bare number is seconds; else numbers with the units d, h, m,
 * s, ms, each smaller than the one before. Too much to hold is INT64_MAX. */
bool value_duration(const char *text, int64_t *ns);
#define VALUE_DURATION_FORM "a duration such as 10, 500ms, 1m30s, 2h or 1d"

/* Bytes; k, M and G stand for 1024, 1024^2 and 1024^3. Too much: INT64_MAX. */
bool value_size(const char *text, int64_t *bytes);
#define VALUE_SIZE_FORM "a size such as 4096, 64k or 1M"

/* A whole number without a sign. Too much to hold is INT64_MAX. */
bool value_count(const char *text, int64_t *count);
#define VALUE_COUNT_FORM "a whole number"

/* A decimal number, in units of 1 / `one`; what is finer is rounded up. Too much: INT64_MAX. */
bool value_fraction(const char *text, int64_t one, int64_t *value);
#define VALUE_FRACTION_FORM "a number such as 0.33 or 2"

/* The index of `text` in the NULL-terminated list `words`. */
bool value_choice(const char *text, const char *const *words, int64_t *index);

/* A copy of `text` with ${NAME} replaced by that environment variable and $${
 * by ${. Returns NULL where that fails, and a sentence in `why`. The result,
 * which the caller frees, is not looked at again for further ${. */
char *value_expand(const char *text, char *why, size_t why_size);

enum { VALUE_WORD_MAX = 32 };

/* How many slips (a byte too many, too few, or another) are between two words; `b` has up to
 * VALUE_WORD_MAX bytes. */
unsigned value_distance(const char *a, const char *b);

/* The word of the NULL-terminated list nearest to `text`, or NULL where none is
 * so near that it could have been meant. The words have up to VALUE_WORD_MAX bytes. */
const char *value_nearest(const char *text, const char *const *words);

#endif
