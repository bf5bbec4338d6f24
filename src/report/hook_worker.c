#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/duration.h"
#include "config/command.h"
#include "report/hooks_private.h"

#define DEATH SECOND /* how long one that was killed is waited for before that is told */

/* With the mutex held. Returns whether there is something to do. */
static bool take(struct hook_worker *worker)
{
    struct hooks *hooks = worker->hooks;
    worker->server = hook_queue_take(&hooks->queue, &worker->event, &worker->was);
    if (worker->server == NULL)
        return false;
    worker->stage = HOOK_STARTING;
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
static bool start(struct hook_worker *worker)
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
static void show_process(struct hook_worker *worker)
{
    uv_mutex_lock(&worker->hooks->mutex);
    worker->stage = HOOK_RUNNING;
    if (worker->hooks->stopping)
        hook_process_kill(&worker->process);
    uv_mutex_unlock(&worker->hooks->mutex);
}

/* With the mutex held, as its number may be another process' afterwards. */
static void note_status(struct hook_worker *worker)
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
static void hand_over(struct hook_worker *worker)
{
    struct hooks *hooks = worker->hooks;
    worker->stage = HOOK_REPORTING;
    worker->report.took = clock_awake() - worker->started;
    if (!hooks->deaf)
        uv_async_send(&hooks->async);
    while (worker->stage == HOOK_REPORTING && !hooks->stopping)
        uv_cond_wait(&hooks->told, &hooks->mutex);
}

/* One hook, from its start to its end. What is killed ends at once, unless it waits for a disk:
 * then it is told before, and its worker is not free until it has ended. */
static void run(struct hook_worker *worker)
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

void hook_work(void *argument)
{
    struct hook_worker *worker = argument;
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
