#include <stdio.h>

#include "base/clock.h"
#include "daemon_private.h"

void daemon_on_polled(void *user, const struct poll *poll)
{
    struct daemon *daemon = user;
    daemon->polls++;
    if (poll->failure.reason != FAILURE_NONE && poll->failure.reason != FAILURE_CANCELED)
        daemon->failures++;
    if (daemon->listener != NULL)
        board_polled(&daemon->board, poll);
    log_poll(&daemon->log, poll);
    log_explain(&daemon->log, poll);
}

void daemon_on_changed(void *user, const struct server_change *change)
{
    struct daemon *daemon = user;
    if (daemon->listener != NULL)
        board_changed(&daemon->board, change);
    log_change(&daemon->log, change);
    hooks_note(daemon->hooks, change);
    notify_changed(&daemon->notify);
}

void daemon_on_added(void *user, uint32_t id)
{
    struct daemon *daemon = user;
    if (daemon->listener != NULL)
        board_added(&daemon->board, id);
}

void daemon_on_status_wanted(void *user, struct notify_status *status)
{
    struct daemon *daemon = user;
    int64_t due = server_first_due(&daemon->wakeups);
    status->ok = daemon->fleet.states[HEALTH_OK];
    status->failing = daemon->fleet.states[HEALTH_FAILING];
    status->overdue = daemon->fleet.states[HEALTH_OVERDUE];
    status->next = due == INT64_MAX ? due : due - clock_now();
}

void daemon_on_notify_trouble(void *user, const char *sentence)
{
    struct daemon *daemon = user;
    log_notify(&daemon->log, sentence);
}

void daemon_on_well(void *user, bool again)
{
    struct daemon *daemon = user;
    if (again)
        log_watchdog(&daemon->log, LOG_INFO, NULL, "all tasks are as they should be again");
    notify_alive(&daemon->notify);
}

void daemon_on_stuck(void *user, const struct server *server, const char *how)
{
    struct daemon *daemon = user;
    log_watchdog(&daemon->log, LOG_ERROR, server == NULL ? NULL : server->config->name, how);
}

void daemon_on_state_file(void *user, bool trouble, const char *sentence)
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

static void warn_of_insecure(struct daemon *daemon, const struct config *config)
{
    for (size_t i = 0; i < config->server_count; i++) {
        const struct server_config *server = &config->servers[i];
        if (server->url.https && !server->settings->verify)
            log_insecure(&daemon->log, server->name);
    }
}

/* Told when it comes to be so, at the start or by a reload. */
static void warn_of_descriptors(struct daemon *daemon, size_t servers)
{
    bool are_short = daemon->http->slots.limit < servers;
    if (are_short && !daemon->short_of_descriptors)
        log_descriptors(&daemon->log, daemon->descriptors.limit, daemon->http->slots.limit,
                        servers);
    daemon->short_of_descriptors = are_short;
}

void daemon_warn(struct daemon *daemon, const struct config *config)
{
    warn_of_insecure(daemon, config);
    warn_of_descriptors(daemon, config->server_count);
}

void daemon_trace(struct daemon *daemon, const struct daemon_settings *settings)
{
    daemon->http->trace = settings->log_level == LOG_DEBUG ? on_connection : NULL;
}
