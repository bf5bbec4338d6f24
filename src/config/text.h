/* Values that are texts: paths, hosts and the like, checked. Pure. */
#ifndef AIOPOLL_TEXT_H
#define AIOPOLL_TEXT_H

#include <stdbool.h>
#include <stddef.h>

#include "base/pool.h"
#include "config/problem.h"

/* A value as it stands in a file. */
struct written {
    const char *value; /* expanded; NULL where that failed, and a complaint stands already */
    const char *shown; /* as it stands there, for complaints: the other might hold a secret */
    struct place place;
};

/* Reads a value that is a text. *out is from `pool`, or NULL where the value stands for
 * none. Returns false where it is wrong, with a sentence in `why` that does not quote it and
 * says what would be right. */
typedef bool text_reader(const struct written *written, struct pool *pool, const char **out,
                         char *why, size_t why_size);

/* A variable of the environment may hold what a line of a file cannot. */
bool text_has_control_character(const char *text, size_t length);

/* Any text but an empty one. */
text_reader text_read_body;

/* The path of a file: a relative one is taken from the folder of the file that it is written
 * in, as an absolute one or one from the working directory. */
text_reader text_read_path;
text_reader text_read_socket; /* one that fits into a sockaddr_un */

/* The same, or "none", which is read as "". */
text_reader text_read_state_file;

/* A name or an IP address. */
text_reader text_read_host;

/* "header:NAME" becomes the NAME; "body" NULL. */
text_reader text_read_delay_source;

#endif
