#include "config/config_find.h"

#include <stdlib.h>
#include <string.h>

#include "base/xalloc.h"

static int by_name(const void *left, const void *right)
{
    const struct server_config *a = *(struct server_config *const *)left;
    const struct server_config *b = *(struct server_config *const *)right;
    return strcmp(a->name, b->name);
}

void config_sort(struct config *config)
{
    config->by_name = xcalloc(config->server_count + 1, sizeof *config->by_name);
    for (size_t i = 0; i < config->server_count; i++)
        config->by_name[i] = &config->servers[i];
    qsort(config->by_name, config->server_count, sizeof *config->by_name, by_name);
}

size_t config_find(const struct config *config, const char *name)
{
    const struct server_config wanted = {.name = (char *)name}, *key = &wanted;
    const struct server_config *const *found =
        bsearch(&key, config->by_name, config->server_count, sizeof *config->by_name, by_name);
    return found == NULL ? config->server_count : (size_t)(*found - config->servers);
}
