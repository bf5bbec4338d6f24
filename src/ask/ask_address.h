/* Where the daemon is asked: by --listen, or by the key `listen` of its file. */
#ifndef AIOPOLL_ASK_ADDRESS_H
#define AIOPOLL_ASK_ADDRESS_H

#include "config/problem.h"
#include "options.h"

/* Of the files only that key is looked at, and `include`: what else is wrong with them, now that
 * the daemon runs, does not matter. The text is from `pool`. NULL: there is none, and `problems`
 * says why. */
const char *ask_address(const struct options *options, struct pool *pool,
                        struct problems *problems);

#endif
