#include "http/candidates.h"

#include "base/clock.h"
#include "base/container_of.h"
#include "base/duration.h"

/* RFC 8305 section 8: the Resolution Delay. */
#define RESOLUTION_DELAY (50 * MILLISECOND)

static struct candidate_list *list_of(struct candidates *candidates, int family)
{
    return &candidates->lists[candidates->lists[1].family == family];
}

static bool is_known(const struct candidates *candidates)
{
    return candidates->known->address.any.sa_family != AF_UNSPEC;
}

bool candidates_pending(const struct candidates *candidates)
{
    return candidates->lists[0].query != NULL || candidates->lists[1].query != NULL;
}

static bool has_any(const struct candidates *candidates)
{
    return candidates->lists[0].count + candidates->lists[1].count > 0;
}

/* That a name or its addresses do not exist is an answer, and holds. */
static bool resolver_failed(const struct candidates *candidates)
{
    int status = candidates_status(candidates);
    return status != ARES_ENOTFOUND && status != ARES_ENODATA;
}

/* The owner may close us within. */
static void make_ready(struct candidates *candidates)
{
    wakeup_cancel(candidates->env->wakeups, &candidates->delay);
    candidates->ready = true;
    candidates->changed(candidates->owner);
}

static void use_known(struct candidates *candidates)
{
    const union address *known = &candidates->known->address;
    struct candidate_list *list = list_of(candidates, known->any.sa_family);
    list->addresses[list->count++] = *known;
    candidates->stale = true;
}

static void on_no_answer(struct wakeup *wakeup)
{
    struct candidates *candidates = container_of(wakeup, struct candidates, delay);
    use_known(candidates);
    make_ready(candidates);
}

static void on_delay(struct wakeup *wakeup)
{
    make_ready(container_of(wakeup, struct candidates, delay));
}

static void on_answer(struct candidates *candidates)
{
    bool waits =
        !candidates->ready && candidates_pending(candidates) && candidates->lists[0].count == 0;
    if (waits && candidates->lists[1].count > 0)
        wakeup_set(candidates->env->wakeups, &candidates->delay, clock_now() + RESOLUTION_DELAY,
                   on_delay);
    if (waits)
        return;
    if (!candidates_pending(candidates) && !has_any(candidates) && is_known(candidates) &&
        resolver_failed(candidates))
        use_known(candidates);
    make_ready(candidates);
}

/* What is in the list by now, the known address, is not to be tried twice. */
static void fill(struct candidate_list *list, int status, const union address *addresses,
                 size_t count)
{
    size_t before = list->count;
    list->query = NULL;
    list->status = status;
    for (size_t i = 0; i < count && list->count < DNS_ADDRESSES_MAX; i++)
        if (before == 0 || !address_equal(&list->addresses[0], &addresses[i]))
            list->addresses[list->count++] = addresses[i];
}

static void on_first(void *owner, int status, const union address *addresses, size_t count)
{
    struct candidates *candidates = owner;
    fill(&candidates->lists[0], status, addresses, count);
    on_answer(candidates);
}

static void on_second(void *owner, int status, const union address *addresses, size_t count)
{
    struct candidates *candidates = owner;
    fill(&candidates->lists[1], status, addresses, count);
    on_answer(candidates);
}

static bool is_wanted(int family, enum address_family wanted)
{
    return wanted == ADDRESS_FAMILY_ANY || (wanted == ADDRESS_FAMILY_6) == (family == AF_INET6);
}

static int look_up(struct candidates *candidates, enum address_family wanted, uint16_t port)
{
    static dns_callback *const callbacks[] = {on_first, on_second};
    for (int i = 0; i < 2; i++) {
        struct candidate_list *list = &candidates->lists[i];
        list->status = ARES_ENODATA;
        if (!is_wanted(list->family, wanted))
            continue;
        list->query = dns_ask(&candidates->env->dns, candidates->host, list->family, port,
                              callbacks[i], candidates);
        if (list->query == NULL) {
            candidates_close(candidates);
            return UV_ENOMEM;
        }
    }
    return 0;
}

int candidates_start(struct candidates *candidates, struct http_env *env, const struct url *url,
                     enum address_family family, const struct known_address *known,
                     int64_t patience, void (*changed)(void *owner), void *owner)
{
    int64_t now = clock_now();
    *candidates =
        (struct candidates){.env = env, .known = known, .changed = changed, .owner = owner};
    candidates->preferring = is_known(candidates) && now < known->preferred_until;
    bool v4_first = candidates->preferring && known->address.any.sa_family == AF_INET;
    candidates->lists[0].family = v4_first ? AF_INET : AF_INET6;
    candidates->lists[1].family = v4_first ? AF_INET6 : AF_INET;

    url_host(url, candidates->host);
    if (address_parse(candidates->host, url->port, &candidates->lists[0].addresses[0])) {
        candidates->lists[0].count = 1;
        candidates->ready = true;
        return 0;
    }
    int error = look_up(candidates, family, url->port);
    if (error == 0 && is_known(candidates))
        wakeup_set(env->wakeups, &candidates->delay, now + patience, on_no_answer);
    return error;
}

/* To the front, where the answer still has it. */
static void prefer_known(struct candidates *candidates)
{
    const union address *known = &candidates->known->address;
    struct candidate_list *list = list_of(candidates, known->any.sa_family);
    candidates->preferring = false;
    for (size_t i = list->next; i < list->count; i++) {
        if (!address_equal(&list->addresses[i], known))
            continue;
        list->addresses[i] = list->addresses[list->next];
        list->addresses[list->next] = *known;
    }
}

static const union address *take_turn(struct candidates *candidates)
{
    struct candidate_list *list = &candidates->lists[candidates->turn];
    candidates->turn = !candidates->turn;
    return list->next < list->count ? &list->addresses[list->next++] : NULL;
}

const union address *candidates_next(struct candidates *candidates)
{
    if (candidates->preferring)
        prefer_known(candidates);
    const union address *address = take_turn(candidates);
    return address != NULL ? address : take_turn(candidates);
}

size_t candidates_left(const struct candidates *candidates)
{
    const struct candidate_list *lists = candidates->lists;
    return lists[0].count - lists[0].next + lists[1].count - lists[1].next;
}

int candidates_status(const struct candidates *candidates)
{
    const struct candidate_list *lists = candidates->lists;
    if (lists[1].status == ARES_ENOTFOUND)
        return ARES_ENOTFOUND; /* no such name, and so no such address of either family */
    return lists[0].status != ARES_ENODATA ? lists[0].status : lists[1].status;
}

void candidates_close(struct candidates *candidates)
{
    if (candidates->env == NULL)
        return;
    bool still_wanted = !candidates->ready || candidates->stale;
    for (int i = 0; i < 2; i++) {
        if (candidates->lists[i].query != NULL)
            dns_cancel(candidates->lists[i].query, still_wanted);
        candidates->lists[i].query = NULL;
    }
    wakeup_cancel(candidates->env->wakeups, &candidates->delay);
}
