/* The addresses of a host, as they come in and in the order in which they are to be
 * tried: RFC 8305 sections 3 and 4.
 *
 * IPv6 and IPv4 addresses are looked up side by side. With an answer for the first
 * family it can begin; one for the other waits for it, 50 ms. The families take turns.
 * The first is IPv6, or that of an address that is known to work, which goes before all
 * others; and where the resolver does not answer, it is the only one. */
#ifndef AIOPOLL_CANDIDATES_H
#define AIOPOLL_CANDIDATES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "config/setting.h"
#include "config/url.h"
#include "http/dns.h"
#include "http/http_env.h"

/* An address that worked. */
struct known_address {
    union address address; /* family AF_UNSPEC: there is none */
    int64_t preferred_until;
};

/* Of one family. */
struct candidate_list {
    int family;
    struct dns_query *query; /* while it is being looked up */
    int status;              /* c-ares' code, then */
    size_t count, next;
    union address addresses[DNS_ADDRESSES_MAX];
};

struct candidates {
    struct http_env *env;
    const struct known_address *known;
    struct candidate_list lists[2];
    unsigned turn;   /* whose turn it is */
    bool preferring; /* the known address has to be tried first */
    bool ready;      /* candidates_next() may be called */
    bool stale;      /* the resolver failed, and the known address is used */
    struct wakeup delay;
    /* There are more addresses, or none will follow: once it is ready, and then after each
     * answer. From the loop. */
    void (*changed)(void *owner);
    void *owner;
    char host[URL_HOST_MAX + 1];
};

/* Begins. For an IP address there is nothing to look up: it is ready on return, and
 * `changed` does not come. `known` is borrowed. `patience`, ns: how long the resolver is
 * waited for where a known address could be used. One of the client's wake-ups is needed.
 * Returns 0 or UV_ENOMEM, and nothing began. */
int candidates_start(struct candidates *candidates, struct http_env *env, const struct url *url,
                     enum address_family family, const struct known_address *known,
                     int64_t patience, void (*changed)(void *owner), void *owner);

/* The next address to try, or NULL: none is left by now. */
const union address *candidates_next(struct candidates *candidates);

/* How many are left by now, and whether more may come. */
size_t candidates_left(const struct candidates *candidates);
bool candidates_pending(const struct candidates *candidates);

/* Without any address: the code of c-ares that says best why. */
int candidates_status(const struct candidates *candidates);

/* `changed` does not come any more. One that is all zero has not begun. */
void candidates_close(struct candidates *candidates);

#endif
