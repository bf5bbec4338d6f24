/* Which server's hook is next. Pure.
 *
 * Servers are served in the order in which they began to wait, and each is served by one hook at
 * a time. Where events of a server pile up, only the newest is kept, so that there is at most
 * one waiting for each. It is compared with what the last hook was told: where nothing has
 * changed by then, none is needed. */
#ifndef AIOPOLL_HOOK_QUEUE_H
#define AIOPOLL_HOOK_QUEUE_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/queue.h>

#include "report/hook_event.h"

/* A server of which an event waits, or whose hook runs. Others are not known. */
struct hook_server {
    char *name;
    enum health told; /* what the last hook of it was told; at first, how it was before */
    bool running;
    struct hook_event event; /* that waits, if any */
    TAILQ_ENTRY(hook_server) link;
};

struct hook_queue {
    TAILQ_HEAD(hook_servers, hook_server) waiting;
    void *by_name;  /* tsearch(3) tree of all */
    size_t running; /* how many */
};

void hook_queue_init(struct hook_queue *queue);

/* An event of the server `name` is to be told. The queue becomes its owner. Returns false where
 * memory is short, and the event is lost. */
bool hook_queue_add(struct hook_queue *queue, const char *name, struct hook_event *event);

/* The server that is next, or NULL. Its event becomes the caller's, and *was what that one's
 * AIOPOLL_WAS is. The server is valid until hook_queue_ran(), which has to follow. */
struct hook_server *hook_queue_take(struct hook_queue *queue, struct hook_event *event,
                                    enum health *was);
void hook_queue_ran(struct hook_queue *queue, struct hook_server *server);

/* What waits of the server `name` is not to be told any more. */
void hook_queue_forget(struct hook_queue *queue, const char *name);

/* The same for all servers. Returns how many events that were. With none running, nothing is
 * held then. */
size_t hook_queue_clear(struct hook_queue *queue);

static inline bool hook_queue_is_empty(const struct hook_queue *queue)
{
    return TAILQ_EMPTY(&queue->waiting) && queue->running == 0;
}

#endif
