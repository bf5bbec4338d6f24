/* Reading all that the files say: at the start, and afresh for a reload. */
#ifndef AIOPOLL_LOAD_H
#define AIOPOLL_LOAD_H

#include "config/problem.h"
#include "options.h"
#include "pace/generation.h"

/* Reads the configuration, and the certificates that it names; what stands on the command line
 * wins. NULL where there is a problem: all of them are in `problems` then. Waits for the disk. */
struct generation *load(const struct options *options, struct problems *problems);

#endif
