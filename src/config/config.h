/* The whole configuration: files, URLs of the command line, or both. Pure but
 * for reading the files: those of the configuration, and those with credentials. */
#ifndef AIOPOLL_CONFIG_H
#define AIOPOLL_CONFIG_H

#include <stdbool.h>
#include <stddef.h>

#include "base/pool.h"
#include "config/problem.h"
#include "config/setting.h"
#include "config/url.h"

struct server_config {
    char *name; /* unique: letters, digits, '.', '_', '-'; after a bare URL perhaps a longer one */
    struct url url;
    bool secret_url; /* its path or query may be a secret, from a variable of the environment */
    const struct server_settings *settings; /* the defaults, or its own; owned by the config */
};

struct config {
    struct daemon_settings daemon;
    struct server_settings defaults;
    struct server_config *servers;        /* in the order of the files, then the command line */
    const struct server_config **by_name; /* the same, sorted: config_find.h */
    size_t server_count;
    struct pool pool; /* of settings and their texts; some are secret */
};

/* Reads `path` (NULL: no file) with what it includes, and `urls`. Every problem
 * is added to `problems`, sorted by place; where there are any, NULL is returned.
 * To be freed by config_free(). */
struct config *config_read(const char *path, char *const *urls, size_t url_count,
                           struct problems *problems);

/* What may be secret is overwritten. */
void config_free(struct config *config);

/* The same with so many parts of it, which all take about as long. It cannot be used any more.
 * True: nothing is left of it. */
bool config_free_some(struct config *config, size_t count);

#endif
