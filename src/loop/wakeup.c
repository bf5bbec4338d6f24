#include "loop/wakeup.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/container_of.h"
#include "base/duration.h"
#include "base/xalloc.h"

/* Between two batches the loop attends to the sockets. */
enum { BATCH = 128 };

/* How many wake-ups a search looks at: that takes less time than a poll. */
enum { EFFORT = 500 };

/* The moment stands in the heap itself: comparing must not follow pointers. */
struct wakeup_slot {
    int64_t due;
    struct wakeup *wakeup;
};

/* Places are counted from 1, so that the parent of k is k / 2. */
static void put(struct wakeups *wakeups, size_t place, struct wakeup_slot slot)
{
    wakeups->heap[place] = slot;
    slot.wakeup->place = place;
}

static void sift_up(struct wakeups *wakeups, size_t place, struct wakeup_slot slot)
{
    while (place > 1 && wakeups->heap[place / 2].due > slot.due) {
        put(wakeups, place, wakeups->heap[place / 2]);
        place /= 2;
    }
    put(wakeups, place, slot);
}

static void sift_down(struct wakeups *wakeups, size_t place, struct wakeup_slot slot)
{
    for (size_t child; (child = 2 * place) <= wakeups->count; place = child) {
        if (child < wakeups->count && wakeups->heap[child + 1].due < wakeups->heap[child].due)
            child++;
        if (wakeups->heap[child].due >= slot.due)
            break;
        put(wakeups, place, wakeups->heap[child]);
    }
    put(wakeups, place, slot);
}

static void set_timer(struct wakeups *wakeups, int64_t due)
{
    struct itimerspec when = {0}; /* all zero disarms */
    if (due != INT64_MAX) {
        int64_t moment = due < 1 ? 1 : due;
        when.it_value.tv_sec = moment / SECOND;
        when.it_value.tv_nsec = moment % SECOND;
    }
    timerfd_settime(wakeups->fd, TFD_TIMER_ABSTIME, &when, NULL);
    wakeups->armed = due;
}

static bool has_due(const struct wakeups *wakeups, int64_t now)
{
    return wakeups->count > 0 && wakeups->heap[1].due <= now;
}

static void on_timer(uv_poll_t *poll, int status, int events)
{
    struct wakeups *wakeups = container_of(poll, struct wakeups, poll);
    int64_t now = clock_now();
    (void)status;
    (void)events;

    wakeups->running = true;
    for (int n = 0; n < BATCH && has_due(wakeups, now); n++) {
        struct wakeup *wakeup = wakeups->heap[1].wakeup;
        if (wakeups->heap[1].due > wakeups->reached)
            wakeups->reached = wakeups->heap[1].due;
        wakeup_cancel(wakeups, wakeup);
        wakeup->wake(wakeup);
    }
    wakeups->running = false;
    if (!has_due(wakeups, now))
        wakeups->reached = now;
    if (wakeups->fd >= 0)
        set_timer(wakeups, wakeups->count > 0 ? wakeups->heap[1].due : INT64_MAX);
}

int wakeups_init(struct wakeups *wakeups, uv_loop_t *loop)
{
    *wakeups = (struct wakeups){.armed = INT64_MAX, .reached = clock_now()};
    wakeups->fd = timerfd_create(CLOCK_BOOTTIME, TFD_NONBLOCK | TFD_CLOEXEC);
    if (wakeups->fd < 0)
        return uv_translate_sys_error(errno);
    int error = uv_poll_init(loop, &wakeups->poll, wakeups->fd);
    if (error == 0)
        error = uv_poll_start(&wakeups->poll, UV_READABLE, on_timer);
    if (error != 0)
        close(wakeups->fd);
    return error;
}

void wakeups_close(struct wakeups *wakeups)
{
    uv_close((uv_handle_t *)&wakeups->poll, NULL);
    close(wakeups->fd);
    wakeups->fd = -1;
    for (; wakeups->count > 0; wakeups->count--)
        wakeups->heap[wakeups->count].wakeup->place = 0;
}

void wakeups_free(struct wakeups *wakeups)
{
    free(wakeups->heap);
    wakeups->heap = NULL;
}

void wakeups_reserve(struct wakeups *wakeups, size_t more)
{
    wakeups->reserved += more;
    wakeups->heap =
        xgrow(wakeups->heap, &wakeups->capacity, wakeups->reserved + 1, sizeof *wakeups->heap);
}

void wakeups_unreserve(struct wakeups *wakeups, size_t fewer)
{
    wakeups->reserved -= fewer;
}

void wakeup_set(struct wakeups *wakeups, struct wakeup *wakeup, int64_t due,
                void (*wake)(struct wakeup *wakeup))
{
    wakeup_cancel(wakeups, wakeup);
    wakeup->wake = wake;
    wakeups->count++;
    sift_up(wakeups, wakeups->count, (struct wakeup_slot){due, wakeup});
    if (due < wakeups->armed && !wakeups->running)
        set_timer(wakeups, due);
}

void wakeup_cancel(struct wakeups *wakeups, struct wakeup *wakeup)
{
    size_t place = wakeup->place;
    if (place == 0)
        return;
    wakeup->place = 0;
    struct wakeup_slot last = wakeups->heap[wakeups->count--];
    if (last.wakeup == wakeup)
        return;
    if (place > 1 && wakeups->heap[place / 2].due > last.due)
        sift_up(wakeups, place, last);
    else
        sift_down(wakeups, place, last);
}

int64_t wakeup_due(const struct wakeups *wakeups, const struct wakeup *wakeup)
{
    return wakeup->place == 0 ? INT64_MAX : wakeups->heap[wakeup->place].due;
}

int64_t wakeups_reached(const struct wakeups *wakeups)
{
    int64_t now = clock_now();
    return has_due(wakeups, now) ? wakeups->reached : now;
}

struct search {
    void (*wake)(struct wakeup *wakeup);
    const struct wakeup_slot *found;
    int effort; /* that is left */
};

/* Below what is found, and below what is later, there is nothing that is earlier. */
static void search_below(const struct wakeups *wakeups, size_t place, struct search *search)
{
    const struct wakeup_slot *slot = &wakeups->heap[place];
    if (place > wakeups->count || search->effort == 0 ||
        (search->found != NULL && search->found->due <= slot->due))
        return;
    search->effort--;
    if (slot->wakeup->wake == search->wake) {
        search->found = slot;
        return;
    }
    size_t child = 2 * place;
    bool swap = child < wakeups->count && wakeups->heap[child + 1].due < wakeups->heap[child].due;
    search_below(wakeups, child + swap, search);
    search_below(wakeups, child + !swap, search);
}

struct wakeup *wakeups_first(const struct wakeups *wakeups, void (*wake)(struct wakeup *wakeup))
{
    struct search search = {.wake = wake, .effort = EFFORT};
    search_below(wakeups, 1, &search);
    return search.found == NULL || search.effort == 0 ? NULL : search.found->wakeup;
}
