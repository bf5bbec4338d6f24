#include "http/dns.h"

#include <search.h>
#include <stdlib.h>
#include <string.h>
#include <sys/queue.h>

#include "base/clock.h"
#include "base/container_of.h"
#include "base/duration.h"
#include "config/url.h"

/* A lost packet is sent again after 1 and 3 seconds; after 7, the next name
 * server is asked, and after the last one c-ares gives up. */
enum { FIRST_TIMEOUT_MS = 1000, TRIES = 3 };

/* How often c-ares looks for what is to be sent again. Asking it when (ares_timeout)
 * walks through all queries, and would be asked for each. */
#define TICK (100 * MILLISECOND)

/* What c-ares reads when a channel is made; 1.18 cannot read it again. */
static const char resolv_conf[] = "/etc/resolv.conf";
#define CHECK_INTERVAL (500 * MILLISECOND)

/* A right answer that came too late is worth this long, and so many are kept. */
#define LATE_LIFE MINUTE
enum { LATE_MAX = 1024 };

/* One caller's. */
struct dns_query {
    struct dns_look_up *look_up;
    TAILQ_ENTRY(dns_query) link;
    dns_callback *callback;
    void *owner;
    uint16_t port;
};

/* One host's addresses of one family. It goes on when all its callers have gone, as c-ares
 * cannot cancel a single one; who comes meanwhile joins. So there are never two of the same. */
struct dns_look_up {
    struct dns *dns;
    TAILQ_ENTRY(dns_look_up) link; /* pending, late or answered */
    TAILQ_HEAD(, dns_query) queries;
    bool still_wanted; /* by somebody who could not wait */
    bool done;
    int64_t done_at;
    int family;
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

static void check_resolv_conf(struct dns *dns);

static void on_tick(struct wakeup *wakeup)
{
    struct dns *dns = container_of(wakeup, struct dns, tick);
    check_resolv_conf(dns);
    ares_process_fd(dns->channel, ARES_SOCKET_BAD, ARES_SOCKET_BAD);
    if (!TAILQ_EMPTY(&dns->pending))
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

/* Returns c-ares' code. */
static int make_channel(struct dns *dns, ares_channel *channel)
{
    struct ares_options options = {.timeout = FIRST_TIMEOUT_MS,
                                   .tries = TRIES,
                                   .sock_state_cb = on_socket_state,
                                   .sock_state_cb_data = dns};
    return ares_init_options(channel, &options,
                             ARES_OPT_TIMEOUTMS | ARES_OPT_TRIES | ARES_OPT_SOCK_STATE_CB);
}

static struct stat stat_resolv_conf(void)
{
    struct stat info;
    if (stat(resolv_conf, &info) != 0)
        memset(&info, 0, sizeof info);
    return info;
}

int dns_init(struct dns *dns, uv_loop_t *loop, struct wakeups *wakeups)
{
    *dns = (struct dns){.loop = loop, .wakeups = wakeups, .checked = clock_now()};
    TAILQ_INIT(&dns->pending);
    TAILQ_INIT(&dns->answered);
    TAILQ_INIT(&dns->late);
    int status = ares_library_init(ARES_LIB_INIT_ALL);
    if (status != ARES_SUCCESS)
        return status;
    dns->resolv_conf = stat_resolv_conf();
    status = make_channel(dns, &dns->channel);
    if (status != ARES_SUCCESS)
        ares_library_cleanup();
    else
        wakeups_reserve(wakeups, 2);
    return status;
}

static int by_host(const void *left, const void *right)
{
    const struct dns_look_up *a = left, *b = right;
    return a->family != b->family ? a->family - b->family : strcmp(a->host, b->host);
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
    while ((look_up = TAILQ_FIRST(&dns->answered)) != NULL) {
        TAILQ_REMOVE(&dns->answered, look_up, link);
        while ((query = TAILQ_FIRST(&look_up->queries)) != NULL) {
            TAILQ_REMOVE(&look_up->queries, query, link);
            deliver(look_up, query);
        }
        free(look_up);
    }
}

static void answer(struct dns_look_up *look_up)
{
    struct dns *dns = look_up->dns;
    tdelete(look_up, &dns->by_host, by_host);
    TAILQ_INSERT_TAIL(&dns->answered, look_up, link);
    wakeup_set(dns->wakeups, &dns->deliver, 0, deliver_all);
}

static void drop_late(struct dns_look_up *look_up)
{
    struct dns *dns = look_up->dns;
    TAILQ_REMOVE(&dns->late, look_up, link);
    dns->late_count--;
    tdelete(look_up, &dns->by_host, by_host);
    free(look_up);
}

static void keep_late(struct dns_look_up *look_up)
{
    struct dns *dns = look_up->dns;
    look_up->done_at = clock_now();
    TAILQ_INSERT_TAIL(&dns->late, look_up, link);
    if (++dns->late_count > LATE_MAX)
        drop_late(TAILQ_FIRST(&dns->late));
}

/* c-ares takes over what a server sends, even if it was not asked for. */
static void copy_addresses(struct dns_look_up *look_up, const struct ares_addrinfo *result)
{
    for (const struct ares_addrinfo_node *node = result->nodes;
         node != NULL && look_up->count < DNS_ADDRESSES_MAX; node = node->ai_next)
        if (node->ai_family == look_up->family &&
            (size_t)node->ai_addrlen <= sizeof *look_up->addresses)
            memcpy(&look_up->addresses[look_up->count++], node->ai_addr, node->ai_addrlen);
}

/* May come within ask(), so the answer waits for the next turn. */
static void done(struct dns_look_up *look_up, int status)
{
    look_up->status = status == ARES_SUCCESS && look_up->count == 0 ? ARES_ENODATA : status;
    look_up->done = true;
    TAILQ_REMOVE(&look_up->dns->pending, look_up, link);
    if (look_up->status == ARES_SUCCESS && TAILQ_EMPTY(&look_up->queries) && look_up->still_wanted)
        keep_late(look_up);
    else
        answer(look_up);
}

static void on_answer(void *arg, int status, int timeouts, struct ares_addrinfo *result)
{
    struct dns_look_up *look_up = arg;
    (void)timeouts;

    if (look_up->dns->replacing && status == ARES_EDESTRUCTION)
        return;
    if (status == ARES_SUCCESS)
        copy_addresses(look_up, result);
    if (result != NULL)
        ares_freeaddrinfo(result);
    done(look_up, status);
}

/* The order of the answer stays: sorting it (RFC 6724) would send most clients to the same
 * of many addresses, and an unreachable one costs no time where others are tried beside it.
 * c-ares before 1.19 leaks memory each time that it is asked for localhost. */
static void ask(struct dns_look_up *look_up)
{
    if (address_of_localhost(look_up->host, look_up->family, look_up->addresses)) {
        look_up->count = 1;
        done(look_up, ARES_SUCCESS);
        return;
    }
    const struct ares_addrinfo_hints hints = {
        .ai_flags = ARES_AI_NOSORT, .ai_family = look_up->family, .ai_socktype = SOCK_STREAM};
    ares_getaddrinfo(look_up->dns->channel, look_up->host, NULL, &hints, on_answer, look_up);
}

/* Destroying the old channel tells its look-ups so; they stay, and are asked anew. */
static void replace_channel(struct dns *dns, ares_channel channel)
{
    struct dns_look_up *look_up, *next, *last = TAILQ_LAST(&dns->pending, dns_look_ups);
    dns->replacing = true;
    ares_destroy(dns->channel);
    dns->replacing = false;
    dns->channel = channel;
    for (look_up = TAILQ_FIRST(&dns->pending); look_up != NULL; look_up = next) {
        next = look_up == last ? NULL : TAILQ_NEXT(look_up, link);
        ask(look_up); /* may answer it at once, and so take it from the list */
    }
}

static bool is_same_file(const struct stat *a, const struct stat *b)
{
    return a->st_dev == b->st_dev && a->st_ino == b->st_ino && a->st_size == b->st_size &&
           a->st_mtim.tv_sec == b->st_mtim.tv_sec && a->st_mtim.tv_nsec == b->st_mtim.tv_nsec;
}

/* While it is missing, or in the middle of being written, the old one holds. */
static void check_resolv_conf(struct dns *dns)
{
    ares_channel channel;
    int64_t now = clock_now();
    if (now < dns->checked + CHECK_INTERVAL)
        return;
    dns->checked = now;
    struct stat info = stat_resolv_conf();
    if (info.st_size == 0 || is_same_file(&info, &dns->resolv_conf) ||
        make_channel(dns, &channel) != ARES_SUCCESS)
        return;
    dns->resolv_conf = info;
    replace_channel(dns, channel);
}

static struct dns_look_up *find(struct dns *dns, const char *host, int family)
{
    struct dns_look_up key = {.family = family};
    strcpy(key.host, host);
    struct dns_look_up *const *found = tfind(&key, &dns->by_host, by_host);
    if (found == NULL)
        return NULL;
    if (!(*found)->done || clock_now() < (*found)->done_at + LATE_LIFE)
        return *found;
    drop_late(*found);
    return NULL;
}

static struct dns_look_up *add(struct dns *dns, const char *host, int family)
{
    struct dns_look_up *look_up = calloc(1, sizeof *look_up);
    if (look_up == NULL)
        return NULL;
    look_up->dns = dns;
    look_up->family = family;
    TAILQ_INIT(&look_up->queries);
    strcpy(look_up->host, host);
    if (tsearch(look_up, &dns->by_host, by_host) == NULL) {
        free(look_up);
        return NULL;
    }
    if (TAILQ_EMPTY(&dns->pending))
        wakeup_set(dns->wakeups, &dns->tick, clock_now() + TICK, on_tick);
    TAILQ_INSERT_TAIL(&dns->pending, look_up, link);
    return look_up;
}

static void take_late(struct dns_look_up *look_up)
{
    TAILQ_REMOVE(&look_up->dns->late, look_up, link);
    look_up->dns->late_count--;
    answer(look_up);
}

struct dns_query *dns_ask(struct dns *dns, const char *host, int family, uint16_t port,
                          dns_callback *callback, void *owner)
{
    struct dns_query *query = malloc(sizeof *query);
    if (query == NULL)
        return NULL;
    check_resolv_conf(dns);
    struct dns_look_up *known = find(dns, host, family);
    struct dns_look_up *look_up = known != NULL ? known : add(dns, host, family);
    if (look_up == NULL) {
        free(query);
        return NULL;
    }
    *query =
        (struct dns_query){.look_up = look_up, .callback = callback, .owner = owner, .port = port};
    TAILQ_INSERT_TAIL(&look_up->queries, query, link);
    if (known == NULL)
        ask(look_up);
    else if (known->done)
        take_late(known);
    return query;
}

void dns_cancel(struct dns_query *query, bool still_wanted)
{
    query->look_up->still_wanted |= still_wanted;
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
    while (!TAILQ_EMPTY(&dns->late))
        drop_late(TAILQ_FIRST(&dns->late));
}
