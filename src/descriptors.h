/* File descriptors: how many there may be, and how many of them connections may have. */
#ifndef AIOPOLL_DESCRIPTORS_H
#define AIOPOLL_DESCRIPTORS_H

#include <stdbool.h>
#include <stddef.h>

struct descriptors {
    size_t limit; /* that all together may be: the hard limit, where the soft one can be raised */
    size_t base;  /* open already, or needed for a moment: connections to name servers, and files */
};

/* What else takes some of them. */
struct descriptors_use {
    bool state_file, log_file, hooks;
    size_t listener; /* its connections; 0: there is no listener */
};

/* Raises the limit; once all is open that stays so, but connections. */
void descriptors_init(struct descriptors *descriptors);

/* How many connections the listener may have besides that use: where there are few, most are for
 * the polls. */
size_t descriptors_for_listener(const struct descriptors *descriptors,
                                const struct descriptors_use *use);

/* How many are left for connections; at least 1. */
size_t descriptors_left(const struct descriptors *descriptors, const struct descriptors_use *use);

#endif
