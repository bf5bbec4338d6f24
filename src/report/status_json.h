/* How the servers are, as JSON: /status.json and /servers/NAME.json, whose members are those that
 * aiopoll(1) names. */
#ifndef AIOPOLL_STATUS_JSON_H
#define AIOPOLL_STATUS_JSON_H

#include "pace/fleet.h"
#include "report/board.h"
#include "report/page.h"

/* All servers; or, with `since` above 0, those of which something has changed after that change,
 * a board->changes of before, and those that are being polled. The other two are borrowed for the
 * page's life. NULL where memory is short. */
struct page *status_json_page(const struct board *board, const struct fleet *fleet, uint64_t since);

/* One, with its history and why it is polled when it is. A name that is none of a server is told
 * with the status 404. */
struct page *server_json_page(const struct board *board, const struct fleet *fleet,
                              const char *name);

#endif
