/* The daemon: owns the loop and all that runs on it, from start to stop. */
#ifndef AIOPOLL_DAEMON_H
#define AIOPOLL_DAEMON_H

#include <stdint.h>

#include "options.h"
#include "pace/generation.h"

/* Polls all servers of `generation`, each options->count times (0: for ever), until a signal
 * says stop or the counts are reached. `generation` is taken over. SIGHUP, which may be blocked
 * until here, has the configuration read afresh, by the same options. Returns the program's exit
 * status. `began`: when the process did, by clock_now(). */
int daemon_run(struct generation *generation, const struct options *options, int64_t began);

#endif
