#include "s_server.h"

#include <check.h>
#include <string.h>

#include "must.h"
#include "program.h"

static const unsigned START_LIMIT_MS = 10000;

#define READY "ACCEPT 127.0.0.1:"

struct s_server {
    struct program *program;
    int port;
};

static bool is_ready_or_gone(void *arg)
{
    const struct s_server *server = arg;

    return server->program->exited || strstr(s_server_output(server), READY) != NULL;
}

static struct program *start(struct rig *rig, const char *options)
{
    struct bytes line = {0};
    char *args[] = {"sh", "-c", NULL, NULL};
    const struct program_setup setup = {.args = args};
    struct program *program;
    int error;

    bytes_print(&line, "cd '%s' && exec openssl s_server -accept 127.0.0.1:0 -HTTP %s",
                rig_directory(rig), options);
    args[2] = line.data;
    error = program_start(&program, rig_loop(rig), &setup);
    if (error != 0)
        ck_abort_msg("can't start openssl: %s", uv_strerror(error));
    bytes_finish(&line);
    return program;
}

struct s_server *s_server_new(struct rig *rig, const char *options)
{
    struct s_server *server = must_calloc(1, sizeof(*server));

    server->program = start(rig, options);
    rig_wait(rig, is_ready_or_gone, server, START_LIMIT_MS);
    if (server->program->exited)
        ck_abort_msg("openssl s_server %s: %s", options, bytes_text(&server->program->err));
    server->port = atoi(strstr(s_server_output(server), READY) + strlen(READY));
    return server;
}

void s_server_free(struct s_server *server)
{
    program_free(server->program);
    free(server);
}

int s_server_port(const struct s_server *server)
{
    return server->port;
}

const char *s_server_output(const struct s_server *server)
{
    return bytes_text(&server->program->out.all);
}

unsigned s_server_count(const struct s_server *server, const char *text)
{
    unsigned count = 0;

    for (const char *at = s_server_output(server); (at = strstr(at, text)) != NULL; at++)
        count++;
    return count;
}
