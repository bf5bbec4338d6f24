/* The files of the browser's page, compiled in. Pure. */
#ifndef AIOPOLL_ASSETS_H
#define AIOPOLL_ASSETS_H

#include "report/page.h"

/* The page of a path as in a request ("/", "/style.css"), shared by all who ask and never changed;
 * NULL: there is none. */
struct page *asset_page(const char *path);

#endif
