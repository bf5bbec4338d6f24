#include "reload.h"

#include <signal.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/container_of.h"
#include "base/xalloc.h"
#include "load.h"

struct reload {
    struct options options;
    struct reload_listener listener;
    uv_async_t async;
    uv_thread_t thread;
    struct generation *now; /* held while the thread runs */
    bool running;
    bool left; /* to the thread, which has not ended */

    /* The thread's, and the loop's when `ended`. */
    struct generation *next; /* NULL: there are problems */
    struct difference difference;
    struct problems problems;

    /* Both', under the mutex. */
    uv_mutex_t mutex;
    uv_cond_t done;
    bool ended;
    bool deaf; /* the loop does not listen any more */
};

/* --- the thread ---------------------------------------------------------------------------- */

static bool files_differ(void *user, const struct server_settings *old,
                         const struct server_settings *new)
{
    const struct reload *reload = user;
    (void)old; /* it names the same files */
    return tls_contexts_differ(&reload->now->tls, &reload->next->tls, new);
}

static void work(void *argument)
{
    struct reload *reload = argument;
    reload->next = load(&reload->options, &reload->problems);
    if (reload->next != NULL)
        difference_find(&reload->difference, reload->now->config, reload->next->config,
                        files_differ, reload);
    uv_mutex_lock(&reload->mutex);
    reload->ended = true;
    uv_cond_signal(&reload->done);
    if (!reload->deaf)
        uv_async_send(&reload->async);
    uv_mutex_unlock(&reload->mutex);
}

/* --- the loop ------------------------------------------------------------------------------- */

static bool has_ended(struct reload *reload)
{
    uv_mutex_lock(&reload->mutex);
    bool ended = reload->ended;
    uv_mutex_unlock(&reload->mutex);
    return ended;
}

static void join(struct reload *reload)
{
    uv_thread_join(&reload->thread);
    reload->running = false;
    generation_release(reload->now);
    reload->now = NULL;
}

static void on_ended(uv_async_t *async)
{
    struct reload *reload = container_of(async, struct reload, async);
    const struct reload_listener *listener = &reload->listener;
    if (!reload->running || !has_ended(reload))
        return;
    join(reload);
    struct problems problems = reload->problems; /* as the listener may start the next one */
    if (reload->next != NULL)
        listener->read(listener->user, reload->next, &reload->difference);
    else
        listener->refused(listener->user, &problems);
    problems_free(&problems);
}

int reload_new(struct reload **out, uv_loop_t *loop, const struct options *options,
               const struct reload_listener *listener)
{
    int error;
    struct reload *reload = xcalloc(1, sizeof *reload);
    reload->options = *options;
    reload->listener = *listener;
    *out = NULL;
    if ((error = uv_mutex_init(&reload->mutex)) != 0 ||
        (error = uv_cond_init(&reload->done)) != 0 ||
        (error = uv_async_init(loop, &reload->async, on_ended)) != 0)
        return error; /* the process ends */
    *out = reload;
    return 0;
}

/* Signals are for the loop's thread. */
static int start_thread(struct reload *reload)
{
    sigset_t all, before;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    int error = uv_thread_create(&reload->thread, work, reload);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    return error;
}

int reload_start(struct reload *reload, struct generation *now)
{
    reload->next = NULL;
    reload->difference = (struct difference){0};
    reload->problems = (struct problems){0};
    reload->ended = false;
    reload->now = generation_hold(now);
    int error = start_thread(reload);
    reload->running = error == 0;
    if (error != 0)
        generation_release(now);
    return error;
}

/* What the thread has read is not wanted any more. */
static void forget(struct reload *reload)
{
    join(reload);
    generation_release(reload->next);
    difference_free(&reload->difference);
    problems_free(&reload->problems);
}

void reload_close(struct reload *reload, int64_t limit)
{
    int64_t deadline = clock_now() + limit, left;
    uv_mutex_lock(&reload->mutex);
    while (reload->running && !reload->ended && (left = deadline - clock_now()) > 0)
        uv_cond_timedwait(&reload->done, &reload->mutex, (uint64_t)left);
    reload->left = reload->running && !reload->ended;
    reload->deaf = true;
    uv_mutex_unlock(&reload->mutex);
    if (reload->running && !reload->left)
        forget(reload);
    uv_close((uv_handle_t *)&reload->async, NULL);
}

void reload_free(struct reload *reload)
{
    if (reload == NULL || reload->left)
        return;
    uv_mutex_destroy(&reload->mutex);
    uv_cond_destroy(&reload->done);
    free(reload);
}
