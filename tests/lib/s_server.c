#include "s_server.h"

#include <check.h>
#include <string.h>

#include "must.h"
#include "peer.h"

static const unsigned START_LIMIT_MS = 10000;

#define READY "ACCEPT 127.0.0.1:"

struct s_server {
    struct peer *peer;
    int port;
};

static bool is_ready_or_gone(void *arg)
{
    const struct s_server *server = arg;

    return !peer_is_running(server->peer) || strstr(peer_output(server->peer), READY) != NULL;
}

struct s_server *s_server_new(struct rig *rig, const char *options)
{
    struct s_server *server = must_calloc(1, sizeof(*server));
    struct bytes line = {0};
    const char *ready;

    bytes_print(&line, "cd '@DIR@' && exec openssl s_server -accept 127.0.0.1:0 -HTTP %s", options);
    server->peer = peer_new(rig);
    peer_launch(server->peer, "sh", "-c", line.data, NULL);
    rig_wait(rig, is_ready_or_gone, server, START_LIMIT_MS);
    ready = strstr(peer_output(server->peer), READY);
    if (ready == NULL)
        ck_abort_msg("openssl s_server %s: %s", options, peer_output(server->peer));
    server->port = atoi(ready + strlen(READY));
    bytes_finish(&line);
    return server;
}

void s_server_free(struct s_server *server)
{
    peer_free(server->peer);
    free(server);
}

int s_server_port(const struct s_server *server)
{
    return server->port;
}
