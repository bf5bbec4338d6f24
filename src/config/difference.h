/* What differs between two configurations, server by server: they are the same by their names.
 * Pure. */
#ifndef AIOPOLL_DIFFERENCE_H
#define AIOPOLL_DIFFERENCE_H

#include <stdbool.h>
#include <stddef.h>

#include "config/config.h"

enum fate {
    FATE_SAME,
    FATE_CHANGED, /* other settings */
    FATE_MOVED,   /* another URL */
    FATE_ADDED,
    FATE_REMOVED,
};

/* As in the documentation: "same", "changed", "moved", "added", "removed". */
const char *fate_name(enum fate fate);

struct difference_entry {
    enum fate fate; /* not FATE_REMOVED */
    size_t old;     /* which server of the old configuration it is; not for FATE_ADDED */
};

struct difference {
    struct difference_entry *entries; /* one for each server of the new configuration */
    size_t count;
    size_t added, changed, moved, removed;
};

/* Whether files that the settings name have another content than before, though the settings are
 * equal. */
typedef bool difference_files(void *user, const struct server_settings *old,
                              const struct server_settings *new);

/* To be freed by difference_free(). Ends the process where memory is short. */
void difference_find(struct difference *difference, const struct config *old,
                     const struct config *new, difference_files *files, void *user);

void difference_free(struct difference *difference);

#endif
