#include "daemon.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/container_of.h"
#include "base/duration.h"
#include "base/xalloc.h"
#include "daemon_private.h"

/* How long the reader of the log is waited for: at the end, and, when all polls that
 * were asked for are done, before it. */
#define PATIENCE           (20 * MILLISECOND)
#define PATIENCE_WHEN_DONE (10 * MINUTE)
#define PATIENCE_TICK      (10 * MILLISECOND)

/* How long a disk may take, before the first poll and after the last; and for what is not wanted
 * any more. */
#define DISK_PATIENCE   (5 * SECOND)
#define RELOAD_PATIENCE SECOND

/* How long hooks that are killed at the stop may take to end, as they do at once. */
#define HOOKS_PATIENCE SECOND

/* --- stop ------------------------------------------------------------------- */

/* From here on a second signal has its default effect, and ends the process; but not SIGHUP and
 * SIGUSR1, which mean no harm. They are blocked before that, as all other threads block them:
 * between libuv's handler and another one would be the default effect. */
static void close_signals(struct daemon *daemon)
{
    sigset_t harmless;
    sigemptyset(&harmless);
    sigaddset(&harmless, SIGHUP);
    sigaddset(&harmless, SIGUSR1);
    pthread_sigmask(SIG_BLOCK, &harmless, NULL);
    uv_close((uv_handle_t *)&daemon->interrupt, NULL);
    uv_close((uv_handle_t *)&daemon->terminate, NULL);
    uv_close((uv_handle_t *)&daemon->hangup, NULL);
    uv_close((uv_handle_t *)&daemon->user1, NULL);
}

/* The signals first. What is closed here is gone when uv_run() returns. */
static void close_all(struct daemon *daemon, const char *why)
{
    daemon->stopping = true;
    close_signals(daemon);
    listener_close(daemon->listener);
    notify_stopping(&daemon->notify);
    watch_close(&daemon->watch);
    fleet_close(&daemon->fleet, "aiopoll is stopping");
    reload_close(daemon->reload, RELOAD_PATIENCE);
    slots_close(&daemon->http->slots);
    dns_close(&daemon->http->dns);
    hooks_close(daemon->hooks, HOOKS_PATIENCE);
    log_drain(&daemon->log, PATIENCE);
    if (daemon->schedule != NULL)
        schedule_close(daemon->schedule, DISK_PATIENCE);
    log_stop(&daemon->log, why, daemon->polls, daemon->failures);
    log_close(&daemon->log, PATIENCE);
    notify_close(&daemon->notify);
    wakeup_cancel(&daemon->wakeups, &daemon->done);
    wakeup_cancel(&daemon->wakeups, &daemon->reload_slow);
    wakeups_close(&daemon->wakeups);
}

static void on_signal(uv_signal_t *handle, int number)
{
    struct daemon *daemon = handle->loop->data;
    if (daemon->stopping)
        return;
    daemon->signaled = true;
    close_all(daemon, number == SIGTERM ? "SIGTERM" : "SIGINT");
}

/* With nothing left to poll, hooks and a slow reader are worth waiting for. */
static void on_done(struct wakeup *wakeup)
{
    struct daemon *daemon = container_of(wakeup, struct daemon, done);
    int64_t now = clock_now();
    if ((hooks_are_done(daemon->hooks) && log_is_told(&daemon->log)) ||
        now >= daemon->done_at + PATIENCE_WHEN_DONE)
        close_all(daemon, "count");
    else
        wakeup_set(&daemon->wakeups, wakeup, now + PATIENCE_TICK, on_done);
}

static void on_ended(void *user)
{
    struct daemon *daemon = user;
    daemon->done_at = clock_now();
    wakeup_set(&daemon->wakeups, &daemon->done, 0, on_done);
}

/* --- what it has ---------------------------------------------------------------- */

/* systemd.exec(5): a list of folders, joined with colons. To be freed; NULL: none is wanted. */
char *daemon_find_state_file(const struct daemon_settings *settings)
{
    const char *folders = getenv("STATE_DIRECTORY");
    if (settings->state_file != NULL)
        return *settings->state_file == '\0' ? NULL : xstrdup(settings->state_file);
    if (folders == NULL || *folders == '\0' || *folders == ':')
        return NULL;
    return xasprintf("%.*s/schedule", (int)strcspn(folders, ":"), folders);
}

static struct descriptors_use use_of(const struct daemon *daemon,
                                     const struct daemon_settings *settings)
{
    return (struct descriptors_use){.state_file = daemon->state_file != NULL,
                                    .log_file = settings->log_file != NULL,
                                    .hooks = settings->on_change != NULL,
                                    .listener = daemon->listener_connections};
}

/* How many there may be at a time. */
size_t daemon_count_connections(const struct daemon *daemon, const struct daemon_settings *settings)
{
    const struct descriptors_use use = use_of(daemon, settings);
    return descriptors_left(&daemon->descriptors, &use);
}

/* The listener has its share for good. */
static void share_descriptors(struct daemon *daemon, const struct daemon_settings *settings)
{
    const struct descriptors_use others = use_of(daemon, settings);
    descriptors_init(&daemon->descriptors);
    if (daemon->listen != NULL)
        daemon->listener_connections = descriptors_for_listener(&daemon->descriptors, &others);
}

/* --- start -------------------------------------------------------------------- */

static int refuse_to_start(const char *what, const char *why)
{
    fprintf(stderr, "aiopoll: %s: %s\n", what, why);
    return 1;
}

/* All that there is so far is closed again. Returns the exit status. */
static int refuse_log_file(struct daemon *daemon, const char *path, int error)
{
    fprintf(stderr, "aiopoll: the log file %s cannot be opened: %s\n", path, uv_strerror(error));
    log_close(&daemon->log, 0);
    wakeups_close(&daemon->wakeups);
    uv_run(&daemon->loop, UV_RUN_DEFAULT);
    wakeups_free(&daemon->wakeups);
    uv_loop_close(&daemon->loop);
    return 2;
}

static bool start_schedule(struct daemon *daemon, const struct generation *generation)
{
    const struct config *config = generation->config;
    const struct schedule_listener listener = {daemon_on_state_file, daemon};
    if (daemon->state_file == NULL)
        return true;
    int error = schedule_start(&daemon->schedule, &daemon->loop, daemon->state_file,
                               config->servers, config->server_count, &listener, DISK_PATIENCE);
    if (error != 0)
        refuse_to_start("cannot keep a schedule", uv_strerror(error));
    return error == 0;
}

/* Before the fleet, which tells it of each server. */
static bool start_listener(struct daemon *daemon, const struct daemon_settings *settings)
{
    const struct listener_site site = {site_find, &daemon->site};
    char why[256], shown[LISTEN_ADDRESS_SIZE];
    if (daemon->listen == NULL)
        return true;
    board_init(&daemon->board, daemon->began);
    daemon->site = (struct site){.board = &daemon->board,
                                 .fleet = &daemon->fleet,
                                 .log = &daemon->log,
                                 .per_server = settings->metrics_per_server};
    if (listener_start(&daemon->listener, &daemon->loop, &daemon->wakeups, daemon->listen,
                       daemon->listener_connections, &site, why, sizeof why) != 0) {
        fprintf(stderr, "aiopoll: cannot listen on %s: %s\n", daemon->listen, why);
        return false;
    }
    log_listen(&daemon->log, listener_address(daemon->listener, shown),
               listener_is_local(daemon->listener));
    return true;
}

/* logrotate has renamed the log file. */
static void on_user1(uv_signal_t *handle, int number)
{
    struct daemon *daemon = handle->loop->data;
    (void)number;
    if (!daemon->stopping)
        log_reopen(&daemon->log);
}

static int start_signals(struct daemon *daemon)
{
    int error;
    sigset_t held_back;
    signal(SIGPIPE, SIG_IGN); /* a reader of the log, or a server, is gone */
    signal(SIGXFSZ, SIG_IGN); /* the log file has reached a limit */
    if ((error = uv_signal_init(&daemon->loop, &daemon->terminate)) != 0 ||
        (error = uv_signal_init(&daemon->loop, &daemon->interrupt)) != 0 ||
        (error = uv_signal_init(&daemon->loop, &daemon->hangup)) != 0 ||
        (error = uv_signal_init(&daemon->loop, &daemon->user1)) != 0 ||
        (error = uv_signal_start(&daemon->user1, on_user1, SIGUSR1)) != 0 ||
        (error = uv_signal_start(&daemon->hangup, daemon_on_hangup, SIGHUP)) != 0 ||
        (error = uv_signal_start(&daemon->terminate, on_signal, SIGTERM)) != 0)
        return error;
    sigemptyset(&held_back);
    sigaddset(&held_back, SIGHUP);
    pthread_sigmask(SIG_UNBLOCK, &held_back, NULL);
    return uv_signal_start(&daemon->interrupt, on_signal, SIGINT);
}

static int start_hooks(struct daemon *daemon, const struct daemon_settings *settings)
{
    int error = hooks_new(&daemon->hooks, &daemon->loop, &daemon->wakeups, &daemon->log);
    if (error != 0)
        return error;
    return hooks_configure(daemon->hooks, settings->on_change, settings->on_change_timeout);
}

static int start_notify(struct daemon *daemon)
{
    const struct notify_listener listener = {daemon_on_status_wanted, daemon_on_notify_trouble,
                                             daemon};
    const struct watch_listener watch_listener = {daemon_on_well, daemon_on_stuck, daemon};
    notify_init(&daemon->notify, &daemon->wakeups, &listener);
    return watch_init(&daemon->watch, &daemon->loop, &daemon->wakeups, &watch_listener);
}

/* Every server's task runs. */
static void tell_ready(struct daemon *daemon)
{
    int64_t span =
        notify_watchdog_span(getenv("WATCHDOG_USEC"), getenv("WATCHDOG_PID"), (long)getpid());
    log_ready(&daemon->log, daemon->fleet.count);
    notify_ready(&daemon->notify);
    if (span > 0)
        watch_start(&daemon->watch, span);
}

/* What fails here fails before anything was polled, and the process ends. */
static int start_parts(struct daemon *daemon, const struct daemon_settings *settings)
{
    int error;
    if ((error = uv_loop_init(&daemon->loop)) != 0 ||
        (error = wakeups_init(&daemon->wakeups, &daemon->loop)) != 0 ||
        (error =
             log_init(&daemon->log, &daemon->loop, &daemon->wakeups, STDOUT_FILENO, settings)) != 0)
        return refuse_to_start("cannot start", uv_strerror(error));
    if ((error = log_await_file(&daemon->log, DISK_PATIENCE)) != 0)
        return refuse_log_file(daemon, settings->log_file, error);
    if ((error = daemon_start_reloads(daemon)) != 0 || (error = start_signals(daemon)) != 0 ||
        (error = start_notify(daemon)) != 0 || (error = start_hooks(daemon, settings)) != 0)
        return refuse_to_start("cannot start", uv_strerror(error));
    daemon->http->loop = &daemon->loop;
    daemon->http->wakeups = &daemon->wakeups;
    daemon->http->trace_user = daemon;
    daemon_trace(daemon, settings);
    error = dns_init(&daemon->http->dns, &daemon->loop, &daemon->wakeups);
    if (error != 0)
        return refuse_to_start("cannot start c-ares", ares_strerror(error));
    share_descriptors(daemon, settings);
    slots_init(&daemon->http->slots, &daemon->wakeups, daemon_count_connections(daemon, settings),
               &conn_slots_callbacks);
    return 0;
}

static void start_fleet(struct daemon *daemon, struct generation *generation)
{
    const struct fleet_listener listener = {.server = {daemon_on_polled, daemon_on_changed, daemon},
                                            .added = daemon_on_added,
                                            .ended = on_ended,
                                            .applied = daemon_on_applied,
                                            .settled = daemon_on_settled,
                                            .user = daemon};
    wakeups_reserve(&daemon->wakeups, 2); /* `done` and `reload_slow` */
    fleet_start(&daemon->fleet, generation, daemon->options->count, daemon->http, daemon->schedule,
                &listener);
    watch_servers(&daemon->watch, daemon->fleet.servers, daemon->fleet.count);
}

/* Returns false where it cannot go on: then all that there is so far is being closed. */
static bool start_polling(struct daemon *daemon, struct generation *generation)
{
    log_start(&daemon->log, generation->config->server_count);
    daemon_warn(daemon, generation->config);
    bool started =
        start_listener(daemon, &generation->config->daemon) && start_schedule(daemon, generation);
    if (started)
        start_fleet(daemon, generation);
    generation_release(generation); /* or else it would be kept through all reloads */
    if (started)
        tell_ready(daemon);
    else
        close_all(daemon, "error");
    return started;
}

static int run_loop(struct daemon *daemon, struct generation *generation)
{
    bool started = start_polling(daemon, generation);
    uv_run(&daemon->loop, UV_RUN_DEFAULT);
    wakeups_free(&daemon->wakeups);
    int error = uv_loop_close(&daemon->loop);
    if (error != 0)
        return refuse_to_start("a handle was left in the loop", uv_strerror(error));
    return !started || (daemon->failures > 0 && daemon->options->count > 0 && !daemon->signaled);
}

int daemon_run(struct generation *generation, const struct options *options, int64_t began)
{
    const struct daemon_settings *settings = &generation->config->daemon;
    struct daemon daemon = {.options = options, .began = began};
    daemon.http = xcalloc(1, sizeof *daemon.http);
    daemon.state_file = daemon_find_state_file(settings);
    daemon.listen = settings->listen == NULL ? NULL : xstrdup(settings->listen);
    daemon.loop.data = &daemon;

    int status = start_parts(&daemon, settings);
    if (status == 0)
        status = run_loop(&daemon, generation);
    else
        generation_release(generation);
    schedule_free(daemon.schedule);
    reload_free(daemon.reload);
    hooks_free(daemon.hooks);
    board_free(&daemon.board);
    free(daemon.listen);
    free(daemon.state_file);
    free(daemon.http);
    return status;
}
