#include "http/dns.h"

#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/duration.h"

/* A lost packet is sent again after 1, 2 and 4 seconds. */
enum { FIRST_TIMEOUT_MS = 1000, TRIES = 4 };

struct dns_query {
    struct dns *dns;
    struct dns_query *next; /* in the list of the answered */
    dns_callback *callback; /* NULL once canceled */
    void *owner;
    uint16_t port;
    int status;
    size_t count;
    union address addresses[DNS_ADDRESSES_MAX];
};

struct dns_socket {
    uv_poll_t poll;
    struct dns *dns;
    struct dns_socket *next;
    ares_socket_t fd;
};

static void on_timeout(struct wakeup *wakeup);

static void set_timeout(struct dns *dns)
{
    struct timeval left;
    if (ares_timeout(dns->channel, NULL, &left) == NULL)
        wakeup_cancel(dns->wakeups, &dns->timeout);
    else
        wakeup_set(dns->wakeups, &dns->timeout,
                   clock_now() + left.tv_sec * SECOND + left.tv_usec * MICROSECOND, on_timeout);
}

static void process(struct dns *dns, ares_socket_t readable, ares_socket_t writable)
{
    ares_process_fd(dns->channel, readable, writable);
    set_timeout(dns);
}

static void on_timeout(struct wakeup *wakeup)
{
    process(container_of(wakeup, struct dns, timeout), ARES_SOCKET_BAD, ARES_SOCKET_BAD);
}

static void on_ready(uv_poll_t *poll, int status, int events)
{
    struct dns_socket *socket = container_of(poll, struct dns_socket, poll);
    /* c-ares finds out itself what is wrong with a socket: it reads it. */
    bool readable = status != 0 || (events & UV_READABLE);
    bool writable = status != 0 || (events & UV_WRITABLE);
    process(socket->dns, readable ? socket->fd : ARES_SOCKET_BAD,
            writable ? socket->fd : ARES_SOCKET_BAD);
}

static void free_socket(uv_handle_t *handle)
{
    free(container_of((uv_poll_t *)handle, struct dns_socket, poll));
}

static struct dns_socket *watch(struct dns *dns, ares_socket_t fd)
{
    struct dns_socket *socket = calloc(1, sizeof *socket);
    if (socket == NULL)
        return NULL;
    if (uv_poll_init(dns->loop, &socket->poll, fd) != 0) {
        free(socket);
        return NULL;
    }
    socket->dns = dns;
    socket->fd = fd;
    socket->next = dns->sockets;
    dns->sockets = socket;
    return socket;
}

/* c-ares says what it wants to know of a socket; nothing: it is about to close it. */
static void on_socket_state(void *data, ares_socket_t fd, int readable, int writable)
{
    struct dns *dns = data;
    struct dns_socket **link = &dns->sockets, *socket;
    while (*link != NULL && (*link)->fd != fd)
        link = &(*link)->next;
    socket = *link;

    if (readable || writable) {
        if (socket == NULL && (socket = watch(dns, fd)) == NULL)
            return; /* the query runs into its time limit */
        uv_poll_start(&socket->poll, (readable ? UV_READABLE : 0) | (writable ? UV_WRITABLE : 0),
                      on_ready);
    } else if (socket != NULL) {
        *link = socket->next;
        uv_close((uv_handle_t *)&socket->poll, free_socket);
    }
}

int dns_init(struct dns *dns, uv_loop_t *loop, struct wakeups *wakeups)
{
    struct ares_options options = {.timeout = FIRST_TIMEOUT_MS,
                                   .tries = TRIES,
                                   .sock_state_cb = on_socket_state,
                                   .sock_state_cb_data = dns};
    *dns = (struct dns){.loop = loop, .wakeups = wakeups};
    int status = ares_library_init(ARES_LIB_INIT_ALL);
    if (status != ARES_SUCCESS)
        return status;
    status = ares_init_options(&dns->channel, &options,
                               ARES_OPT_TIMEOUTMS | ARES_OPT_TRIES | ARES_OPT_SOCK_STATE_CB);
    if (status != ARES_SUCCESS)
        ares_library_cleanup();
    else
        wakeups_reserve(wakeups, 2);
    return status;
}

static void deliver_all(struct wakeup *wakeup)
{
    struct dns *dns = container_of(wakeup, struct dns, deliver);
    struct dns_query *query;
    while ((query = dns->answered) != NULL) {
        dns->answered = query->next;
        if (query->callback != NULL)
            query->callback(query->owner, query->status, query->addresses, query->count);
        free(query);
    }
}

static void copy_addresses(struct dns_query *query, const struct ares_addrinfo *result)
{
    for (const struct ares_addrinfo_node *node = result->nodes;
         node != NULL && query->count < DNS_ADDRESSES_MAX; node = node->ai_next) {
        union address *address = &query->addresses[query->count];
        if ((size_t)node->ai_addrlen > sizeof *address)
            continue;
        memcpy(address, node->ai_addr, node->ai_addrlen);
        if (address->any.sa_family == AF_INET6)
            address->v6.sin6_port = htons(query->port);
        else
            address->v4.sin_port = htons(query->port);
        query->count++;
    }
}

/* May come within ares_getaddrinfo(), so the answer waits for the next turn. */
static void on_answer(void *arg, int status, int timeouts, struct ares_addrinfo *result)
{
    struct dns_query *query = arg;
    struct dns *dns = query->dns;
    (void)timeouts;

    query->status = status;
    if (status == ARES_SUCCESS)
        copy_addresses(query, result);
    if (status == ARES_SUCCESS && query->count == 0)
        query->status = ARES_ENODATA;
    if (result != NULL)
        ares_freeaddrinfo(result);
    query->next = dns->answered;
    dns->answered = query;
    wakeup_set(dns->wakeups, &dns->deliver, 0, deliver_all);
}

struct dns_query *dns_look_up(struct dns *dns, const char *host, uint16_t port,
                              dns_callback *callback, void *owner)
{
    const struct ares_addrinfo_hints hints = {.ai_family = AF_UNSPEC, .ai_socktype = SOCK_STREAM};
    struct dns_query *query = calloc(1, sizeof *query);
    if (query == NULL)
        return NULL;
    query->dns = dns;
    query->callback = callback;
    query->owner = owner;
    query->port = port;
    ares_getaddrinfo(dns->channel, host, NULL, &hints, on_answer, query);
    set_timeout(dns);
    return query;
}

void dns_cancel(struct dns_query *query)
{
    query->callback = NULL;
}

void dns_close(struct dns *dns)
{
    ares_destroy(dns->channel); /* answers what is left, and closes its sockets */
    ares_library_cleanup();
    wakeup_cancel(dns->wakeups, &dns->timeout);
    wakeup_cancel(dns->wakeups, &dns->deliver);
    deliver_all(&dns->deliver);
}
