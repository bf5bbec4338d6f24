/*
 * Text that comes in pieces, split into its lines; each may also be read as
 * JSON.
 *
 * Zero-initialised it is empty. lines_finish() frees all of it.
 */
#ifndef TESTS_LIB_LINES_H
#define TESTS_LIB_LINES_H

#include <stdbool.h>
#include <stddef.h>

#include <jansson.h>

#include "bytes.h"

struct line {
    char *text;   /* without its newline */
    json_t *json; /* NULL unless lines.json was set and this is a JSON object */
};

struct lines {
    struct line *items;
    size_t count;
    size_t capacity;
    bool json;   /* set by the owner: every line must be a JSON object */
    bool broken; /* one of them was not: number broken_index */
    size_t broken_index;
    struct bytes broken_reason;
    struct bytes all; /* the text as it came */
    struct bytes unfinished;
};

void lines_feed(struct lines *lines, const char *data, size_t length);

/* The text is over. What follows on the last newline becomes a line without JSON. */
void lines_end(struct lines *lines);

void lines_finish(struct lines *lines);

#endif
