#include "report/hooks.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/container_of.h"
#include "base/duration.h"
#include "base/xalloc.h"
#include "config/command.h"
#include "report/hook_process.h"
#include "report/hook_queue.h"

#define DEATH SECOND /* how long one that was killed is waited for before that is told */
#define WATCH SECOND /* how often it is looked whether a start hangs */

enum stage { IDLE, STARTING, RUNNING, REPORTING };

/* A thread, and the hook that it runs. */
struct worker {
    struct hooks *hooks;
    uv_thread_t thread;

    /* The thread's; while REPORTING, the loop reads them. */
    struct hook_event event;
    enum health was;
    char *command;
    struct hook_process process;
    struct hook_report report;

    /* Both', under the mutex. */
    enum stage stage; /* only while RUNNING is the process to be killed by the loop */
    struct hook_server *server;
    int64_t started; /* by clock_awake() */
    bool stuck;      /* in its start, and that was told */
};

struct hooks {
    /* The loop's. */
    uv_async_t async;
    struct wakeups *wakeups;
    struct wakeup watch; /* set while there is something to do */
    struct log *log;
    struct hook_report last; /* that counted for the run of equal failures */
    size_t workers;
    bool left; /* to a thread that has not ended */

    /* All threads', under the mutex. */
    uv_mutex_t mutex;
    uv_cond_t work, told, ended; /* for idle workers, reporting ones, and the loop */
    struct hook_queue queue;
    char *command; /* NULL: none is run */
    int64_t limit;
    size_t threads; /* that have not ended */
    bool stopping;
    bool deaf; /* the loop does not listen any more */
    struct worker list[HOOKS_AT_ONCE];
};

/* --- a worker's thread -------------------------------------------------------------------- */

/* With the mutex held. Returns whether there is something to do. */
static bool take(struct worker *worker)
{
    struct hooks *hooks = worker->hooks;
    worker->server = hook_queue_take(&hooks->queue, &worker->event, &worker->was);
    if (worker->server == NULL)
        return false;
    worker->stage = STARTING;
    worker->started = clock_awake();
    worker->stuck = false;
    worker->command = strdup(hooks->command);
    worker->report = (struct hook_report){.server = worker->server->name,
                                          .state = worker->event.to,
                                          .limit = hooks->limit,
                                          .said = worker->process.said};
    return true;
}

/* Returns whether there is a process. */
static bool start(struct worker *worker)
{
    int error = ENOMEM;
    char **words = worker->command == NULL ? NULL : command_words(worker->command);
    char **environment = hook_event_environment(&worker->event, worker->was, environ);
    worker->process = (struct hook_process){.errors = -1};
    if (words != NULL && environment != NULL)
        error = hook_process_start(&worker->process, words, environment);
    free(environment);
    free(words);
    free(worker->command);
    hook_event_finish(&worker->event);
    worker->report.end = HOOK_UNSTARTED;
    worker->report.code = error;
    return error == 0;
}

/* It can be killed from here on; and is, where that was to happen before. */
static void show_process(struct worker *worker)
{
    uv_mutex_lock(&worker->hooks->mutex);
    worker->stage = RUNNING;
    if (worker->hooks->stopping)
        hook_process_kill(&worker->process);
    uv_mutex_unlock(&worker->hooks->mutex);
}

/* With the mutex held, as its number may be another process' afterwards. */
static void note_status(struct worker *worker)
{
    struct hook_report *report = &worker->report;
    int status = hook_process_reap(&worker->process);
    if (WIFEXITED(status)) {
        report->end = HOOK_EXITED;
        report->code = WEXITSTATUS(status);
    } else {
        report->code = WTERMSIG(status);
        report->end = HOOK_SIGNALED;
        if (report->code == SIGKILL && worker->hooks->stopping)
            report->end = HOOK_STOPPED;
    }
}

/* With the mutex held. Waits until the loop has taken it. */
static void hand_over(struct worker *worker)
{
    struct hooks *hooks = worker->hooks;
    worker->stage = REPORTING;
    worker->report.took = clock_awake() - worker->started;
    if (!hooks->deaf)
        uv_async_send(&hooks->async);
    while (worker->stage == REPORTING && !hooks->stopping)
        uv_cond_wait(&hooks->told, &hooks->mutex);
}

/* One hook, from its start to its end. What is killed ends at once, unless it waits for a disk:
 * then it is told before, and its worker is not free until it has ended. */
static void run(struct worker *worker)
{
    struct hooks *hooks = worker->hooks;
    bool started = start(worker), ended = true, killed = false;
    if (started) {
        show_process(worker);
        ended = hook_process_await(&worker->process, clock_awake() + worker->report.limit);
        killed = !ended;
    }
    if (killed) {
        hook_process_kill(&worker->process);
        ended = hook_process_await(&worker->process, clock_awake() + DEATH);
    }
    uv_mutex_lock(&hooks->mutex);
    if (started && ended)
        note_status(worker);
    if (killed)
        worker->report.end = HOOK_KILLED;
    hand_over(worker);
    uv_mutex_unlock(&hooks->mutex);
    if (!ended)
        hook_process_reap(&worker->process);
}

static void work(void *argument)
{
    struct worker *worker = argument;
    struct hooks *hooks = worker->hooks;
    uv_mutex_lock(&hooks->mutex);
    while (!hooks->stopping) {
        if (!take(worker)) {
            uv_cond_wait(&hooks->work, &hooks->mutex);
            continue;
        }
        uv_mutex_unlock(&hooks->mutex);
        run(worker);
        uv_mutex_lock(&hooks->mutex);
    }
    hooks->threads--;
    uv_cond_signal(&hooks->ended);
    uv_mutex_unlock(&hooks->mutex);
}

/* --- the loop: what is told ----------------------------------------------------------------- */

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

static bool is_in(struct worker *worker, enum stage stage)
{
    uv_mutex_lock(&worker->hooks->mutex);
    bool is_so = worker->stage == stage;
    uv_mutex_unlock(&worker->hooks->mutex);
    return is_so;
}

static void take_report(struct worker *worker)
{
    struct hooks *hooks = worker->hooks;
    tell(hooks, &worker->report);
    uv_mutex_lock(&hooks->mutex);
    hook_queue_ran(&hooks->queue, worker->server);
    worker->server = NULL;
    worker->stage = IDLE;
    uv_cond_broadcast(&hooks->told);
    uv_cond_signal(&hooks->work); /* for the next of this server, if this worker is not free yet */
    uv_mutex_unlock(&hooks->mutex);
}

static void on_report(uv_async_t *async)
{
    struct hooks *hooks = container_of(async, struct hooks, async);
    for (size_t i = 0; i < hooks->workers; i++)
        if (is_in(&hooks->list[i], REPORTING))
            take_report(&hooks->list[i]);
}

/* Only the loop lets go of a server, so its name is there. With the mutex held. */
static bool has_hung(struct worker *worker, struct hook_report *report)
{
    int64_t took = clock_awake() - worker->started;
    if (worker->stage != STARTING || worker->stuck || took < worker->hooks->limit)
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

/* --- the loop: start and stop --------------------------------------------------------------- */

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
        struct worker *worker = &hooks->list[hooks->workers];
        worker->hooks = hooks;
        error = uv_thread_create(&worker->thread, work, worker);
        hooks->threads += error == 0;
    }
    uv_mutex_unlock(&hooks->mutex);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
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
        if (hooks->list[i].stage == RUNNING)
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

static void tell_left(struct worker *worker)
{
    struct hook_report report = {.end = HOOK_LEFT, .said = ""};
    uv_mutex_lock(&worker->hooks->mutex);
    bool is_left = worker->stage == STARTING || worker->stage == RUNNING;
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
