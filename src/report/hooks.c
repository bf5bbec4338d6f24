#include "report/hooks.h"

#include <signal.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/container_of.h"
#include "base/duration.h"
#include "base/xalloc.h"
#include "report/hooks_private.h"

#define WATCH SECOND /* how often it is looked whether a start hangs */

/* --- what is told --------------------------------------------------------------------------- */

static bool is_failure(const struct hook_report *report)
{
    return report->end != HOOK_EXITED || report->code != 0;
}

/* All hooks run the same command: so what fails for all servers alike is told once. */
static void note_run(struct hooks *hooks, struct hook_report *report)
{
    struct hook_report *last = &hooks->last;
    bool same = report->end == last->end && report->code == last->code;
    if (!same) {
        report->ended_run = last->repeated;
        last->end = report->end;
        last->code = report->code;
        last->repeated = 0;
    }
    if (is_failure(report))
        report->repeated = ++last->repeated;
}

static void tell(struct hooks *hooks, struct hook_report *report)
{
    if (report->end != HOOK_STOPPED && report->end != HOOK_LEFT)
        note_run(hooks, report);
    log_hook(hooks->log, report);
}

static bool is_in(struct hook_worker *worker, enum hook_stage stage)
{
    uv_mutex_lock(&worker->hooks->mutex);
    bool is_so = worker->stage == stage;
    uv_mutex_unlock(&worker->hooks->mutex);
    return is_so;
}

static void take_report(struct hook_worker *worker)
{
    struct hooks *hooks = worker->hooks;
    tell(hooks, &worker->report);
    uv_mutex_lock(&hooks->mutex);
    hook_queue_ran(&hooks->queue, worker->server);
    worker->server = NULL;
    worker->stage = HOOK_IDLE;
    uv_cond_broadcast(&hooks->told);
    uv_cond_signal(&hooks->work); /* for the next of this server, if this worker is not free yet */
    uv_mutex_unlock(&hooks->mutex);
}

static void on_report(uv_async_t *async)
{
    struct hooks *hooks = container_of(async, struct hooks, async);
    for (size_t i = 0; i < hooks->workers; i++)
        if (is_in(&hooks->list[i], HOOK_REPORTING))
            take_report(&hooks->list[i]);
}

/* Only the loop lets go of a server, so its name is there. With the mutex held. */
static bool has_hung(struct hook_worker *worker, struct hook_report *report)
{
    int64_t took = clock_awake() - worker->started;
    if (worker->stage != HOOK_STARTING || worker->stuck || took < worker->hooks->limit)
        return false;
    worker->stuck = true;
    *report = (struct hook_report){.server = worker->server->name,
                                   .state = worker->server->told,
                                   .end = HOOK_STUCK,
                                   .limit = worker->hooks->limit,
                                   .took = took,
                                   .said = ""};
    return true;
}

static void watch(struct hooks *hooks);

/* Its thread cannot say so itself. */
static void on_watch(struct wakeup *wakeup)
{
    struct hooks *hooks = container_of(wakeup, struct hooks, watch);
    for (size_t i = 0; i < hooks->workers; i++) {
        struct hook_report report;
        uv_mutex_lock(&hooks->mutex);
        bool hung = has_hung(&hooks->list[i], &report);
        uv_mutex_unlock(&hooks->mutex);
        if (hung)
            tell(hooks, &report);
    }
    if (!hooks_are_done(hooks))
        watch(hooks);
}

static void watch(struct hooks *hooks)
{
    int64_t pause = hooks->limit < WATCH ? hooks->limit : WATCH;
    if (!wakeup_is_set(&hooks->watch))
        wakeup_set(hooks->wakeups, &hooks->watch, clock_now() + pause, on_watch);
}

/* --- start and stop -------------------------------------------------------------------------- */

int hooks_new(struct hooks **out, uv_loop_t *loop, struct wakeups *wakeups, struct log *log)
{
    int error;
    struct hooks *hooks = xcalloc(1, sizeof *hooks);
    hooks->wakeups = wakeups;
    hooks->log = log;
    hook_queue_init(&hooks->queue);
    *out = NULL;
    if ((error = uv_mutex_init(&hooks->mutex)) != 0 || (error = uv_cond_init(&hooks->work)) != 0 ||
        (error = uv_cond_init(&hooks->told)) != 0 || (error = uv_cond_init(&hooks->ended)) != 0 ||
        (error = uv_async_init(loop, &hooks->async, on_report)) != 0)
        return error; /* the process ends */
    wakeups_reserve(wakeups, 1);
    *out = hooks;
    return 0;
}

/* Signals are for the loop's thread. And a process that was started with SIGCHLD ignored would
 * not learn how its children end. Returns an error where there is no worker at all. */
static int start_workers(struct hooks *hooks)
{
    int error = 0;
    sigset_t all, before;
    signal(SIGCHLD, SIG_DFL);
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    uv_mutex_lock(&hooks->mutex);
    for (; hooks->workers < HOOKS_AT_ONCE && error == 0; hooks->workers += error == 0) {
        struct hook_worker *worker = &hooks->list[hooks->workers];
        worker->hooks = hooks;
        error = uv_thread_create(&worker->thread, hook_work, worker);
        hooks->threads += error == 0;
    }
    uv_mutex_unlock(&hooks->mutex);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    hooks->left = hooks->workers > 0; /* until they are closed, which a start that fails does not */
    return hooks->workers == 0 ? error : 0;
}

int hooks_configure(struct hooks *hooks, const char *command, int64_t limit)
{
    int error = command == NULL ? 0 : start_workers(hooks);
    if (error != 0)
        return error;
    char *copy = command == NULL ? NULL : xstrdup(command);
    uv_mutex_lock(&hooks->mutex);
    free(hooks->command);
    hooks->command = copy;
    hooks->limit = limit;
    size_t dropped = command == NULL ? hook_queue_clear(&hooks->queue) : 0;
    uv_mutex_unlock(&hooks->mutex);
    log_hooks_dropped(hooks->log, dropped, "on-change is gone");
    return 0;
}

void hooks_note(struct hooks *hooks, const struct server_change *change)
{
    struct hook_event event;
    if (hooks->command == NULL || hooks->stopping)
        return;
    bool noted = hook_event_init(&event, change->server, &change->health, clock_wall());
    uv_mutex_lock(&hooks->mutex);
    noted = noted && hook_queue_add(&hooks->queue, change->server->name, &event);
    uv_cond_signal(&hooks->work);
    uv_mutex_unlock(&hooks->mutex);
    watch(hooks);
    if (!noted)
        log_hooks_dropped(hooks->log, 1, "memory is short");
}

void hooks_forget(struct hooks *hooks, const char *server)
{
    uv_mutex_lock(&hooks->mutex);
    hook_queue_forget(&hooks->queue, server);
    uv_mutex_unlock(&hooks->mutex);
}

bool hooks_are_done(struct hooks *hooks)
{
    uv_mutex_lock(&hooks->mutex);
    bool done = hook_queue_is_empty(&hooks->queue);
    uv_mutex_unlock(&hooks->mutex);
    return done;
}

/* Returns whether all threads have ended. */
static bool end_threads(struct hooks *hooks, int64_t limit)
{
    int64_t deadline = clock_now() + limit, left;
    uv_mutex_lock(&hooks->mutex);
    hooks->stopping = true;
    for (size_t i = 0; i < hooks->workers; i++)
        if (hooks->list[i].stage == HOOK_RUNNING)
            hook_process_kill(&hooks->list[i].process);
    uv_cond_broadcast(&hooks->work);
    uv_cond_broadcast(&hooks->told);
    while (hooks->threads > 0 && (left = deadline - clock_now()) > 0)
        uv_cond_timedwait(&hooks->ended, &hooks->mutex, (uint64_t)left);
    hooks->deaf = true;
    bool all = hooks->threads == 0;
    uv_mutex_unlock(&hooks->mutex);
    return all;
}

static void tell_left(struct hook_worker *worker)
{
    struct hook_report report = {.end = HOOK_LEFT, .said = ""};
    uv_mutex_lock(&worker->hooks->mutex);
    bool is_left = worker->stage == HOOK_STARTING || worker->stage == HOOK_RUNNING;
    if (is_left) {
        report.server = worker->server->name;
        report.state = worker->server->told;
        report.took = clock_awake() - worker->started;
    }
    uv_mutex_unlock(&worker->hooks->mutex);
    if (is_left)
        tell(worker->hooks, &report);
}

void hooks_close(struct hooks *hooks, int64_t limit)
{
    hooks->left = !end_threads(hooks, limit);
    on_report(&hooks->async);
    for (size_t i = 0; i < hooks->workers; i++)
        tell_left(&hooks->list[i]);
    uv_mutex_lock(&hooks->mutex);
    size_t dropped = hook_queue_clear(&hooks->queue);
    uv_mutex_unlock(&hooks->mutex);
    log_hooks_dropped(hooks->log, dropped, "aiopoll is stopping");
    for (size_t i = 0; i < hooks->workers && !hooks->left; i++)
        uv_thread_join(&hooks->list[i].thread);
    wakeup_cancel(hooks->wakeups, &hooks->watch);
    uv_close((uv_handle_t *)&hooks->async, NULL);
}

void hooks_free(struct hooks *hooks)
{
    if (hooks == NULL || hooks->left)
        return;
    uv_mutex_destroy(&hooks->mutex);
    uv_cond_destroy(&hooks->work);
    uv_cond_destroy(&hooks->told);
    uv_cond_destroy(&hooks->ended);
    free(hooks->command);
    free(hooks);
}
