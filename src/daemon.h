/* The daemon: owns the loop and all that runs on it, from start to stop. */
#ifndef AIOPOLL_DAEMON_H
#define AIOPOLL_DAEMON_H

#include <stdint.h>

#include "config/config.h"
#include "http/tls_context.h"

/* Polls all servers of `config`, each `count` times (0: for ever), until a signal
 * says stop or the counts are reached. Returns the program's exit status. */
int daemon_run(const struct config *config, struct tls_contexts *tls, uint64_t count);

#endif
