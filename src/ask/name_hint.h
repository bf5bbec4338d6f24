/* The name of a server, as it was typed. Pure. */
#ifndef AIOPOLL_NAME_HINT_H
#define AIOPOLL_NAME_HINT_H

#include <stdbool.h>

#include "ask/answer.h"
#include "base/buffer.h"
#include "config/server_name.h"

enum { NAME_PATH_SIZE = SERVER_NAME_SIZE + sizeof "/servers/.json" };

/* Writes "/servers/NAME.json". False: no server can have such a name. */
bool name_path(const char *name, char out[NAME_PATH_SIZE]);

/* Appends "; did you mean …?" with the nearest name, or with some that it is a part of; or nothing,
 * where none is near, or it is too short for that; or that the daemon names no server at all. */
void name_hint(struct buffer *out, const char *name, const struct status_answer *answer);

#endif
