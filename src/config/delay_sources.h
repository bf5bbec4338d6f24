/* Where in a response the delay is looked for, by precedence: the value of delay-from. Pure. */
#ifndef AIOPOLL_DELAY_SOURCES_H
#define AIOPOLL_DELAY_SOURCES_H

#include <stdbool.h>
#include <stddef.h>

#include "base/pool.h"
#include "config/text.h"

enum { DELAY_SOURCES_MAX = 8 };

enum delay_source_kind { DELAY_FROM_BODY, DELAY_FROM_FIELD, DELAY_FROM_JSON };

struct delay_source {
    enum delay_source_kind kind;
    const char *item;         /* as it is written: "body", "header:X-Next", "json:/interval" */
    const char *name;         /* of the field; or the JSON pointer; within `item` */
    size_t field;             /* of a field: which of the list's `fields` it is */
    const char *const *steps; /* of a pointer: its reference tokens (RFC 6901), unescaped */
    size_t step_count;
};

struct delay_sources {
    const struct delay_source *list; /* the first that is there counts */
    size_t count;
    const char *const *fields; /* the names of those that are fields, in their order */
    size_t field_count;
};

/* The default: the body, and nothing else. */
extern const struct delay_sources delay_sources_body;

/* Reads items with commas and blanks between them. Returns false where one is wrong, with a
 * sentence in `why` that says what would be right, and quotes the item where no variable of
 * the environment is in it. All of *out is from `pool`. */
bool delay_sources_read(const struct written *written, struct pool *pool,
                        const struct delay_sources **out, char *why, size_t why_size);

/* Whether they are the same items in the same order, as they are written. */
bool delay_sources_equal(const struct delay_sources *a, const struct delay_sources *b);

#endif
