/* The daemon: owns the loop and all that runs on it, from start to stop. */
#ifndef AIOPOLL_DAEMON_H
#define AIOPOLL_DAEMON_H

#include "options.h"
#include "pace/generation.h"

/* Polls all servers of `generation`, each options->count times (0: for ever), until a signal
 * says stop or the counts are reached. `generation` is taken over. SIGHUP, which may be blocked
 * until here, has the configuration read afresh, by the same options. Returns the program's exit
 * status. */
int daemon_run(struct generation *generation, const struct options *options);

#endif
