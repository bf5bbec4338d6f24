/* A process that runs a hook's command: its start, its standard error, its end. All of this
 * waits, for processes and perhaps for a disk, and so is for a thread of its own.
 *
 * It is made by posix_spawn(3), which does not copy the memory of aiopoll as a fork does: that
 * would hold up the loop, too, for milliseconds with many servers. */
#ifndef AIOPOLL_HOOK_PROCESS_H
#define AIOPOLL_HOOK_PROCESS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/* How much of the first line of its standard error is kept. */
enum { HOOK_SAID_MAX = 200 };

struct hook_process {
    pid_t pid;                    /* of a process group of its own */
    int errors;                   /* its standard error; -1 once it is closed */
    char said[HOOK_SAID_MAX + 1]; /* as it came */
    size_t length;
    bool said_all; /* of that line */
    size_t heard;  /* bytes that it has written */
};

/* Starts the program words[0], found in PATH unless it is a path, in the folder "/", with
 * nothing of aiopoll's but this environment: its standard input and output are /dev/null, no
 * other descriptor is open, no signal is ignored or blocked; and its priority is lower. Returns 0,
 * or an errno, and then there is no process. */
int hook_process_start(struct hook_process *process, char *const *words, char *const *environment);

/* Reads what it writes, until it has ended or clock_awake() is `until`. Returns whether it has
 * ended; then it is to be reaped. */
bool hook_process_await(struct hook_process *process, int64_t until);

/* Kills it, with all processes that it has made, but for those that have left its group. It must
 * not be reaped yet. */
void hook_process_kill(const struct hook_process *process);

/* Waits for its end, without a limit. Returns its status: waitpid(2). */
int hook_process_reap(struct hook_process *process);

#endif
