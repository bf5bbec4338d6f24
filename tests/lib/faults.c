/*
 * Faults of the program's own, for the tests of what watches for them. The linker puts these
 * functions between the program's objects, which are those of the real binary, and the ones that
 * they stand for. Without $FAULT nothing is different.
 *
 *   lose   the first wake-up that is set for a moment 2 to 3 s ahead is not set
 *   late   it comes 3 s later than it was set for
 *   leak   no descriptor's slot is ever released
 *   start  the state file cannot have a thread
 *   hang   a hook takes 3 s to start
 */
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/clock.h"
#include "base/duration.h"
#include "http/slots.h"
#include "loop/wakeup.h"
#include "pace/schedule.h"
#include "report/hook_process.h"

/* NOLINTBEGIN(bugprone-reserved-identifier): the linker's names */
void __real_wakeup_set(struct wakeups *wakeups, struct wakeup *wakeup, int64_t due,
                       void (*wake)(struct wakeup *wakeup));
void __wrap_wakeup_set(struct wakeups *wakeups, struct wakeup *wakeup, int64_t due,
                       void (*wake)(struct wakeup *wakeup));
void __real_slot_release(struct slots *slots, struct slot *slot);
void __wrap_slot_release(struct slots *slots, struct slot *slot);
int __real_schedule_start(struct schedule **schedule, uv_loop_t *loop, const char *path,
                          const struct server_config *servers, size_t count,
                          const struct schedule_listener *listener, int64_t limit);
int __wrap_schedule_start(struct schedule **schedule, uv_loop_t *loop, const char *path,
                          const struct server_config *servers, size_t count,
                          const struct schedule_listener *listener, int64_t limit);
int __real_hook_process_start(struct hook_process *process, char *const *words,
                              char *const *environment);
int __wrap_hook_process_start(struct hook_process *process, char *const *words,
                              char *const *environment);

static bool is_fault(const char *name)
{
    const char *fault = getenv("FAULT");

    return fault != NULL && strcmp(fault, name) == 0;
}

void __wrap_wakeup_set(struct wakeups *wakeups, struct wakeup *wakeup, int64_t due,
                       void (*wake)(struct wakeup *wakeup))
{
    static bool done;
    int64_t ahead = due - clock_now();
    bool chosen = !done && ahead > 2 * SECOND && ahead <= 3 * SECOND;

    if (chosen && is_fault("lose")) {
        wakeup_cancel(wakeups, wakeup);
        done = true;
        return;
    }
    if (chosen && is_fault("late")) {
        due += 3 * SECOND;
        done = true;
    }
    __real_wakeup_set(wakeups, wakeup, due, wake);
}

void __wrap_slot_release(struct slots *slots, struct slot *slot)
{
    if (slot->state == SLOT_BUSY && is_fault("leak"))
        slot->state = SLOT_FREE;
    else
        __real_slot_release(slots, slot);
}

int __wrap_schedule_start(struct schedule **schedule, uv_loop_t *loop, const char *path,
                          const struct server_config *servers, size_t count,
                          const struct schedule_listener *listener, int64_t limit)
{
    if (is_fault("start"))
        return UV_EAGAIN;
    return __real_schedule_start(schedule, loop, path, servers, count, listener, limit);
}

int __wrap_hook_process_start(struct hook_process *process, char *const *words,
                              char *const *environment)
{
    if (is_fault("hang"))
        nanosleep(&(struct timespec){.tv_sec = 3}, NULL);
    return __real_hook_process_start(process, words, environment);
}
/* NOLINTEND(bugprone-reserved-identifier) */
