#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/container_of.h"
#include "base/duration.h"
#include "daemon_private.h"

#define NO_THREAD "the configuration cannot be read afresh: no thread can be started"

/* After that, it is told that the files have not been read yet. */
#define READ_LIMIT (10 * SECOND)

static void on_slow(struct wakeup *wakeup)
{
    struct daemon *daemon = container_of(wakeup, struct daemon, reload_slow);
    log_unapplied(&daemon->log, "the configuration has been read for 10 s, and not to its end; "
                                "polling goes on by the one before");
}

static void start_reload(struct daemon *daemon)
{
    daemon->reloading = true;
    daemon->again = false;
    daemon->reload_begun = clock_now();
    notify_reloading(&daemon->notify);
    int error = reload_start(daemon->reload, daemon->fleet.generation);
    if (error == 0) {
        wakeup_set(&daemon->wakeups, &daemon->reload_slow, daemon->reload_begun + READ_LIMIT,
                   on_slow);
        return;
    }
    daemon->reloading = false;
    log_unapplied(&daemon->log, NO_THREAD);
    notify_reloaded(&daemon->notify, 1, NO_THREAD);
}

static void end_reload(struct daemon *daemon)
{
    daemon->reloading = false;
    if (daemon->again)
        start_reload(daemon);
}

void daemon_on_hangup(uv_signal_t *handle, int number)
{
    struct daemon *daemon = handle->loop->data;
    (void)number;
    if (daemon->reloading)
        daemon->again = true;
    else if (!daemon->stopping)
        start_reload(daemon);
}

static void on_refused(void *user, const struct problems *problems)
{
    struct daemon *daemon = user;
    wakeup_cancel(&daemon->wakeups, &daemon->reload_slow);
    log_refused(&daemon->log, problems);
    notify_reloaded(&daemon->notify, problems->count, problems->list[0].text);
    end_reload(daemon);
}

static bool same_text(const char *a, const char *b)
{
    return a == b || (a != NULL && b != NULL && strcmp(a, b) == 0);
}

static void apply_settings(struct daemon *daemon, const struct daemon_settings *settings)
{
    char *state_file = daemon_find_state_file(settings);
    const char *kept = daemon->state_file;
    log_configure(&daemon->log, settings);
    if (hooks_configure(daemon->hooks, settings->on_change, settings->on_change_timeout) != 0)
        log_unapplied(&daemon->log, "on-change is not run: no thread can be started");
    slots_limit(&daemon->http->slots, daemon_count_connections(daemon, settings));
    daemon_trace(daemon, settings);
    daemon->site.per_server = settings->metrics_per_server;
    if (!same_text(daemon->listen, settings->listen))
        log_unapplied(&daemon->log, "another listen is taken at the next start, not by a reload");
    if (!same_text(kept, state_file))
        log_unapplied(&daemon->log,
                      "another state-file is taken at the next start, not by a reload");
    free(state_file);
}

static void on_read(void *user, struct generation *next, const struct difference *difference)
{
    struct daemon *daemon = user;
    wakeup_cancel(&daemon->wakeups, &daemon->reload_slow);
    daemon->difference = *difference;
    apply_settings(daemon, &next->config->daemon);
    watch_servers(&daemon->watch, NULL, 0); /* until the list is whole again */
    fleet_adopt(&daemon->fleet, next, difference);
    daemon_warn(daemon, next->config);
    generation_release(next);
}

void daemon_on_applied(void *user, const struct server_config *server, enum fate fate)
{
    struct daemon *daemon = user;
    log_applied(&daemon->log, server->name, fate);
    if (fate == FATE_REMOVED)
        hooks_forget(daemon->hooks, server->name);
}

void daemon_on_settled(void *user)
{
    struct daemon *daemon = user;
    daemon->board.generation++;
    log_reload(&daemon->log, &daemon->difference, clock_now() - daemon->reload_begun);
    watch_servers(&daemon->watch, daemon->fleet.servers, daemon->fleet.count);
    notify_reloaded(&daemon->notify, 0, NULL);
    end_reload(daemon);
}

int daemon_start_reloads(struct daemon *daemon)
{
    const struct reload_listener listener = {on_read, on_refused, daemon};
    return reload_new(&daemon->reload, &daemon->loop, daemon->options, &listener);
}
