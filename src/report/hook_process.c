#include "report/hook_process.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"

/* How much nicer than aiopoll it is: nice(2). */
enum { NICER = 10 };

/* How long the end of one that does not write is not noticed, in ms. */
enum { PAUSE_MAX = 64 };

/* How much is read at a time; no first line begins after that. */
enum { HEARD_MAX = 64 * 1024 };

static int set_attributes(posix_spawnattr_t *attributes)
{
    sigset_t all, none;
    sigfillset(&all);
    sigemptyset(&none);
    posix_spawnattr_setsigdefault(attributes, &all);
    posix_spawnattr_setsigmask(attributes, &none);
    return posix_spawnattr_setflags(attributes, POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGDEF |
                                                    POSIX_SPAWN_SETSIGMASK);
}

/* The last one is for descriptors that aiopoll was started with. */
static int add_actions(posix_spawn_file_actions_t *actions, int errors)
{
    int error;
    if ((error = posix_spawn_file_actions_addopen(actions, 0, "/dev/null", O_RDONLY, 0)) != 0 ||
        (error = posix_spawn_file_actions_addopen(actions, 1, "/dev/null", O_WRONLY, 0)) != 0 ||
        (error = posix_spawn_file_actions_adddup2(actions, errors, 2)) != 0 ||
        (error = posix_spawn_file_actions_addchdir_np(actions, "/")) != 0)
        return error;
    return posix_spawn_file_actions_addclosefrom_np(actions, 3);
}

static int spawn(pid_t *pid, int errors, char *const *words, char *const *environment)
{
    posix_spawnattr_t attributes;
    posix_spawn_file_actions_t actions;
    int error = posix_spawnattr_init(&attributes);
    if (error != 0)
        return error;
    error = posix_spawn_file_actions_init(&actions);
    if (error == 0) {
        if ((error = set_attributes(&attributes)) == 0 &&
            (error = add_actions(&actions, errors)) == 0)
            error = posix_spawnp(pid, words[0], &actions, &attributes, words, environment);
        posix_spawn_file_actions_destroy(&actions);
    }
    posix_spawnattr_destroy(&attributes);
    return error;
}

/* Or else eight that compute, or write without end, would be served before the polls. No session of
 * its own for it, as each of those has an equal share of the processor: sched(7), autogroup. */
static void lower_priority(pid_t group)
{
    setpriority(PRIO_PGRP, (id_t)group, getpriority(PRIO_PROCESS, 0) + NICER);
}

int hook_process_start(struct hook_process *process, char *const *words, char *const *environment)
{
    int ends[2];
    *process = (struct hook_process){.errors = -1};
    if (pipe2(ends, O_CLOEXEC) != 0)
        return errno;
    fcntl(ends[0], F_SETFL, O_NONBLOCK);
    int error = spawn(&process->pid, ends[1], words, environment);
    close(ends[1]);
    if (error == 0) {
        process->errors = ends[0];
        lower_priority(process->pid);
    } else {
        close(ends[0]);
    }
    return error;
}

/* The first line with anything in it. A NUL ends one, too. */
static void keep(struct hook_process *process, const char *bytes, size_t length)
{
    for (size_t i = 0; i < length && !process->said_all; i++) {
        bool ends = bytes[i] == '\n' || bytes[i] == '\r' || bytes[i] == '\0';
        if (!ends)
            process->said[process->length++] = bytes[i];
        process->said_all = process->length == HOOK_SAID_MAX || (ends && process->length > 0);
    }
}

static void close_errors(struct hook_process *process)
{
    if (process->errors >= 0)
        close(process->errors);
    process->errors = -1;
}

/* Returns whether there was something to read, or its end. */
static bool read_errors(struct hook_process *process)
{
    char bytes[HEARD_MAX];
    if (process->errors < 0)
        return false;
    ssize_t length = read(process->errors, bytes, sizeof bytes);
    if (length > 0) {
        keep(process, bytes, (size_t)length);
        process->heard += (size_t)length;
        process->said_all = process->said_all || process->heard >= HEARD_MAX;
    } else if (length == 0)
        close_errors(process);
    return length >= 0;
}

/* It is not reaped by that: until then, its number is no other process'. */
static bool has_ended(const struct hook_process *process)
{
    siginfo_t info = {0};
    return waitid(P_PID, (id_t)process->pid, &info, WEXITED | WNOHANG | WNOWAIT) != 0 ||
           info.si_pid != 0;
}

/* Its end closes its standard error, unless others have that open, too. What is not kept is taken
 * now and then: one that writes without end waits, and no processor is lost to that. */
bool hook_process_await(struct hook_process *process, int64_t until)
{
    int pause = 1;
    while (!has_ended(process)) {
        if (clock_awake() >= until)
            return false;
        struct pollfd errors = {.fd = process->errors, .events = process->said_all ? 0 : POLLIN};
        poll(&errors, 1, pause);
        bool news = read_errors(process) && !process->said_all;
        pause = news ? 1 : pause < PAUSE_MAX ? 2 * pause : pause;
    }
    read_errors(process);
    return true;
}

void hook_process_kill(const struct hook_process *process)
{
    kill(-process->pid, SIGKILL);
}

int hook_process_reap(struct hook_process *process)
{
    int status = 0;
    close_errors(process);
    while (waitpid(process->pid, &status, 0) < 0 && errno == EINTR)
        ;
    process->pid = 0;
    return status;
}
