/* What was read at one time: the configuration, and the certificates that it names. After a
 * reload there are two, side by side: a poll under way goes on with what it began with. Each is
 * kept as long as somebody uses it. */
#ifndef AIOPOLL_GENERATION_H
#define AIOPOLL_GENERATION_H

#include <stddef.h>

#include "config/config.h"
#include "http/tls_context.h"

struct generation {
    struct config *config;
    struct tls_contexts tls;
    size_t users;
};

/* With one user, who made it. Takes `config` over. Ends the process where memory is short. */
struct generation *generation_new(struct config *config);

/* Returns `generation`, with one more user. */
struct generation *generation_hold(struct generation *generation);

/* One fewer; without any, it is freed, and its secrets are overwritten. NULL is left alone. */
void generation_release(struct generation *generation);

#endif
