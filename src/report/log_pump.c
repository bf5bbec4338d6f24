#include "report/log_pump.h"

#include <errno.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/container_of.h"
#include "base/duration.h"
#include "base/xalloc.h"
#include "report/log_file.h"

#define RETRY        SECOND
#define END_PATIENCE SECOND /* a thread that waits for no disk ends at once */

enum { NEWS_MAX = 4 };

struct news {
    bool trouble;
    char path[PATH_MAX], sentence[256];
};

struct log_pump {
    /* The loop's. */
    uv_async_t async;
    struct log_pump_listener listener;
    bool left; /* to the thread, which has not ended */

    /* The thread's. */
    uv_thread_t thread;
    struct log_file file;
    char *path;    /* NULL: the descriptor is borrowed */
    size_t start;  /* of what is still to be written */
    bool troubled; /* and that was told */

    /* Both', under the mutex. */
    uv_mutex_t mutex;
    uv_cond_t work, done; /* for the thread, for the loop */
    char *buffer;
    size_t length; /* 0: the buffer is the loop's, else the thread's */
    bool failed;   /* the last write, so that the next one comes not before */
    int64_t retry_at;
    bool reopen;
    char *new_path; /* with it; NULL: the same */
    bool opened;    /* for the first time, or not: */
    int open_error;
    struct news news[NEWS_MAX];
    size_t news_count;
    bool deaf; /* the loop does not listen any more */
    bool stopping, ended;
};

/* --- news ---------------------------------------------------------------------------------- */

/* An errno, and what failed; 0: nothing has. */
static void tell(struct log_pump *pump, int error, const char *before, const char *behind)
{
    char why[128] = "";
    if (pump->path == NULL)
        return;
    if (error != 0)
        uv_strerror_r(uv_translate_sys_error(error), why, sizeof why);
    uv_mutex_lock(&pump->mutex);
    if (pump->news_count < NEWS_MAX && !pump->deaf) {
        struct news *news = &pump->news[pump->news_count++];
        news->trouble = error != 0;
        snprintf(news->path, sizeof news->path, "%s", pump->path);
        snprintf(news->sentence, sizeof news->sentence, "%s%s%s", before, why, behind);
        uv_async_send(&pump->async);
    }
    uv_mutex_unlock(&pump->mutex);
}

/* On the loop. */
static bool next_news(struct log_pump *pump, struct news *news)
{
    uv_mutex_lock(&pump->mutex);
    bool found = pump->news_count > 0;
    if (found) {
        *news = pump->news[0];
        memmove(pump->news, pump->news + 1, --pump->news_count * sizeof *pump->news);
    }
    uv_mutex_unlock(&pump->mutex);
    return found;
}

static void on_news(uv_async_t *async)
{
    struct log_pump *pump = container_of(async, struct log_pump, async);
    struct news news;
    while (next_news(pump, &news))
        pump->listener.tell(pump->listener.user, news.trouble, news.path, news.sentence);
}

/* --- the thread ---------------------------------------------------------------------------- */

enum step { STEP_NONE, STEP_OPEN, STEP_WRITE, STEP_END };

static enum step next_step(const struct log_pump *pump)
{
    if (pump->reopen)
        return STEP_OPEN;
    if (pump->length > 0 && (!pump->failed || clock_now() >= pump->retry_at))
        return STEP_WRITE;
    return pump->stopping ? STEP_END : STEP_NONE;
}

static void wait_for_work(struct log_pump *pump)
{
    int64_t left = pump->retry_at - clock_now();
    if (pump->length == 0)
        uv_cond_wait(&pump->work, &pump->mutex);
    else if (left > 0)
        uv_cond_timedwait(&pump->work, &pump->mutex, (uint64_t)left);
}

static void take_new_path(struct log_pump *pump)
{
    pump->reopen = false;
    if (pump->new_path == NULL)
        return;
    free(pump->path);
    pump->path = pump->new_path;
    pump->new_path = NULL;
}

static enum step await_step(struct log_pump *pump)
{
    enum step step;
    uv_mutex_lock(&pump->mutex);
    while ((step = next_step(pump)) == STEP_NONE)
        wait_for_work(pump);
    if (step == STEP_OPEN)
        take_new_path(pump);
    uv_mutex_unlock(&pump->mutex);
    return step;
}

/* What is left to be written is tried at once: there may be room where the file is now. */
static void note_opened(struct log_pump *pump, int error)
{
    uv_mutex_lock(&pump->mutex);
    pump->failed = pump->failed && error != 0;
    pump->open_error = error;
    pump->opened = true;
    uv_cond_signal(&pump->done);
    uv_mutex_unlock(&pump->mutex);
}

static void open_file(struct log_pump *pump)
{
    bool first = pump->file.fd < 0;
    int error = log_file_open(&pump->file, pump->path);
    note_opened(pump, error);
    if (error != 0 && !first)
        tell(pump, error, "cannot be opened: ", "; the log goes on in the file that was open");
    else if (error == 0 && !first)
        tell(pump, 0, "the log goes on in this file", "");
}

/* The lines may be the loop's again. */
static void note_written(struct log_pump *pump, bool ok)
{
    uv_mutex_lock(&pump->mutex);
    pump->failed = !ok;
    pump->retry_at = clock_now() + RETRY;
    if (ok)
        pump->start = pump->length = 0;
    uv_cond_signal(&pump->done);
    uv_mutex_unlock(&pump->mutex);
}

static void write_lines(struct log_pump *pump)
{
    const char *what = "cannot be opened: ";
    size_t written;
    int error = pump->file.fd < 0 ? log_file_open(&pump->file, pump->path) : 0;
    if (error == 0) {
        what = "cannot be written: ";
        error = log_file_write(&pump->file, pump->buffer + pump->start, pump->length - pump->start,
                               &written);
        pump->start += written;
    }
    note_written(pump, error == 0);
    if (error != 0 && !pump->troubled)
        tell(pump, error, what, "; polling goes on, and writing is tried again every second");
    if (error == 0 && pump->troubled)
        tell(pump, 0, "the log is written again", "");
    pump->troubled = error != 0;
}

static void note_ended(struct log_pump *pump)
{
    uv_mutex_lock(&pump->mutex);
    pump->ended = true;
    uv_cond_signal(&pump->done);
    uv_mutex_unlock(&pump->mutex);
}

static void work(void *argument)
{
    struct log_pump *pump = argument;
    enum step step;
    while ((step = await_step(pump)) != STEP_END) {
        if (step == STEP_OPEN)
            open_file(pump);
        else
            write_lines(pump);
    }
    log_file_close(&pump->file);
    note_ended(pump);
}

/* --- the loop ------------------------------------------------------------------------------- */

/* Signals are for the loop's thread. */
static int start_thread(struct log_pump *pump)
{
    sigset_t all, before;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    int error = uv_thread_create(&pump->thread, work, pump);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    return error;
}

int log_pump_start(struct log_pump **out, uv_loop_t *loop, const char *path, int fd,
                   const struct log_pump_listener *listener)
{
    int error;
    struct log_pump *pump = xcalloc(1, sizeof *pump);
    pump->listener = *listener;
    pump->buffer = xcalloc(1, LOG_PUMP_SIZE);
    pump->path = path == NULL ? NULL : xstrdup(path);
    pump->reopen = path != NULL;
    pump->file.fd = path == NULL ? fd : -1;
    *out = NULL;
    if ((error = uv_mutex_init(&pump->mutex)) != 0 || (error = uv_cond_init(&pump->work)) != 0 ||
        (error = uv_cond_init(&pump->done)) != 0 ||
        (error = uv_async_init(loop, &pump->async, on_news)) != 0 ||
        (error = start_thread(pump)) != 0)
        return error; /* the process ends */
    *out = pump;
    return 0;
}

/* With the mutex held. Whether there was time left. */
static bool wait_for_thread(struct log_pump *pump, int64_t deadline)
{
    int64_t left = deadline - clock_now();
    if (left > 0)
        uv_cond_timedwait(&pump->done, &pump->mutex, (uint64_t)left);
    return left > 0;
}

/* Not of the path, which would have to be another one. */
static bool is_of_disk(int error)
{
    return error == ENOSPC || error == EDQUOT || error == EIO || error == ESTALE;
}

int log_pump_await_file(struct log_pump *pump, int64_t limit)
{
    int64_t deadline = clock_now() + limit;
    uv_mutex_lock(&pump->mutex);
    while (!pump->opened && wait_for_thread(pump, deadline))
        ;
    bool opened = pump->opened;
    int error = pump->open_error;
    uv_mutex_unlock(&pump->mutex);
    if (!opened)
        pump->listener.tell(pump->listener.user, true, pump->path,
                            "the disk has not answered; polling goes on");
    return is_of_disk(error) ? 0 : uv_translate_sys_error(error);
}

bool log_pump_take(struct log_pump *pump, char **buffer, size_t length)
{
    uv_mutex_lock(&pump->mutex);
    bool idle = pump->length == 0;
    if (idle) {
        char *emptied = pump->buffer;
        pump->buffer = *buffer;
        pump->length = length;
        *buffer = emptied;
    }
    uv_mutex_unlock(&pump->mutex);
    if (idle)
        uv_cond_signal(&pump->work);
    return idle;
}

bool log_pump_is_idle(struct log_pump *pump)
{
    uv_mutex_lock(&pump->mutex);
    bool idle = pump->length == 0;
    uv_mutex_unlock(&pump->mutex);
    return idle;
}

bool log_pump_drain(struct log_pump *pump, int64_t limit)
{
    int64_t deadline = clock_now() + limit;
    uv_mutex_lock(&pump->mutex);
    pump->failed = false; /* one more try, now */
    uv_cond_signal(&pump->work);
    while (pump->length > 0 && !pump->failed && wait_for_thread(pump, deadline))
        ;
    bool idle = pump->length == 0;
    uv_mutex_unlock(&pump->mutex);
    return idle;
}

void log_pump_reopen(struct log_pump *pump, const char *path)
{
    uv_mutex_lock(&pump->mutex);
    if (path != NULL) {
        free(pump->new_path);
        pump->new_path = xstrdup(path);
    }
    pump->reopen = true;
    uv_cond_signal(&pump->work);
    uv_mutex_unlock(&pump->mutex);
}

void log_pump_retry_open(struct log_pump *pump)
{
    uv_mutex_lock(&pump->mutex);
    pump->reopen = pump->reopen || pump->open_error != 0;
    uv_cond_signal(&pump->work);
    uv_mutex_unlock(&pump->mutex);
}

static void on_closed(uv_handle_t *handle)
{
    struct log_pump *pump = container_of((uv_async_t *)handle, struct log_pump, async);
    if (pump->left)
        return;
    uv_mutex_destroy(&pump->mutex);
    uv_cond_destroy(&pump->work);
    uv_cond_destroy(&pump->done);
    free(pump->new_path);
    free(pump->path);
    free(pump->buffer);
    free(pump);
}

void log_pump_close(struct log_pump *pump)
{
    uv_mutex_lock(&pump->mutex);
    bool writing = pump->length > 0 && !pump->failed;
    int64_t deadline = clock_now() + (writing ? 0 : END_PATIENCE);
    pump->stopping = pump->deaf = true;
    uv_cond_signal(&pump->work);
    while (!pump->ended && wait_for_thread(pump, deadline))
        ;
    pump->left = !pump->ended;
    uv_mutex_unlock(&pump->mutex);
    if (!pump->left)
        uv_thread_join(&pump->thread);
    uv_close((uv_handle_t *)&pump->async, on_closed);
}
