/* An http URL (RFC 9110 section 4.2, RFC 3986), checked and taken apart. Pure. */
#ifndef AIOPOLL_URL_H
#define AIOPOLL_URL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* One allocation a URL: the parts are places in `text`. */
struct url {
    char *text;           /* normalised: with scheme, without default port and fragment */
    uint16_t authority;   /* offset of "host[:port]", which is the Host field's value */
    uint16_t host;        /* offset of the host, without the brackets of an IPv6 address */
    uint16_t host_length; /* at most URL_HOST_MAX */
    uint16_t target;      /* offset of path and query, the request target; "/" at least */
    uint16_t port;
};

enum { URL_HOST_MAX = 253, URL_MAX = 4096 };

/* Reads a URL; one without a scheme is http. Returns false where it is not one
 * that can be polled, with a sentence in `why` that does not repeat the URL. */
bool url_parse(const char *text, struct url *url, char *why, size_t why_size);

/* The host with a final NUL, as look-ups want it. Returns `out`. */
char *url_host(const struct url *url, char out[URL_HOST_MAX + 1]);

/* The end of "host[:port]" is the beginning of the target. */
static inline size_t url_authority_length(const struct url *url)
{
    return (size_t)(url->target - url->authority);
}

void url_free(struct url *url);

#endif
