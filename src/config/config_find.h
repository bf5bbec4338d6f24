/* The servers of a configuration by their names. Pure. */
#ifndef AIOPOLL_CONFIG_FIND_H
#define AIOPOLL_CONFIG_FIND_H

#include "config/config.h"

/* Makes config->by_name, once all servers are there. Ends the process where memory is short. */
void config_sort(struct config *config);

/* The index of the server with this name; config->server_count: there is none. */
size_t config_find(const struct config *config, const char *name);

#endif
