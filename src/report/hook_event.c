#include "report/hook_event.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/duration.h"
#include "base/escape.h"
#include "base/time_text.h"

/* The detail is printable already, as a failure's is; but it comes near to a shell here. */
static void write_detail(char out[HOOK_DETAIL_MAX + 1], const char *detail)
{
    size_t at = 0;
    for (; *detail != '\0' && at + 4 <= HOOK_DETAIL_MAX; detail++) {
        if (*detail >= ' ' && *detail < 0x7f)
            out[at++] = *detail;
        else
            at += escape_byte(out + at, (unsigned char)*detail);
    }
    out[at] = '\0';
}

bool hook_event_init(struct hook_event *event, const struct server_config *server,
                     const struct health_change *change, int64_t wall)
{
    char origin[URL_ORIGIN_SIZE], detail[HOOK_DETAIL_MAX + 1] = "", silent[DURATION_SIZE] = "";
    const struct failure *failure = &change->failure;
    bool failed = failure->reason != FAILURE_NONE;
    if (failed && failure->detail != NULL)
        write_detail(detail, failure->detail);
    if (change->silent >= 0)
        duration_seconds(silent, change->silent / MILLISECOND * MILLISECOND);
    *event = (struct hook_event){.from = change->from, .to = change->to};
    int length = asprintf(&event->variables,
                          "AIOPOLL_SERVER=%s%cAIOPOLL_URL=%s%cAIOPOLL_STATE=%s%cAIOPOLL_REASON=%s%c"
                          "AIOPOLL_DETAIL=%s%cAIOPOLL_SILENT=%s%cAIOPOLL_TIME=%s%c",
                          server->name, 0, url_shown(&server->url, server->secret_url, origin), 0,
                          health_name(change->to), 0, failed ? failure_name(failure->reason) : "",
                          0, detail, 0, silent, 0, time_text(wall), 0);
    if (length < 0)
        event->variables = NULL;
    else
        event->length = (size_t)length;
    return length >= 0;
}

static char *was_variable(enum health was)
{
    static char ok[] = "AIOPOLL_WAS=ok", failing[] = "AIOPOLL_WAS=failing",
                overdue[] = "AIOPOLL_WAS=overdue";
    switch (was) {
    case HEALTH_OK: return ok;
    case HEALTH_FAILING: return failing;
    case HEALTH_OVERDUE: break;
    }
    return overdue;
}

static bool is_passed_on(const char *variable)
{
    static const char *const names[] = {"PATH", "HOME",     "USER", "LOGNAME", "SHELL",
                                        "LANG", "LANGUAGE", "TZ",   "TMPDIR",  NULL};
    size_t length = strcspn(variable, "=");
    if (strncmp(variable, "LC_", 3) == 0)
        return true;
    for (const char *const *name = names; *name != NULL; name++)
        if (strlen(*name) == length && strncmp(*name, variable, length) == 0)
            return true;
    return false;
}

char **hook_event_environment(const struct hook_event *event, enum health was,
                              char *const *inherited)
{
    size_t most = 2, count = 0; /* AIOPOLL_WAS and the NULL */
    for (size_t i = 0; i < event->length; i++)
        most += event->variables[i] == '\0';
    for (char *const *variable = inherited; *variable != NULL; variable++)
        most += is_passed_on(*variable);
    char **environment = malloc(most * sizeof *environment);
    if (environment == NULL)
        return NULL;
    for (char *const *variable = inherited; *variable != NULL; variable++)
        if (is_passed_on(*variable))
            environment[count++] = *variable;
    for (size_t at = 0; at < event->length; at += strlen(event->variables + at) + 1)
        environment[count++] = event->variables + at;
    environment[count++] = was_variable(was);
    environment[count] = NULL;
    return environment;
}

void hook_event_finish(struct hook_event *event)
{
    free(event->variables);
    event->variables = NULL;
}
