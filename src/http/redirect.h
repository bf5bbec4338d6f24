/* Where redirects lead one client: to another URL for the rest of a poll, and perhaps to a
 * connection of its own there. RFC 9110 section 15.4. Only http_client.c uses it. */
#ifndef AIOPOLL_REDIRECT_H
#define AIOPOLL_REDIRECT_H

#include <stdbool.h>
#include <stdint.h>

#include "http/http_client.h"

struct http_detour {
    struct url url;    /* of the request under way; no text where that is the client's own */
    struct url origin; /* of the connection; no text: it was never used */
    struct conn conn;
    bool used;        /* in the poll under way */
    int64_t deadline; /* until then the connection is kept */
};

/* NULL is left alone. */
void detour_free(struct http_detour *detour);

/* That of the request under way; and whether it is of another origin than the client's own, so
 * that it takes the connection of the detour. */
const struct url *redirect_url(const struct http_client *client);
bool redirect_is_foreign(const struct http_client *client);

enum { REDIRECT_WHY_SIZE = 160 };

/* The client's response is a redirect: makes its target, and the method that is right there,
 * those of the next request. Returns NULL, or a sentence on why it is not followed. */
const char *redirect_follow(struct http_client *client, char why[REDIRECT_WHY_SIZE]);

#endif
