#include "daemon.h"

#include <dirent.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>
#include <uv.h>

#include "base/clock.h"
#include "base/container_of.h"
#include "base/duration.h"
#include "base/xalloc.h"
#include "http/http_env.h"
#include "loop/wakeup.h"
#include "pace/promises.h"
#include "pace/schedule.h"
#include "pace/server.h"
#include "report/hooks.h"
#include "report/log.h"

/* How long the reader of the log is waited for: at the end, and, when all polls that
 * were asked for are done, before it. */
#define PATIENCE           (20 * MILLISECOND)
#define PATIENCE_WHEN_DONE (10 * MINUTE)
#define PATIENCE_TICK      (10 * MILLISECOND)

/* How long hooks that are killed at the stop may take to end, as they do at once. */
#define HOOKS_PATIENCE SECOND

#define START_TICK (10 * MILLISECOND)

/* How long a disk may take, before the first poll and after the last. */
#define DISK_PATIENCE (5 * SECOND)

/* Loop, log, signals, and some that we were started with: where /proc is missing. */
enum { DESCRIPTORS_USUAL = 32 };

/* Of the schedule: its lock, the file, the one that replaces it, their folder. */
enum { DESCRIPTORS_SCHEDULE = 4 };

struct daemon {
    const struct config *config;
    uint64_t count;
    uv_loop_t loop;
    struct wakeups wakeups;
    struct http_env *http;
    struct log log;
    struct hooks *hooks;
    struct server_observer observer;
    struct schedule *schedule; /* NULL: none is kept */
    char *state_file;          /* and where */
    struct server *servers;    /* one for each of config->servers */
    size_t running;            /* tasks that have not ended */
    uv_signal_t terminate, interrupt;
    bool stopping, signaled;
    struct wakeup done; /* set when the last task has ended by itself, */
    int64_t done_at;    /* then */
    uint64_t polls, failures;
};

/* --- stop ------------------------------------------------------------------- */

/* The signals first: from here on a second one has its default effect, and ends the
 * process. What is closed here is gone when uv_run() returns. */
static void close_all(struct daemon *daemon, const char *why)
{
    daemon->stopping = true;
    uv_close((uv_handle_t *)&daemon->interrupt, NULL);
    uv_close((uv_handle_t *)&daemon->terminate, NULL);
    for (size_t i = 0; i < daemon->config->server_count; i++)
        server_cancel(&daemon->servers[i]);
    slots_close(&daemon->http->slots);
    dns_close(&daemon->http->dns);
    hooks_close(daemon->hooks, HOOKS_PATIENCE);
    log_drain(&daemon->log, PATIENCE);
    if (daemon->schedule != NULL)
        schedule_close(daemon->schedule, DISK_PATIENCE);
    log_stop(&daemon->log, why, daemon->polls, daemon->failures);
    log_close(&daemon->log, PATIENCE);
    wakeup_cancel(&daemon->wakeups, &daemon->done);
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

static void on_ended(struct server *server)
{
    struct daemon *daemon = server->observer->user;
    daemon->running--;
    if (daemon->running > 0 || daemon->stopping)
        return;
    daemon->done_at = clock_now();
    wakeup_set(&daemon->wakeups, &daemon->done, 0, on_done);
}

/* --- what is told ------------------------------------------------------------- */

/* A poll that was cut short promised nothing: what was promised before it still holds. */
static void note_promise(struct daemon *daemon, const struct poll *poll)
{
    const struct promise promise = {poll->due, poll->delay.wait, poll->last_delay};
    if (daemon->schedule != NULL && poll->failure.reason != FAILURE_CANCELED)
        schedule_note(daemon->schedule, (size_t)(poll->server - daemon->config->servers), &promise);
}

static void on_polled(void *user, const struct poll *poll)
{
    struct daemon *daemon = user;
    note_promise(daemon, poll);
    daemon->polls++;
    if (poll->failure.reason != FAILURE_NONE && poll->failure.reason != FAILURE_CANCELED)
        daemon->failures++;
    log_poll(&daemon->log, poll);
    log_explain(&daemon->log, poll);
}

static void on_changed(void *user, const struct server_change *change)
{
    struct daemon *daemon = user;
    log_change(&daemon->log, change);
    hooks_note(daemon->hooks, change);
}

static void on_state_file(void *user, bool trouble, const char *sentence)
{
    struct daemon *daemon = user;
    log_state_file(&daemon->log, trouble, daemon->state_file, sentence);
}

static void on_connection(void *user, const struct conn *conn, const char *from, const char *to)
{
    struct daemon *daemon = user;
    const struct url *url = conn->target.url;
    char authority[URL_HOST_MAX + 16];
    snprintf(authority, sizeof authority, "%.*s", (int)url_authority_length(url),
             url->text + url->authority);
    log_connection(&daemon->log, authority, from, to, conn_is_resumed(conn));
}

/* --- start -------------------------------------------------------------------- */

static int refuse_to_start(const char *what, const char *why)
{
    fprintf(stderr, "aiopoll: %s: %s\n", what, why);
    return 1;
}

static size_t count_descriptors(void)
{
    size_t count = 0;
    DIR *directory = opendir("/proc/self/fd");
    if (directory == NULL)
        return DESCRIPTORS_USUAL;
    while (readdir(directory) != NULL)
        count++;
    closedir(directory);
    return count - 3; /* ".", ".." and the directory's own */
}

/* The usual soft limit is 1024. Returns how many descriptors there are for connections, once
 * all else has been opened but what look-ups need for a moment. */
static size_t raise_descriptor_limit(const struct daemon *daemon)
{
    struct rlimit limit = {.rlim_cur = 1024, .rlim_max = 1024};
    getrlimit(RLIMIT_NOFILE, &limit);
    struct rlimit raised = {.rlim_cur = limit.rlim_max, .rlim_max = limit.rlim_max};
    if (setrlimit(RLIMIT_NOFILE, &raised) == 0)
        limit = raised;
    size_t spare = 4 + limit.rlim_cur / 32;
    size_t taken = count_descriptors() + (spare < 32 ? spare : 32);
    taken += daemon->state_file != NULL ? DESCRIPTORS_SCHEDULE : 0;
    taken += daemon->config->daemon.on_change != NULL ? HOOKS_DESCRIPTORS : 0;
    return limit.rlim_cur > taken ? limit.rlim_cur - taken : 1;
}

/* systemd.exec(5): a list of folders, joined with colons. To be freed; NULL: none is wanted. */
static char *find_state_file(const struct daemon_settings *settings)
{
    const char *folders = getenv("STATE_DIRECTORY");
    if (settings->state_file != NULL)
        return *settings->state_file == '\0' ? NULL : xstrdup(settings->state_file);
    if (folders == NULL || *folders == '\0' || *folders == ':')
        return NULL;
    return xasprintf("%.*s/schedule", (int)strcspn(folders, ":"), folders);
}

static int start_schedule(struct daemon *daemon)
{
    const struct config *config = daemon->config;
    const struct schedule_listener listener = {on_state_file, daemon};
    if (daemon->state_file == NULL)
        return 0;
    return schedule_start(&daemon->schedule, &daemon->loop, daemon->state_file, config->servers,
                          config->server_count, &listener, DISK_PATIENCE);
}

static int start_signals(struct daemon *daemon)
{
    int error;
    signal(SIGPIPE, SIG_IGN); /* a reader of the log, or a server, is gone */
    signal(SIGXFSZ, SIG_IGN); /* the log file has reached a limit */
    if ((error = uv_signal_init(&daemon->loop, &daemon->terminate)) != 0 ||
        (error = uv_signal_init(&daemon->loop, &daemon->interrupt)) != 0 ||
        (error = uv_signal_start(&daemon->terminate, on_signal, SIGTERM)) != 0)
        return error;
    return uv_signal_start(&daemon->interrupt, on_signal, SIGINT);
}

static int start_hooks(struct daemon *daemon)
{
    const struct daemon_settings *settings = &daemon->config->daemon;
    int error = hooks_new(&daemon->hooks, &daemon->loop, &daemon->wakeups, &daemon->log);
    if (error != 0)
        return error;
    return hooks_configure(daemon->hooks, settings->on_change, settings->on_change_timeout);
}

/* What fails here fails before anything was polled, and the process ends. */
static int start_parts(struct daemon *daemon)
{
    int error;
    if ((error = uv_loop_init(&daemon->loop)) != 0 ||
        (error = wakeups_init(&daemon->wakeups, &daemon->loop)) != 0 ||
        (error = log_init(&daemon->log, &daemon->loop, &daemon->wakeups, STDOUT_FILENO,
                          &daemon->config->daemon)) != 0 ||
        (error = start_signals(daemon)) != 0 || (error = start_hooks(daemon)) != 0)
        return refuse_to_start("cannot start", uv_strerror(error));
    daemon->http->loop = &daemon->loop;
    daemon->http->wakeups = &daemon->wakeups;
    if (daemon->config->daemon.log_level == LOG_DEBUG) {
        daemon->http->trace = on_connection;
        daemon->http->trace_user = daemon;
    }
    error = dns_init(&daemon->http->dns, &daemon->loop, &daemon->wakeups);
    if (error != 0)
        return refuse_to_start("cannot start c-ares", ares_strerror(error));
    slots_init(&daemon->http->slots, &daemon->wakeups, raise_descriptor_limit(daemon),
               &conn_slots_callbacks);
    return 0;
}

/* The first polls are spread over time: some each tick, and not each at a moment of
 * its own, as waking up costs more than a poll does. Those of a tick are a
 * nanosecond apart, which keeps them in the order of the file. */
static int64_t first_due(size_t index, int64_t start_rate)
{
    int64_t moment = (int64_t)index * SECOND / start_rate;
    return moment / START_TICK * START_TICK + (int64_t)index;
}

/* What the server was promised before the start. */
static struct promise recall(struct daemon *daemon, size_t index, int64_t now)
{
    struct promise promise;
    if (daemon->schedule == NULL || !schedule_recall(daemon->schedule, index, &promise))
        return (struct promise){.due = now, .last_delay = -1};
    return promise_within(&promise, daemon->config->servers[index].settings, now);
}

/* One that was promised a moment that has not passed is asked then; the others at once, spread. */
static void start_servers(struct daemon *daemon)
{
    const struct config *config = daemon->config;
    int64_t now = clock_now();
    size_t at_once = 0;

    wakeups_reserve(&daemon->wakeups, SERVER_WAKEUPS * config->server_count + 1);
    daemon->running = config->server_count;
    for (size_t i = 0; i < config->server_count; i++) {
        const struct server_config *server = &config->servers[i];
        struct promise promise = recall(daemon, i, now);
        bool promised = promise.due > now;
        if (!promised)
            promise.due = now + first_due(at_once++, config->daemon.start_rate);
        server_init(&daemon->servers[i], server, daemon->http, &daemon->observer, promise.due,
                    daemon->count);
        server_recall(&daemon->servers[i], promised, promise.last_delay);
        server_start(&daemon->servers[i], on_ended);
    }
}

static void warn_of_insecure(struct daemon *daemon)
{
    for (size_t i = 0; i < daemon->config->server_count; i++) {
        const struct server_config *server = &daemon->config->servers[i];
        if (server->url.https && !server->settings->verify)
            log_insecure(&daemon->log, server->name);
    }
}

static int run_loop(struct daemon *daemon)
{
    log_start(&daemon->log, daemon->config->server_count);
    warn_of_insecure(daemon);
    int error = start_schedule(daemon);
    if (error != 0)
        return refuse_to_start("cannot keep a schedule", uv_strerror(error));
    start_servers(daemon);
    log_ready(&daemon->log, daemon->config->server_count);
    uv_run(&daemon->loop, UV_RUN_DEFAULT);
    wakeups_free(&daemon->wakeups);
    error = uv_loop_close(&daemon->loop);
    if (error != 0)
        return refuse_to_start("a handle was left in the loop", uv_strerror(error));
    return daemon->failures > 0 && daemon->count > 0 && !daemon->signaled;
}

int daemon_run(const struct config *config, struct tls_contexts *tls, uint64_t count)
{
    struct daemon daemon = {.config = config, .count = count};
    daemon.http = xcalloc(1, sizeof *daemon.http);
    daemon.http->tls = tls;
    daemon.servers = xcalloc(config->server_count, sizeof *daemon.servers);
    daemon.observer = (struct server_observer){on_polled, on_changed, &daemon};
    daemon.state_file = find_state_file(&config->daemon);
    daemon.loop.data = &daemon;

    int status = start_parts(&daemon);
    if (status == 0)
        status = run_loop(&daemon);
    hooks_free(daemon.hooks);
    schedule_free(daemon.schedule);
    free(daemon.state_file);
    free(daemon.servers);
    free(daemon.http);
    return status;
}
