/* What the listener serves: a response whose body is made piece by piece, as its reader takes it.
 *
 * Between two pieces polls go on, and a reload may come: so a page keeps an index or a name, and no
 * pointer to a server. */
#ifndef AIOPOLL_PAGE_H
#define AIOPOLL_PAGE_H

#include <stdbool.h>
#include <stddef.h>

#include "base/buffer.h"

/* About how long a piece is: a hundred microseconds' work, or a little more. */
enum { PAGE_PIECE = 16 * 1024 };

struct page {
    int status;       /* RFC 9110 section 15 */
    const char *type; /* of the field Content-Type */
    const char *etag; /* of the field ETag, in its quotes; NULL: no-store, it is always another */
    /* The whole body, which outlives the page; or NULL, and `next` makes it. */
    const char *bytes;
    size_t length;
    /* Appends the next piece, or nothing, where there was much to look at. False: that was the last
     * one. */
    bool (*next)(struct page *page, struct buffer *piece);
    /* Frees the page; NULL: there is nothing to free. */
    void (*free)(struct page *page);
};

#endif
