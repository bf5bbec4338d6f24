#include "http/dns.h"

#include <search.h>
#include <stdlib.h>
#include <string.h>
#include <sys/queue.h>

#include "base/clock.h"
#include "base/container_of.h"
#include "base/duration.h"
#include "config/url.h"

/* A lost packet is sent again after 1 and 3 seconds; after 7, c-ares gives up. */
enum { FIRST_TIMEOUT_MS = 1000, TRIES = 3 };

/* How often c-ares looks for what is to be sent again. Asking it when (ares_timeout)
 * walks through all queries, and would be asked for each. */
#define TICK (100 * MILLISECOND)

/* One caller's. */
struct dns_query {
    struct dns_look_up *look_up;
    TAILQ_ENTRY(dns_query) link;
    dns_callback *callback;
    void *owner;
    uint16_t port;
};

/* One host's. It goes on when all its callers have gone, as c-ares cannot cancel a
 * single one; who comes meanwhile joins. So there is never more than one a host. */
struct dns_look_up {
    struct dns *dns;
    TAILQ_HEAD(, dns_query) queries;
    struct dns_look_up *next; /* in the list of the answered */
    int status;
    size_t count;
    union address addresses[DNS_ADDRESSES_MAX];
    char host[URL_HOST_MAX + 1];
};

struct dns_socket {
    uv_poll_t poll;
    struct dns *dns;
    struct dns_socket *next;
    ares_socket_t fd;
};

static void on_tick(struct wakeup *wakeup)
{
    struct dns *dns = container_of(wakeup, struct dns, tick);
    ares_process_fd(dns->channel, ARES_SOCKET_BAD, ARES_SOCKET_BAD);
    if (dns->pending_count > 0)
        wakeup_set(dns->wakeups, &dns->tick, clock_now() + TICK, on_tick);
}

static void on_ready(uv_poll_t *poll, int status, int events)
{
    struct dns_socket *socket = container_of(poll, struct dns_socket, poll);
    /* c-ares finds out itself what is wrong with a socket: it reads it. */
    bool readable = status != 0 || (events & UV_READABLE);
    bool writable = status != 0 || (events & UV_WRITABLE);
    ares_process_fd(socket->dns->channel, readable ? socket->fd : ARES_SOCKET_BAD,
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

static int by_host(const void *left, const void *right)
{
    const struct dns_look_up *a = left, *b = right;
    return strcmp(a->host, b->host);
}

static void set_port(union address *address, uint16_t port)
{
    if (address->any.sa_family == AF_INET6)
        address->v6.sin6_port = htons(port);
    else
        address->v4.sin_port = htons(port);
}

/* Hands one caller its answer. It may cancel the others from its callback. */
static void deliver(struct dns_look_up *look_up, struct dns_query *query)
{
    for (size_t i = 0; i < look_up->count; i++)
        set_port(&look_up->addresses[i], query->port);
    query->callback(query->owner, look_up->status, look_up->addresses, look_up->count);
    free(query);
}

static void deliver_all(struct wakeup *wakeup)
{
    struct dns *dns = container_of(wakeup, struct dns, deliver);
    struct dns_look_up *look_up;
    struct dns_query *query;
    while ((look_up = dns->answered) != NULL) {
        dns->answered = look_up->next;
        while ((query = TAILQ_FIRST(&look_up->queries)) != NULL) {
            TAILQ_REMOVE(&look_up->queries, query, link);
            deliver(look_up, query);
        }
        free(look_up);
    }
}

static void copy_addresses(struct dns_look_up *look_up, const struct ares_addrinfo *result)
{
    for (const struct ares_addrinfo_node *node = result->nodes;
         node != NULL && look_up->count < DNS_ADDRESSES_MAX; node = node->ai_next)
        if ((size_t)node->ai_addrlen <= sizeof *look_up->addresses)
            memcpy(&look_up->addresses[look_up->count++], node->ai_addr, node->ai_addrlen);
}

/* May come within ares_getaddrinfo(), so the answer waits for the next turn. */
static void on_answer(void *arg, int status, int timeouts, struct ares_addrinfo *result)
{
    struct dns_look_up *look_up = arg;
    struct dns *dns = look_up->dns;
    (void)timeouts;

    look_up->status = status;
    if (status == ARES_SUCCESS)
        copy_addresses(look_up, result);
    if (status == ARES_SUCCESS && look_up->count == 0)
        look_up->status = ARES_ENODATA;
    if (result != NULL)
        ares_freeaddrinfo(result);
    tdelete(look_up, &dns->pending, by_host);
    dns->pending_count--;
    look_up->next = dns->answered;
    dns->answered = look_up;
    wakeup_set(dns->wakeups, &dns->deliver, 0, deliver_all);
}

static struct dns_look_up *find(struct dns *dns, const char *host)
{
    struct dns_look_up key;
    strcpy(key.host, host);
    struct dns_look_up *const *found = tfind(&key, &dns->pending, by_host);
    return found == NULL ? NULL : *found;
}

static struct dns_look_up *add(struct dns *dns, const char *host)
{
    struct dns_look_up *look_up = calloc(1, sizeof *look_up);
    if (look_up == NULL)
        return NULL;
    look_up->dns = dns;
    TAILQ_INIT(&look_up->queries);
    strcpy(look_up->host, host);
    if (tsearch(look_up, &dns->pending, by_host) == NULL) {
        free(look_up);
        return NULL;
    }
    if (dns->pending_count++ == 0)
        wakeup_set(dns->wakeups, &dns->tick, clock_now() + TICK, on_tick);
    return look_up;
}

struct dns_query *dns_ask(struct dns *dns, const char *host, uint16_t port, dns_callback *callback,
                          void *owner)
{
    const struct ares_addrinfo_hints hints = {.ai_family = AF_UNSPEC, .ai_socktype = SOCK_STREAM};
    struct dns_look_up *running = find(dns, host);
    struct dns_look_up *look_up = running != NULL ? running : add(dns, host);
    struct dns_query *query = malloc(sizeof *query);
    if (query == NULL || look_up == NULL) {
        free(query); /* a look-up without queries ends by itself */
        query = NULL;
    } else {
        *query = (struct dns_query){
            .look_up = look_up, .callback = callback, .owner = owner, .port = port};
        TAILQ_INSERT_TAIL(&look_up->queries, query, link);
    }
    if (running == NULL && look_up != NULL)
        ares_getaddrinfo(dns->channel, host, NULL, &hints, on_answer, look_up);
    return query;
}

void dns_cancel(struct dns_query *query)
{
    TAILQ_REMOVE(&query->look_up->queries, query, link);
    free(query);
}

void dns_close(struct dns *dns)
{
    ares_destroy(dns->channel); /* answers what is left, and closes its sockets */
    ares_library_cleanup();
    wakeup_cancel(dns->wakeups, &dns->tick);
    wakeup_cancel(dns->wakeups, &dns->deliver);
    deliver_all(&dns->deliver);
}
