/* What hooks.c, on the loop, and hook_worker.c, the threads, have in common. */
#ifndef AIOPOLL_HOOKS_PRIVATE_H
#define AIOPOLL_HOOKS_PRIVATE_H

#include "report/hook_process.h"
#include "report/hook_queue.h"
#include "report/hook_report.h"
#include "report/hooks.h"

enum hook_stage { HOOK_IDLE, HOOK_STARTING, HOOK_RUNNING, HOOK_REPORTING };

/* A thread, and the hook that it runs. */
struct hook_worker {
    struct hooks *hooks;
    uv_thread_t thread;

    /* The thread's; while REPORTING, the loop reads them. */
    struct hook_event event;
    enum health was;
    char *command;
    struct hook_process process;
    struct hook_report report;

    /* Both', under the mutex. */
    enum hook_stage stage; /* only while RUNNING is the process to be killed by the loop */
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
    bool left; /* to threads that have not ended */

    /* All threads', under the mutex. */
    uv_mutex_t mutex;
    uv_cond_t work, told, ended; /* for idle workers, reporting ones, and the loop */
    struct hook_queue queue;
    char *command; /* NULL: none is run */
    int64_t limit;
    size_t threads; /* that have not ended */
    bool stopping;
    bool deaf; /* the loop does not listen any more */
    struct hook_worker list[HOOKS_AT_ONCE];
};

/* The thread of a worker: the argument. Ends when `stopping` is set. */
void hook_work(void *worker);

#endif
