#include "pace/schedule.h"

#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/container_of.h"
#include "base/duration.h"
#include "base/xalloc.h"
#include "pace/schedule_file.h"

#define PAUSE (10 * MILLISECOND) /* between two writes */
#define SYNC  SECOND             /* between a write and its sync, at most */
#define CHECK MINUTE             /* whether the wall clock was set, with nothing else to do */
#define RETRY (5 * SECOND)

enum { NEWS_MAX = 4, SENTENCE_SIZE = 512 };

/* What a row is now. */
struct note {
    uint32_t row;
    bool renamed; /* it is that of `name` now, NULL: nobody's */
    char *name;   /* owned */
    uint32_t url;
    struct promise promise; /* wait -1: there is none */
};

/* At most one note a row: while the disk hangs, it grows no further. */
struct box {
    struct note *notes;
    size_t count, capacity;
    uint32_t *places; /* by row: of its note, counted from 1; 0: none */
    size_t rows, rows_capacity;
};

struct news {
    bool trouble;
    char sentence[SENTENCE_SIZE];
};

struct schedule {
    /* The loop's. */
    uv_async_t async;
    struct schedule_listener listener;
    bool recalls; /* the file was read in time */
    bool left;    /* to the thread, which has not ended */

    /* The thread's. */
    uv_thread_t thread;
    struct schedule_file file;
    struct promises *promises; /* the loop reads them until its first note */
    struct box *full;          /* the box whose notes are being kept */
    uint32_t *changed;         /* rows */
    size_t changed_capacity;
    bool renamed; /* and so the file as it is would not do */
    int64_t check_at, retry_at;
    bool troubled; /* and that was told */

    /* Both', under the mutex. */
    uv_mutex_t mutex;
    uv_cond_t work, done; /* for the thread, for the loop */
    struct box boxes[2], *open;
    struct news news[NEWS_MAX];
    size_t news_count;
    bool waiting;  /* the thread, for a note */
    bool stopping; /* the thread is to end */
    bool deaf;     /* the loop does not listen any more */
    bool was_read, ended;
};

/* --- news -------------------------------------------------------------------------------- */

__attribute__((format(printf, 3, 4))) static void tell(struct schedule *schedule, bool trouble,
                                                       const char *format, ...)
{
    va_list args;
    va_start(args, format);
    uv_mutex_lock(&schedule->mutex);
    if (schedule->news_count < NEWS_MAX && !schedule->deaf) {
        struct news *news = &schedule->news[schedule->news_count++];
        news->trouble = trouble;
        vsnprintf(news->sentence, sizeof news->sentence, format, args);
        uv_async_send(&schedule->async);
    }
    uv_mutex_unlock(&schedule->mutex);
    va_end(args);
}

/* On the loop. */
static void deliver(struct schedule *schedule)
{
    struct news news[NEWS_MAX];
    uv_mutex_lock(&schedule->mutex);
    size_t count = schedule->news_count;
    for (size_t i = 0; i < count; i++)
        news[i] = schedule->news[i];
    schedule->news_count = 0;
    uv_mutex_unlock(&schedule->mutex);
    for (size_t i = 0; i < count; i++)
        schedule->listener.tell(schedule->listener.user, news[i].trouble, news[i].sentence);
}

static void on_news(uv_async_t *async)
{
    deliver(container_of(async, struct schedule, async));
}

/* --- the thread: reading ------------------------------------------------------------------ */

static void tell_reading(struct schedule *schedule, const struct promises_reading *reading)
{
    const char *kept = schedule->file.kept_path;
    switch (reading->form) {
    case PROMISES_VERSION:
        tell(schedule, true,
             "the file is of another version of aiopoll, and is kept as %s: every server is polled "
             "at once",
             kept);
        break;
    case PROMISES_FOREIGN:
        tell(schedule, true,
             "the file is no state file, or its first line is damaged; it is kept as %s: every "
             "server is polled at once",
             kept);
        break;
    case PROMISES_RIGHT:
        if (reading->damaged > 0)
            tell(schedule, true,
                 "%zu of its lines are damaged, the first is line %zu: what they said is lost, and "
                 "the servers that they were about may be polled early",
                 reading->damaged, reading->first_damaged);
        if (reading->taken > 0)
            tell(schedule, false, "%zu of %zu servers go on as they were promised", reading->taken,
                 promises_count(schedule->promises));
        break;
    }
}

static void trouble(struct schedule *schedule)
{
    const struct schedule_failure *failure = &schedule->file.failure;
    char why[128] = "";
    schedule->retry_at = clock_now() + RETRY;
    if (schedule->troubled)
        return;
    schedule->troubled = true;
    if (failure->error != 0)
        uv_strerror_r(uv_translate_sys_error(failure->error), why, sizeof why);
    tell(schedule, true, "%s %s%s%s; polling goes on, and saving is tried again every 5 s",
         failure->path, failure->what, *why == '\0' ? "" : ": ", why);
}

static void read_file(struct schedule *schedule)
{
    size_t length;
    char *text = schedule_file_read(&schedule->file, &length);
    if (text != NULL) {
        struct promises_now now = schedule_file_clocks();
        struct promises_reading reading = promises_read(schedule->promises, text, length, &now);
        schedule->file.keep = reading.form != PROMISES_RIGHT;
        tell_reading(schedule, &reading);
        free(text);
    } else {
        trouble(schedule);
    }
    uv_mutex_lock(&schedule->mutex);
    schedule->was_read = true;
    uv_cond_signal(&schedule->done);
    uv_mutex_unlock(&schedule->mutex);
}

/* --- the thread: writing ------------------------------------------------------------------- */

static void replace_file(struct schedule *schedule)
{
    if (!schedule_file_replace(&schedule->file, schedule->promises)) {
        trouble(schedule);
        return;
    }
    schedule->check_at = clock_now() + CHECK;
    if (schedule->troubled)
        tell(schedule, false, "the schedule is saved again");
    schedule->troubled = false;
}

static bool append(struct schedule *schedule, size_t count)
{
    struct schedule_file *file = &schedule->file;
    int64_t sync_at = clock_now() + SYNC;
    if (file->synced && schedule->check_at > sync_at)
        schedule->check_at = sync_at;
    return schedule_file_append(file, schedule->promises, schedule->changed, count);
}

static void keep(struct schedule *schedule, size_t count)
{
    struct schedule_file *file = &schedule->file;
    bool ok = true, renamed = schedule->renamed;
    schedule->renamed = false;
    if (file->fd >= 0 && renamed) {
        replace_file(schedule);
        return;
    }
    if (file->fd >= 0 && count > 0)
        ok = append(schedule, count);
    if (file->fd >= 0 && clock_now() >= schedule->check_at) {
        schedule->check_at = clock_now() + CHECK;
        if (schedule_file_is_outdated(file))
            replace_file(schedule);
        else if (!file->synced)
            ok = schedule_file_sync(file);
    } else if (file->fd < 0 && ok && clock_now() >= schedule->retry_at) {
        replace_file(schedule);
    }
    if (!ok)
        trouble(schedule);
}

/* Empties the full box into the table. Returns how many rows have changed. */
static size_t take_notes(struct schedule *schedule)
{
    struct box *box = schedule->full;
    size_t count = box->count;
    schedule->changed =
        xgrow(schedule->changed, &schedule->changed_capacity, count, sizeof *schedule->changed);
    for (size_t i = 0; i < count; i++) {
        const struct note *note = &box->notes[i];
        if (note->renamed)
            promises_name(schedule->promises, note->row, note->name, note->url);
        schedule->renamed |= note->renamed;
        promises_set(schedule->promises, note->row, &note->promise);
        schedule->changed[i] = note->row;
        box->places[note->row] = 0;
    }
    box->count = 0;
    return count;
}

/* With the mutex held. */
static void wait_until(struct schedule *schedule, int64_t moment)
{
    int64_t left = moment - clock_now();
    if (left > 0)
        uv_cond_timedwait(&schedule->work, &schedule->mutex, (uint64_t)left);
}

/* Until there is something to do; then the full box is the one with the notes. Returns false when
 * the thread is to end. */
static bool await_work(struct schedule *schedule)
{
    int64_t pause_end = clock_now() + PAUSE;
    int64_t moment = schedule->file.fd >= 0 ? schedule->check_at : schedule->retry_at;
    uv_mutex_lock(&schedule->mutex);
    while (!schedule->stopping && clock_now() < pause_end)
        wait_until(schedule, pause_end);
    while (!schedule->stopping && schedule->open->count == 0 && clock_now() < moment) {
        schedule->waiting = true;
        wait_until(schedule, moment);
        schedule->waiting = false;
    }
    schedule->full = schedule->open;
    schedule->open = &schedule->boxes[schedule->open == schedule->boxes];
    bool go_on = !schedule->stopping;
    uv_mutex_unlock(&schedule->mutex);
    return go_on;
}

static void work(void *argument)
{
    struct schedule *schedule = argument;
    read_file(schedule);
    replace_file(schedule);
    while (await_work(schedule))
        keep(schedule, take_notes(schedule));
    take_notes(schedule);
    schedule->troubled = false; /* that it was not saved is told in any case */
    replace_file(schedule);
    uv_mutex_lock(&schedule->mutex);
    schedule->ended = true;
    uv_cond_signal(&schedule->done);
    uv_mutex_unlock(&schedule->mutex);
}

/* --- the loop ------------------------------------------------------------------------------- */

static struct schedule *make(const char *path, const struct server_config *servers, size_t count)
{
    struct schedule *schedule = xcalloc(1, sizeof *schedule);
    schedule->promises = promises_new(servers, count);
    schedule->open = &schedule->boxes[0];
    schedule_file_init(&schedule->file, path);
    return schedule;
}

static void free_box(struct box *box)
{
    for (size_t i = 0; i < box->count; i++)
        free(box->notes[i].name);
    free(box->notes);
    free(box->places);
}

static void release(struct schedule *schedule)
{
    schedule_file_finish(&schedule->file);
    promises_free(schedule->promises);
    free(schedule->changed);
    free_box(&schedule->boxes[0]);
    free_box(&schedule->boxes[1]);
    free(schedule);
}

static int make_locks(struct schedule *schedule)
{
    int error;
    if ((error = uv_mutex_init(&schedule->mutex)) != 0 ||
        (error = uv_cond_init(&schedule->work)) != 0)
        return error;
    return uv_cond_init(&schedule->done);
}

/* Signals are for the loop's thread. */
static int start_thread(struct schedule *schedule)
{
    sigset_t all, before;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    int error = uv_thread_create(&schedule->thread, work, schedule);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    return error;
}

/* Waits for one of the two facts that the thread reports. */
static bool await(struct schedule *schedule, const bool *fact, int64_t limit)
{
    int64_t deadline = clock_now() + limit, left;
    uv_mutex_lock(&schedule->mutex);
    while (!*fact && (left = deadline - clock_now()) > 0)
        uv_cond_timedwait(&schedule->done, &schedule->mutex, (uint64_t)left);
    bool is_so = *fact;
    uv_mutex_unlock(&schedule->mutex);
    return is_so;
}

int schedule_start(struct schedule **out, uv_loop_t *loop, const char *path,
                   const struct server_config *servers, size_t count,
                   const struct schedule_listener *listener, int64_t limit)
{
    int error;
    struct schedule *schedule = make(path, servers, count);
    schedule->listener = *listener;
    *out = NULL;
    if ((error = make_locks(schedule)) != 0 ||
        (error = uv_async_init(loop, &schedule->async, on_news)) != 0 ||
        (error = start_thread(schedule)) != 0)
        return error; /* the process ends */
    *out = schedule;
    schedule->recalls = await(schedule, &schedule->was_read, limit);
    deliver(schedule);
    if (!schedule->recalls)
        listener->tell(listener->user, true,
                       "the disk has not answered: every server is polled at once");
    return 0;
}

bool schedule_recall(const struct schedule *schedule, size_t row, struct promise *promise)
{
    if (!schedule->recalls)
        return false;
    *promise = *promises_get(schedule->promises, row);
    return promise->wait >= 0;
}

/* --- notes ------------------------------------------------------------------------------------ */

static const struct promise none = {.due = 0, .wait = -1, .last_delay = -1};

/* The note about the row in the open box, a new one if need be. With the mutex held. */
static struct note *note_about(struct schedule *schedule, size_t row)
{
    struct box *box = schedule->open;
    box->places = xgrow(box->places, &box->rows_capacity, row + 1, sizeof *box->places);
    for (; box->rows <= row; box->rows++)
        box->places[box->rows] = 0;
    if (box->places[row] == 0) {
        box->notes = xgrow(box->notes, &box->capacity, box->count + 1, sizeof *box->notes);
        box->notes[box->count++] = (struct note){.row = (uint32_t)row, .promise = none};
        box->places[row] = (uint32_t)box->count;
    }
    return &box->notes[box->places[row] - 1];
}

/* The thread is woken once. */
static void unlock_and_wake(struct schedule *schedule)
{
    bool waiting = schedule->waiting;
    schedule->waiting = false;
    uv_mutex_unlock(&schedule->mutex);
    if (waiting)
        uv_cond_signal(&schedule->work);
}

static void rename_row(struct schedule *schedule, size_t row, char *name, uint32_t url)
{
    uv_mutex_lock(&schedule->mutex);
    struct note *note = note_about(schedule, row);
    free(note->name);
    *note = (struct note){
        .row = (uint32_t)row, .renamed = true, .name = name, .url = url, .promise = none};
    unlock_and_wake(schedule);
}

void schedule_name(struct schedule *schedule, size_t row, const struct server_config *server)
{
    rename_row(schedule, row, xstrdup(server->name), promises_url(server));
}

void schedule_forget(struct schedule *schedule, size_t row)
{
    rename_row(schedule, row, NULL, 0);
}

void schedule_note(struct schedule *schedule, size_t row, const struct promise *promise)
{
    uv_mutex_lock(&schedule->mutex);
    note_about(schedule, row)->promise = *promise;
    unlock_and_wake(schedule);
}

void schedule_close(struct schedule *schedule, int64_t limit)
{
    uv_mutex_lock(&schedule->mutex);
    schedule->stopping = true;
    uv_cond_signal(&schedule->work);
    uv_mutex_unlock(&schedule->mutex);
    schedule->left = !await(schedule, &schedule->ended, limit);
    if (!schedule->left)
        uv_thread_join(&schedule->thread);
    deliver(schedule);
    uv_mutex_lock(&schedule->mutex);
    schedule->deaf = true;
    uv_mutex_unlock(&schedule->mutex);
    uv_close((uv_handle_t *)&schedule->async, NULL);
    if (schedule->left)
        schedule->listener.tell(schedule->listener.user, true,
                                "the disk does not answer: what changed last is not saved");
}

void schedule_free(struct schedule *schedule)
{
    if (schedule == NULL || schedule->left)
        return;
    uv_mutex_destroy(&schedule->mutex);
    uv_cond_destroy(&schedule->work);
    uv_cond_destroy(&schedule->done);
    release(schedule);
}
