/* Names looked up by c-ares on the loop: no thread, and no look-up can hold up
 * another. (uv_getaddrinfo has two threads for all, and cannot be canceled.) */
#ifndef AIOPOLL_DNS_H
#define AIOPOLL_DNS_H

#include <ares.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/queue.h>
#include <sys/stat.h>
#include <uv.h>

#include "http/address.h"
#include "loop/wakeup.h"

enum { DNS_ADDRESSES_MAX = 16 };

struct dns_query;
struct dns_look_up;
struct dns_socket;

TAILQ_HEAD(dns_look_ups, dns_look_up);

struct dns {
    uv_loop_t *loop;
    struct wakeups *wakeups;
    ares_channel channel;
    struct stat resolv_conf;      /* as it was when the channel was made, */
    int64_t checked;              /* and was looked at last */
    bool replacing;               /* the channel: its look-ups go on with the next one */
    struct wakeup tick;           /* lets c-ares send again and give up */
    struct wakeup deliver;        /* answers wait for the next turn of the loop */
    void *by_host;                /* tsearch(3) tree of the look-ups in `pending` and `late` */
    struct dns_look_ups pending;  /* c-ares is at work */
    struct dns_look_ups answered; /* waits for `deliver`; no longer in the tree */
    struct dns_look_ups late;     /* right answers, still wanted, that came too late */
    size_t late_count;
    struct dns_socket *sockets;
};

/* `status` is c-ares' code. The addresses are in the order of the answer, `count` is 0
 * on failure, and they are valid during the call. */
typedef void dns_callback(void *owner, int status, const union address *addresses, size_t count);

/* Returns 0 or c-ares' error code. Takes two of the reserved wake-ups. */
int dns_init(struct dns *dns, uv_loop_t *loop, struct wakeups *wakeups);

/* Looks up the addresses of one `family`, AF_INET or AF_INET6, of `host`, of at most URL_HOST_MAX
 * characters, in the hosts file and DNS; localhost is known without. Who asks for what is being
 * looked up already shares that answer. The callback comes from the loop, once, never from within
 * this call. NULL: memory is short. c-ares gives up after some 7 seconds a name server; a nearer
 * limit is the caller's, by dns_cancel(). A change of resolv.conf is noticed within a second, and
 * what is pending is asked anew. */
struct dns_query *dns_ask(struct dns *dns, const char *host, int family, uint16_t port,
                          dns_callback *callback, void *owner);

/* Before the callback: it does not come any more. `still_wanted`: the caller has no time
 * left, but the answer would serve the next who asks. */
void dns_cancel(struct dns_query *query, bool still_wanted);

/* All queries have to be canceled or answered. The loop has to run on. */
void dns_close(struct dns *dns);

#endif
