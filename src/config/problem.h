/* What is wrong with a configuration, gathered so that all of it can be told in
 * one go. Pure. */
#ifndef AIOPOLL_PROBLEM_H
#define AIOPOLL_PROBLEM_H

#include <stddef.h>

#include "base/escape.h"

struct problem {
    unsigned file; /* order of the file among those read */
    unsigned line; /* 0: the file as a whole */
    size_t number; /* order of discovery */
    char *text;    /* "FILE:LINE: sentence" */
};

struct problems {
    struct problem *list;
    size_t count, capacity;
};

/* Where something stands. `name` is borrowed for the call only. */
struct place {
    const char *name; /* of the file, or NULL: the command line */
    unsigned file, line;
};

__attribute__((format(printf, 3, 4))) void problem_add(struct problems *problems,
                                                       struct place place, const char *format, ...);

/* Writes a piece of the configuration as escape_quote() does, but with *** in place of
 * a user and a password in a URL, and of what follows the name of a field of a request
 * that is for credentials. Returns `out`. */
char *problem_quote(char out[QUOTE_SIZE], const char *text, size_t length);

/* The same for a whole line, of which the value of a "header" key is not shown. */
char *problem_quote_line(char out[QUOTE_SIZE], const char *text, size_t length);

/* Puts them in the order of files and lines. */
void problems_sort(struct problems *problems);

void problems_free(struct problems *problems);

#endif
