#include "peer.h"

#include <arpa/inet.h>
#include <signal.h>
#include <stdio.h>
#include <sys/socket.h>
#include <unistd.h>

#include "must.h"
#include "rig_private.h"

enum {
    LISTEN_LIMIT_MS = 20000,
    STOP_LIMIT_MS = 10000,
    LOOK_EVERY_MS = 10,
    MOST_ARGUMENTS = 32,
};

struct port {
    int number; /* 0: not yet spoken of */
    int guard;
};

struct peer {
    struct rig *rig;
    struct program *program; /* started last; NULL before that */
    struct port ports[PEER_PORTS];
    struct bytes output;
    struct peer *next;
};

/* --- its life ---------------------------------------------------------------- */

struct peer *peer_new(struct rig *rig)
{
    struct peer *peer = must_calloc(1, sizeof(*peer));

    peer->rig = rig;
    peer->next = rig->peers;
    rig->peers = peer;
    return peer;
}

void peer_free(struct peer *peer)
{
    struct peer **link = &peer->rig->peers;

    if (peer_is_running(peer))
        peer_stop(peer);
    if (peer->program != NULL)
        program_free(peer->program);
    while (*link != peer)
        link = &(*link)->next;
    *link = peer->next;
    for (size_t i = 0; i < PEER_PORTS; i++) {
        if (peer->ports[i].number != 0)
            close(peer->ports[i].guard);
    }
    bytes_finish(&peer->output);
    free(peer);
}

void peers_free(struct peer **first)
{
    while (*first != NULL)
        peer_free(*first);
}

void peers_dump(const struct peer *first)
{
    for (const struct peer *peer = first; peer != NULL; peer = peer->next) {
        if (peer->program == NULL)
            continue;
        fprintf(stderr, "--- a server's output so far%s:\n%s%s",
                peer->program->exited ? " (it has exited)" : "",
                bytes_text(&peer->program->out.all), bytes_text(&peer->program->err));
    }
}

bool peer_is_running(const struct peer *peer)
{
    return peer->program != NULL && !peer->program->exited;
}

void peer_signal(struct peer *peer, int number)
{
    ck_assert(peer_is_running(peer));
    ck_assert_int_eq(uv_process_kill(&peer->program->process, number), 0);
}

static bool has_exited(void *arg)
{
    return !peer_is_running(arg);
}

void peer_stop(struct peer *peer)
{
    if (!peer_is_running(peer))
        ck_abort_msg("the server is not running: %s", peer_output(peer));
    peer_signal(peer, SIGTERM);
    rig_wait(peer->rig, has_exited, peer, STOP_LIMIT_MS);
}

const char *peer_output(struct peer *peer)
{
    bytes_truncate(&peer->output, 0);
    if (peer->program != NULL)
        bytes_print(&peer->output, "%s%s", bytes_text(&peer->program->out.all),
                    bytes_text(&peer->program->err));
    return bytes_text(&peer->output);
}

struct output_wait {
    struct peer *peer;
    const char *text;
    unsigned times;
};

static bool output_came(void *arg)
{
    const struct output_wait *wait = arg;
    const char *at = peer_output(wait->peer);
    unsigned found = 0;

    while ((at = strstr(at, wait->text)) != NULL) {
        at += strlen(wait->text);
        found++;
    }
    return found >= wait->times;
}

void peer_await_output(struct peer *peer, const char *text, unsigned times)
{
    struct output_wait wait = {peer, text, times};

    rig_wait(peer->rig, output_came, &wait, LISTEN_LIMIT_MS);
}

/* --- its ports --------------------------------------------------------------- */

/*
 * A socket that is bound, but does not listen, keeps the kernel from giving the
 * port to anybody else, and lets those have it who ask for it with SO_REUSEADDR,
 * as servers do. So no test takes a port from under another. It is bound to all
 * addresses of both families, where the machine has both.
 */
static int guard_a_port(int family)
{
    union {
        struct sockaddr any;
        struct sockaddr_in6 v6;
    } all = {.v6 = {.sin6_family = (sa_family_t)family}};
    socklen_t length = family == AF_INET6 ? sizeof(all.v6) : sizeof(struct sockaddr_in);
    int guard = socket(family, SOCK_STREAM | SOCK_CLOEXEC, 0);

    if (guard < 0)
        return -1;
    setsockopt(guard, SOL_SOCKET, SO_REUSEADDR, &(int){1}, sizeof(int));
    setsockopt(guard, IPPROTO_IPV6, IPV6_V6ONLY, &(int){0}, sizeof(int));
    if (bind(guard, &all.any, length) == 0)
        return guard;
    close(guard);
    return -1;
}

/* The port is at the same place in both families' addresses. */
static int port_of(int guard)
{
    struct sockaddr_in6 address;
    socklen_t length = sizeof(address);

    if (getsockname(guard, (struct sockaddr *)&address, &length) != 0)
        abort();
    return ntohs(address.sin6_port);
}

int peer_port(struct peer *peer, unsigned number)
{
    struct port *port = &peer->ports[number - 1];

    ck_assert(number >= 1 && number <= PEER_PORTS);
    if (port->number == 0) {
        port->guard = guard_a_port(AF_INET6);
        if (port->guard < 0)
            port->guard = guard_a_port(AF_INET);
        ck_assert_msg(port->guard >= 0, "no free port");
        port->number = port_of(port->guard);
    }
    return port->number;
}

/* Connecting over loopback never takes long: there is someone, or there is not. */
static bool can_connect(int family, const void *address, socklen_t length)
{
    int client = socket(family, SOCK_STREAM | SOCK_CLOEXEC, 0);
    bool connected = client >= 0 && connect(client, address, length) == 0;

    if (client >= 0)
        close(client);
    return connected;
}

static bool is_listening(const struct port *port)
{
    struct sockaddr_in v4 = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port->number)};
    struct sockaddr_in6 v6 = {.sin6_family = AF_INET6, .sin6_port = v4.sin_port};

    v4.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    v6.sin6_addr = in6addr_loopback;
    return can_connect(AF_INET, &v4, sizeof(v4)) || can_connect(AF_INET6, &v6, sizeof(v6));
}

/* Or it won't ever. */
static bool all_are_listening(void *arg)
{
    const struct peer *peer = arg;

    for (size_t i = 0; i < PEER_PORTS; i++) {
        if (peer->ports[i].number != 0 && !is_listening(&peer->ports[i]))
            return !peer_is_running(peer);
    }
    return true;
}

static void on_look(uv_timer_t *timer)
{
    (void)timer; /* it only has the wait ask again */
}

void peer_await_listening(struct peer *peer)
{
    uv_timer_t look;

    uv_timer_init(rig_loop(peer->rig), &look);
    uv_timer_start(&look, on_look, 0, LOOK_EVERY_MS);
    rig_wait(peer->rig, all_are_listening, peer, LISTEN_LIMIT_MS);
    uv_close((uv_handle_t *)&look, NULL);
    uv_run(rig_loop(peer->rig), UV_RUN_NOWAIT);
    if (!peer_is_running(peer))
        ck_abort_msg("the server ended at once: %s", peer_output(peer));
}

/* --- its files and its start --------------------------------------------------- */

/* Appends what the name between two @ stands for; false where it is no such name. */
static bool expand_name(struct peer *peer, struct bytes *out, const char *name, size_t length)
{
    if (length == strlen("DIR") && strncmp(name, "DIR", length) == 0)
        bytes_print(out, "%s", rig_directory(peer->rig));
    else if (length == strlen("PORT") && strncmp(name, "PORT", length) == 0)
        bytes_print(out, "%d", peer_port(peer, 1));
    else if (length == strlen("PORT1") && strncmp(name, "PORT", length - 1) == 0)
        bytes_print(out, "%d", peer_port(peer, (unsigned)(name[length - 1] - '0')));
    else
        return false;
    return true;
}

static void expand(struct peer *peer, struct bytes *out, const char *text)
{
    bytes_append(out, "", 0);
    while (*text != '\0') {
        size_t length = *text == '@' ? strcspn(text + 1, "@ \n") : 0;

        if (length > 0 && text[1 + length] == '@' && expand_name(peer, out, text + 1, length))
            text += length + 2;
        else
            bytes_append_byte(out, *text++, 1);
    }
}

const char *peer_write(struct peer *peer, const char *name, const char *text)
{
    struct bytes expanded = {0};
    const char *path;

    expand(peer, &expanded, text);
    path = rig_write(peer->rig, name, "%s", expanded.data);
    bytes_finish(&expanded);
    return path;
}

/* The administrator's programs are not in everybody's PATH. */
static char *find_program(const char *file)
{
    const char *path = getenv("PATH");
    struct bytes list = {0};
    struct bytes found = {0};
    char *rest = NULL;

    if (strchr(file, '/') != NULL)
        return must_strdup(file);
    bytes_print(&list, "%s:/usr/local/sbin:/usr/sbin:/sbin", path == NULL ? "/usr/bin" : path);
    for (char *at = strtok_r(list.data, ":", &rest); at != NULL; at = strtok_r(NULL, ":", &rest)) {
        bytes_truncate(&found, 0);
        bytes_print(&found, "%s/%s", at, file);
        if (access(found.data, X_OK) == 0)
            break;
        bytes_finish(&found);
    }
    bytes_finish(&list);
    return found.data;
}

bool peer_is_installed(const char *file, const char *debian_package)
{
    char *found = find_program(file);
    bool installed = found != NULL && access(found, X_OK) == 0;

    if (!installed)
        fprintf(stderr, "skipped: there is no %s on this machine (Debian's package %s)\n", file,
                debian_package);
    free(found);
    return installed;
}

static void launch(struct peer *peer, const char *file, va_list args)
{
    struct bytes expanded[MOST_ARGUMENTS] = {0};
    char *arguments[MOST_ARGUMENTS + 1] = {find_program(file)};
    struct program_setup setup = {.args = arguments, .environment = environ};
    size_t count = 1;
    int error;

    if (peer->program != NULL)
        program_free(peer->program);
    for (const char *arg = va_arg(args, char *); arg != NULL; arg = va_arg(args, char *)) {
        ck_assert_uint_lt(count, MOST_ARGUMENTS);
        expand(peer, &expanded[count], arg);
        arguments[count] = expanded[count].data;
        count++;
    }
    error = arguments[0] == NULL ? UV_ENOENT
                                 : program_start(&peer->program, rig_loop(peer->rig), &setup);
    if (error != 0)
        ck_abort_msg("can't start %s: %s", file, uv_strerror(error));
    free(arguments[0]);
    for (size_t i = 1; i < count; i++)
        bytes_finish(&expanded[i]);
}

void peer_launch(struct peer *peer, const char *file, ...)
{
    va_list args;

    va_start(args, file);
    launch(peer, file, args);
    va_end(args);
}

void peer_start(struct peer *peer, const char *file, ...)
{
    va_list args;

    va_start(args, file);
    launch(peer, file, args);
    va_end(args);
    peer_await_listening(peer);
}
