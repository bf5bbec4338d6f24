/* The page /healthz: whether all is well, for those who ask for a status only. */
#ifndef AIOPOLL_HEALTHZ_H
#define AIOPOLL_HEALTHZ_H

#include "pace/fleet.h"
#include "report/page.h"

/* 200 where no server is overdue, else 503 with their names. The fleet is borrowed for the page's
 * life. NULL where memory is short. */
struct page *healthz_page(const struct fleet *fleet);

#endif
