/* What the listener serves: which page is at which path. */
#ifndef AIOPOLL_SITE_H
#define AIOPOLL_SITE_H

#include <stdbool.h>

#include "pace/fleet.h"
#include "report/board.h"
#include "report/log.h"
#include "report/page.h"

/* All are borrowed. */
struct site {
    const struct board *board;
    const struct fleet *fleet;
    const struct log *log;
    bool per_server; /* /metrics has series of each server */
};

/* `path` is without escapes, `query` as it came, or NULL. NULL: there is no such page. */
struct page *site_find(void *site, const char *path, const char *query);

#endif
