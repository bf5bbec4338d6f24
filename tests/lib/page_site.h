/*
 * A daemon as the page sees it, made up: it serves the page itself and the JSON
 * that the page reads, on the rig's loop. Of its servers, each is polled on
 * time every second to every half a minute, and well, but for what the test
 * says of it.
 */
#ifndef TESTS_LIB_PAGE_SITE_H
#define TESTS_LIB_PAGE_SITE_H

#include <stddef.h>

#include "rig.h"

struct page_site;

/* What is said of one server. The strings are the caller's, and live as long as the site. */
struct page_said {
    const char *name;   /* NULL: "s" and its number, as five digits */
    const char *state;  /* NULL: ok */
    int status;         /* for which its last poll failed; 0: that was a timeout */
    const char *detail; /* of that */
    const char *url;    /* NULL: made of its name */
};

/* It listens on 127.0.0.1, on a port of the kernel's choice. To be freed before the rig. */
struct page_site *page_site_new(struct rig *rig, size_t servers);
void page_site_free(struct page_site *site);

/* With a slash at the end. */
const char *page_site_url(const struct page_site *site);

/* From now on, that is so. */
void page_site_say(struct page_site *site, size_t server, struct page_said said);

/* Another configuration: of so many servers, which may be more or fewer. */
void page_site_reload(struct page_site *site, size_t servers);

/* The daemon's clock, against that of the browser's machine. */
void page_site_set_clock(struct page_site *site, double ahead);

/* What /status.json has from now on, instead of what is so; NULL: that again. */
void page_site_answer(struct page_site *site, const char *body);

/* The daemon is gone, with all its connections; and comes back at the same port. */
void page_site_stop(struct page_site *site);
void page_site_start(struct page_site *site);

#endif
