#include "report/hook_queue.h"

#include <search.h>
#include <stdlib.h>
#include <string.h>

static int by_name(const void *a, const void *b)
{
    const struct hook_server *first = a, *second = b;
    return strcmp(first->name, second->name);
}

static bool waits(const struct hook_server *server)
{
    return server->event.variables != NULL;
}

static struct hook_server *find(const struct hook_queue *queue, const char *name)
{
    const struct hook_server key = {.name = (char *)name};
    struct hook_server *const *found = tfind(&key, &queue->by_name, by_name);
    return found == NULL ? NULL : *found;
}

static struct hook_server *add_server(struct hook_queue *queue, const char *name, enum health told)
{
    struct hook_server *server = calloc(1, sizeof *server);
    if (server == NULL)
        return NULL;
    server->told = told;
    server->name = strdup(name);
    if (server->name != NULL && tsearch(server, &queue->by_name, by_name) != NULL)
        return server;
    free(server->name);
    free(server);
    return NULL;
}

/* A server without an event and a hook is forgotten. */
static void release(struct hook_queue *queue, struct hook_server *server)
{
    if (server->running || waits(server))
        return;
    tdelete(server, &queue->by_name, by_name);
    free(server->name);
    free(server);
}

static void drop_event(struct hook_queue *queue, struct hook_server *server)
{
    if (waits(server))
        TAILQ_REMOVE(&queue->waiting, server, link);
    hook_event_finish(&server->event);
}

void hook_queue_init(struct hook_queue *queue)
{
    *queue = (struct hook_queue){0};
    TAILQ_INIT(&queue->waiting);
}

bool hook_queue_add(struct hook_queue *queue, const char *name, struct hook_event *event)
{
    struct hook_server *server = find(queue, name);
    if (server == NULL)
        server = add_server(queue, name, event->from);
    if (server == NULL) {
        hook_event_finish(event);
        return false;
    }
    if (event->to == server->told) {
        hook_event_finish(event);
        drop_event(queue, server);
        release(queue, server);
        return true;
    }
    if (!waits(server))
        TAILQ_INSERT_TAIL(&queue->waiting, server, link);
    hook_event_finish(&server->event);
    server->event = *event;
    return true;
}

struct hook_server *hook_queue_take(struct hook_queue *queue, struct hook_event *event,
                                    enum health *was)
{
    struct hook_server *server;
    TAILQ_FOREACH(server, &queue->waiting, link)
    if (!server->running)
        break;
    if (server == NULL)
        return NULL;
    TAILQ_REMOVE(&queue->waiting, server, link);
    *event = server->event;
    *was = server->told;
    server->event = (struct hook_event){0};
    server->told = event->to;
    server->running = true;
    queue->running++;
    return server;
}

void hook_queue_ran(struct hook_queue *queue, struct hook_server *server)
{
    server->running = false;
    queue->running--;
    release(queue, server);
}

void hook_queue_forget(struct hook_queue *queue, const char *name)
{
    struct hook_server *server = find(queue, name);
    if (server == NULL)
        return;
    drop_event(queue, server);
    release(queue, server);
}

size_t hook_queue_clear(struct hook_queue *queue)
{
    struct hook_server *server;
    size_t count = 0;
    while ((server = TAILQ_FIRST(&queue->waiting)) != NULL) {
        drop_event(queue, server);
        release(queue, server);
        count++;
    }
    return count;
}
