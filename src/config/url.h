/* An http or https URL (RFC 9110 section 4.2, RFC 3986), checked and taken apart. Pure.
 * Where memory is short, that is a refusal like others: a poll may use all of this. */
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
    bool https;
};

enum { URL_HOST_MAX = 253, URL_MAX = 4096 };

/* Reads a URL; one without a scheme is http. Returns false where it is not one
 * that can be polled, with a sentence in `why` that does not repeat the URL.
 * *userinfo becomes "user:password" as it stands there, percent-encoded, to be freed, or
 * NULL where there is none; with `userinfo` NULL, one is refused. It is never in url->text. */
bool url_parse(const char *text, struct url *url, char **userinfo, char *why, size_t why_size);

/* Resolves a reference, such as a Location field's value, against `base` (RFC 3986
 * section 5, strictly). The result is checked as by url_parse() without `userinfo`; *out is
 * set only where that is true. A fragment is dropped. */
bool url_resolve(const struct url *base, const char *reference, struct url *out, char *why,
                 size_t why_size);

/* Scheme, host and port are the same (RFC 9110 section 4.3.1). Hosts are compared as
 * texts, whatever their case: two ways to write an IPv6 address are two origins. */
bool url_same_origin(const struct url *a, const struct url *b);

/* Whether it could be the host of a URL: a name, or an IP address without brackets. */
bool url_is_host(const char *text);

/* The host with a final NUL, as look-ups want it. Returns `out`. */
char *url_host(const struct url *url, char out[URL_HOST_MAX + 1]);

/* The end of "host[:port]" is the beginning of the target. */
static inline size_t url_authority_length(const struct url *url)
{
    return (size_t)(url->target - url->authority);
}

enum { URL_ORIGIN_SIZE = URL_HOST_MAX + 32 };

/* What may be shown of it: all; or, where path and query are secret, its origin, which is
 * written to `origin`. */
const char *url_shown(const struct url *url, bool secret, char origin[URL_ORIGIN_SIZE]);

void url_free(struct url *url);

#endif
