/* A delay in a JSON body: RFC 8259, and RFC 6901 for where in it. Pure. */
#ifndef AIOPOLL_DELAY_JSON_H
#define AIOPOLL_DELAY_JSON_H

#include <jansson.h>
#include <stddef.h>

#include "config/delay_sources.h"

enum {
    DELAY_JSON_WHY_SIZE = 96,
    /* Bytes of a body. In memory it can take 80 times as much, and the loop stands still while
     * it is read: a server must not hold up the others. */
    DELAY_JSON_MAX = 256 << 10,
};

/* The body as JSON, to be freed by json_decref(). NULL where it is none, with the rest of a
 * sentence on "the body" in `why`. An object with two members of one name is refused: which of
 * them is meant? */
json_t *delay_json_parse(const char *body, size_t length, char why[DELAY_JSON_WHY_SIZE]);

/* What the pointer leads to, borrowed; NULL where it leads nowhere. */
const json_t *delay_json_find(const json_t *root, const struct delay_source *source);

/* "an object", "null" */
const char *delay_json_kind(const json_t *value);

#endif
