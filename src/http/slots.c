#include "http/slots.h"

#include "base/clock.h"
#include "base/container_of.h"

void slots_init(struct slots *slots, struct wakeups *wakeups, size_t limit,
                const struct slots_callbacks *callbacks)
{
    *slots = (struct slots){.limit = limit, .wakeups = wakeups, .callbacks = callbacks};
    TAILQ_INIT(&slots->idle);
    TAILQ_INIT(&slots->prepared);
    TAILQ_INIT(&slots->waiting);
    wakeups_reserve(wakeups, 1);
}

/* Whether there is a descriptor left, be it that of an idle connection. */
static bool make_room_gently(struct slots *slots)
{
    if (slots->used >= slots->limit && !TAILQ_EMPTY(&slots->idle))
        slots->callbacks->reclaim(TAILQ_FIRST(&slots->idle));
    return slots->used < slots->limit;
}

/* Or that of an early one: the newest is likely to be needed last. */
static bool make_room(struct slots *slots)
{
    if (!make_room_gently(slots) && !TAILQ_EMPTY(&slots->prepared))
        slots->callbacks->reclaim(TAILQ_LAST(&slots->prepared, slot_queue));
    return slots->used < slots->limit;
}

static void serve(struct wakeup *wakeup)
{
    struct slots *slots = container_of(wakeup, struct slots, serve);
    while (!TAILQ_EMPTY(&slots->waiting) && make_room(slots)) {
        struct slot *slot = TAILQ_FIRST(&slots->waiting);
        TAILQ_REMOVE(&slots->waiting, slot, link);
        slot->state = SLOT_BUSY;
        slots->used++;
        slots->moved = clock_now();
        slots->callbacks->granted(slot);
    }
}

/* A turn later: the caller is in the middle of something. */
static void serve_soon(struct slots *slots)
{
    if (!TAILQ_EMPTY(&slots->waiting) && !wakeup_is_set(&slots->serve))
        wakeup_set(slots->wakeups, &slots->serve, 0, serve);
}

void slots_limit(struct slots *slots, size_t limit)
{
    slots->limit = limit;
    while (slots->used > limit && !TAILQ_EMPTY(&slots->idle))
        slots->callbacks->reclaim(TAILQ_FIRST(&slots->idle));
    serve_soon(slots);
}

bool slot_take(struct slots *slots, struct slot *slot)
{
    if (!TAILQ_EMPTY(&slots->waiting) || !make_room(slots)) {
        slot->state = SLOT_WAITING;
        if (TAILQ_EMPTY(&slots->waiting))
            slots->moved = clock_now();
        TAILQ_INSERT_TAIL(&slots->waiting, slot, link);
        return false;
    }
    slot->state = SLOT_BUSY;
    slots->used++;
    return true;
}

bool slot_take_early(struct slots *slots, struct slot *slot)
{
    if (slots->early >= slots->limit / 2 || !TAILQ_EMPTY(&slots->waiting) ||
        !make_room_gently(slots))
        return false;
    slot->state = SLOT_BUSY;
    slot->early = true;
    slots->used++;
    slots->early++;
    return true;
}

void slot_claim(struct slots *slots, struct slot *slot)
{
    slots->early -= slot->early;
    slot->early = false;
}

/* That of the idle slot. */
static struct slot_queue *queue_of(struct slots *slots, const struct slot *slot)
{
    return slot->early ? &slots->prepared : &slots->idle;
}

void slot_rest(struct slots *slots, struct slot *slot)
{
    slot->state = SLOT_IDLE;
    TAILQ_INSERT_TAIL(queue_of(slots, slot), slot, link);
    serve_soon(slots);
}

void slot_resume(struct slots *slots, struct slot *slot)
{
    TAILQ_REMOVE(queue_of(slots, slot), slot, link);
    slot->state = SLOT_BUSY;
    slot_claim(slots, slot);
}

void slot_release(struct slots *slots, struct slot *slot)
{
    switch (slot->state) {
    case SLOT_FREE: return;
    case SLOT_WAITING: TAILQ_REMOVE(&slots->waiting, slot, link); break;
    case SLOT_IDLE: TAILQ_REMOVE(queue_of(slots, slot), slot, link); break;
    case SLOT_BUSY: break;
    }
    slot_claim(slots, slot);
    slots->used -= slot->state != SLOT_WAITING;
    slot->state = SLOT_FREE;
    serve_soon(slots);
}

bool slots_take_extra(struct slots *slots)
{
    if (!TAILQ_EMPTY(&slots->waiting) || !make_room_gently(slots))
        return false;
    slots->used++;
    return true;
}

void slots_return_extra(struct slots *slots)
{
    slots->used--;
    serve_soon(slots);
}

void slots_allow(struct slots *slots, int64_t span)
{
    if (span > slots->longest)
        slots->longest = span;
}

bool slots_are_stuck(const struct slots *slots, int64_t moment)
{
    return !TAILQ_EMPTY(&slots->waiting) && slots->moved + slots->longest < moment;
}

void slots_close(struct slots *slots)
{
    wakeup_cancel(slots->wakeups, &slots->serve);
}
