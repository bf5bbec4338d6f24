/* What this process takes of the machine. Nothing here waits, and none of it takes longer than
 * some microseconds. */
#ifndef AIOPOLL_PROCESS_USAGE_H
#define AIOPOLL_PROCESS_USAGE_H

#include <stdint.h>

/* -1: it cannot be told. */
struct process_usage {
    int64_t cpu;               /* ns, of user and system */
    int64_t resident, virtual; /* bytes of memory */
    int64_t open_fds;          /* also -1 for more than 256, before Linux 6.2 */
    int64_t max_fds;           /* INT64_MAX: no limit */
};

void process_usage_measure(struct process_usage *usage);

#endif
