/* The page /metrics, for Prometheus: what aiopoll(1) describes in its section METRICS. */
#ifndef AIOPOLL_METRICS_H
#define AIOPOLL_METRICS_H

#include <stdbool.h>

#include "pace/fleet.h"
#include "report/board.h"
#include "report/log.h"
#include "report/page.h"

/* A page that reads these as it is made; they have to outlive it. Without `per_server` there are no
 * series of single servers. NULL: memory is short.
 *
 * A metric has a server once, and has every server that is there from its first series to its
 * last, also while a reload is applied. One that was removed by a reload, and added by a further
 * one, within one metric of one page, may be there twice. */
struct page *metrics_page(const struct board *board, const struct fleet *fleet,
                          const struct log *log, bool per_server);

#endif
