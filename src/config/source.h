/* The files of a configuration: the first one and those it includes. */
#ifndef AIOPOLL_SOURCE_H
#define AIOPOLL_SOURCE_H

#include <stddef.h>
#include <sys/types.h>

#include "config/problem.h"

enum { SOURCE_MAX = 64 << 20 }; /* bytes a file; more is no configuration */

struct source {
    char *name;
    struct place included_at; /* for a complaint; no name: from the command line */
    dev_t device;
    ino_t inode;
};

/* In the order in which they are to be read. Those from `read` on are waiting. */
struct sources {
    struct source **list; /* each stays where it is: places point to the names */
    size_t count, capacity, read;
};

/* Adds a file to the list. */
void sources_add(struct sources *sources, const char *name, struct place included_at);

/* Adds every file that `pattern` (glob(7), relative to the file of `place`)
 * matches, sorted by name. Where there is none, that is a problem. */
void sources_include(struct sources *sources, const char *pattern, struct place place,
                     struct problems *problems);

/* Reads the next waiting file into *text, to be freed by the caller. Returns its
 * place, whose name is valid as long as `sources` is, or one without a name when
 * no file is left. A file that can't be read, or was read before, is a problem
 * and has no text (NULL). */
struct place sources_next(struct sources *sources, char **text, size_t *length,
                          struct problems *problems);

void sources_free(struct sources *sources);

#endif
