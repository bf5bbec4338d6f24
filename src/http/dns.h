/* Names looked up by c-ares on the loop: no thread, and no look-up can hold up
 * another. (uv_getaddrinfo has two threads for all, and cannot be canceled.) */
#ifndef AIOPOLL_DNS_H
#define AIOPOLL_DNS_H

#include <ares.h>
#include <stddef.h>
#include <stdint.h>
#include <uv.h>

#include "http/address.h"
#include "loop/wakeup.h"

enum { DNS_ADDRESSES_MAX = 16 };

struct dns_query;
struct dns_look_up;
struct dns_socket;

struct dns {
    uv_loop_t *loop;
    struct wakeups *wakeups;
    ares_channel channel;
    struct wakeup tick;    /* lets c-ares send again and give up */
    struct wakeup deliver; /* answers wait for the next turn of the loop */
    void *pending;         /* tsearch(3) tree of look-ups, by host */
    size_t pending_count;
    struct dns_look_up *answered; /* first of the list */
    struct dns_socket *sockets;
};

/* `status` is c-ares' code. The addresses are in the order in which they should
 * be tried (RFC 6724), `count` is 0 on failure, and they are valid during the call. */
typedef void dns_callback(void *owner, int status, const union address *addresses, size_t count);

/* Returns 0 or c-ares' error code. Takes two of the reserved wake-ups. */
int dns_init(struct dns *dns, uv_loop_t *loop, struct wakeups *wakeups);

/* Looks up `host`, of at most URL_HOST_MAX characters, in the hosts file and DNS; who asks for a
 * host that is being looked up already shares that answer. The callback comes from the loop, once,
 * never from within this call. NULL: memory is short. c-ares gives up in its own time; a nearer
 * limit is the caller's, by dns_cancel(). */
struct dns_query *dns_ask(struct dns *dns, const char *host, uint16_t port, dns_callback *callback,
                          void *owner);

/* Before the callback: it does not come any more. */
void dns_cancel(struct dns_query *query);

/* All queries have to be canceled or answered. The loop has to run on. */
void dns_close(struct dns *dns);

#endif
