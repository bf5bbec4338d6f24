/* INI text in, sections and settings out. Pure.
 *
 * inih splits the lines; a reader of our own hands them to it, one setting at a
 * time, and refuses with a problem whatever inih would cut, merge or pass over:
 * long lines, NUL bytes, lines that are no setting, text behind a "]", ':' in
 * the place of '=', continued lines. Section names never reach inih, which cuts
 * them at 49 characters. */
#ifndef AIOPOLL_INI_H
#define AIOPOLL_INI_H

#include <stdbool.h>
#include <stddef.h>

#include "config/problem.h"

/* The longest line that is read, where inih can be told so; else its own limit. */
enum { INI_LINE_MAX = 4096 };

struct ini_handler {
    /* A "[name]" line. Returns false to pass over its settings; a problem is
     * noted by then. */
    bool (*section)(void *user, struct place place, const char *name);
    /* A "key = value" line of the last section. */
    void (*setting)(void *user, struct place place, const char *key, const char *value);
    void *user;
};

/* Reads the text of a file, `place.line` not counted. */
void ini_parse_text(const char *text, size_t length, struct place place,
                    const struct ini_handler *handler, struct problems *problems);

#endif
