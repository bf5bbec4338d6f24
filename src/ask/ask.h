/* The command line that asks a running daemon: --status and --explain. */
#ifndef AIOPOLL_ASK_H
#define AIOPOLL_ASK_H

#include "options.h"

/* Asks, and prints the answer. Returns the exit status: 0 all is well; 1 a server is failing or
 * overdue; 2 there is no answer, or no such server, as one sentence on standard error says. */
int ask(const struct options *options);

#endif
