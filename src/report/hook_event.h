/* A change of a server as a hook is told it: in variables of its environment. Pure. */
#ifndef AIOPOLL_HOOK_EVENT_H
#define AIOPOLL_HOOK_EVENT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "config/config.h"
#include "pace/health.h"

/* Bytes of AIOPOLL_DETAIL, escaped. */
enum { HOOK_DETAIL_MAX = 1024 };

/* A copy: nothing of the configuration is borrowed. */
struct hook_event {
    enum health from, to;
    char *variables; /* one behind the other, each with its NUL; NULL: there is no event */
    size_t length;   /* of all that */
};

/* `wall` is the time of the change, ns since 1970. Returns false where memory is short. */
bool hook_event_init(struct hook_event *event, const struct server_config *server,
                     const struct health_change *change, int64_t wall);

/* The environment of the hook: the event's variables, AIOPOLL_WAS for `was`, and those of
 * `inherited` that are harmless and of use to any program. All others stay behind, as they may
 * be secret. One allocation, NULL-terminated, to be freed; the texts are borrowed. NULL where
 * memory is short. */
char **hook_event_environment(const struct hook_event *event, enum health was,
                              char *const *inherited);

void hook_event_finish(struct hook_event *event);

#endif
