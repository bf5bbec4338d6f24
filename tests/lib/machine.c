#include "machine.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "boottime.h"
#include "bytes.h"
#include "check_main.h"
#include "scene.h"

enum { LOOK_EVERY_MS = 50 };

/* The script ends with the last copy of `lifeline`: with this program and the tests it forks. */
static struct {
    pid_t script;
    int lifeline;
    int systemd; /* its pid, as seen from here */
} machine;

static struct bytes output;

/* --- its life --------------------------------------------------------------------------- */

static void become_script(const int in[2], const int out[2])
{
    setsid(); /* what is sent to the tests' process group does not concern it */
    dup2(in[0], STDIN_FILENO);
    dup2(out[1], STDOUT_FILENO);
    execl(MACHINE_SCRIPT, MACHINE_SCRIPT, BUILD_DIRECTORY, (char *)NULL);
    perror(MACHINE_SCRIPT);
    _exit(EXIT_FAILURE);
}

/* Returns whether it is up. */
static bool boot(void)
{
    int in[2], out[2];
    char line[32] = "";

    if (pipe2(in, O_CLOEXEC) != 0 || pipe2(out, O_CLOEXEC) != 0)
        return false;
    machine.script = fork();
    if (machine.script == 0)
        become_script(in, out);
    close(in[0]);
    close(out[1]);
    machine.lifeline = in[1];
    if (read(out[0], line, sizeof(line) - 1) > 0)
        machine.systemd = atoi(line);
    close(out[0]);
    return machine.systemd > 0;
}

/* Returns the script's exit status. */
static int shut_down(void)
{
    int status = -1;

    close(machine.lifeline);
    waitpid(machine.script, &status, 0);
    return WIFEXITED(status) ? WEXITSTATUS(status) : EXIT_FAILURE;
}

static void show_journal(void)
{
    char line[128];

    snprintf(line, sizeof(line),
             "nsenter --target %d --all journalctl --no-pager --output=short-monotonic >&2",
             machine.systemd);
    if (system(line) != 0)
        fputs("the machine has no journal\n", stderr);
}

int machine_main(Suite *suite)
{
    bool up = boot();
    int failed = up ? check_main(suite) : EXIT_FAILURE;
    int status;

    if (up && failed)
        show_journal();
    status = shut_down();
    return up ? failed || status : status;
}

/* --- from within ------------------------------------------------------------------------ */

void machine_enter_network(void)
{
    char path[64];
    int fd;

    snprintf(path, sizeof(path), "/proc/%d/ns/net", machine.systemd);
    fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0 || setns(fd, CLONE_NEWNET) != 0)
        ck_abort_msg("the machine's network: %s", strerror(errno));
    close(fd);
}

static const struct rig_result *run(const char *line)
{
    char target[16];

    snprintf(target, sizeof(target), "%d", machine.systemd);
    return rig_run_command(rig, "nsenter", "--target", target, "--all", "sh", "-c", line, NULL);
}

/* Keeps what it wrote. */
static bool succeeds(const char *line, const char **complaint)
{
    const struct rig_result *result = run(line);
    size_t length = strlen(result->out);

    bytes_truncate(&output, 0);
    bytes_append(&output, result->out,
                 length > 0 && result->out[length - 1] == '\n' ? length - 1 : length);
    *complaint = result->err;
    return result->exit.signal == 0 && result->exit.status == 0;
}

/* What a command wrote may be too long for a message. */
static void give_up(const char *line, const char *complaint, const char *why, const char *text)
{
    fprintf(stderr, "--- %s:\n%s\n%s---\n", line, bytes_text(&output), complaint);
    ck_abort_msg("%s%s: %s", why, text, line);
}

const char *machine_run(const char *format, ...)
{
    struct bytes line = {0};
    const char *complaint;
    va_list args;

    va_start(args, format);
    bytes_print_args(&line, format, args);
    va_end(args);
    if (!succeeds(line.data, &complaint))
        give_up(line.data, complaint, "failed", "");
    bytes_finish(&line);
    return bytes_text(&output);
}

int64_t machine_limit_ns(void)
{
    return boottime_ns() + (int64_t)(SCENE_LIMIT_MS * 1e6 * rig_slowness());
}

const char *machine_await(const char *text, const char *format, ...)
{
    int64_t limit_ns = machine_limit_ns();
    struct bytes line = {0};
    const char *complaint;
    va_list args;

    va_start(args, format);
    bytes_print_args(&line, format, args);
    va_end(args);
    while (!succeeds(line.data, &complaint) || strstr(bytes_text(&output), text) == NULL) {
        if (boottime_ns() > limit_ns)
            give_up(line.data, complaint, "never seen: ", text);
        rig_pass(rig, LOOK_EVERY_MS);
    }
    bytes_finish(&line);
    return bytes_text(&output);
}

/* --- its files -------------------------------------------------------------------------- */

static void make_folders_of(char *path)
{
    for (char *slash = strchr(path + 1, '/'); slash != NULL; slash = strchr(slash + 1, '/')) {
        *slash = '\0';
        mkdir(path, 0755);
        *slash = '/';
    }
}

void machine_write(const char *path, const char *format, ...)
{
    struct bytes outside = {0};
    va_list args;
    FILE *file;

    bytes_print(&outside, "/proc/%d/root%s", machine.systemd, path);
    make_folders_of(outside.data);
    file = fopen(outside.data, "we");
    va_start(args, format);
    if (file == NULL || vfprintf(file, format, args) < 0 || fclose(file) != 0)
        ck_abort_msg("%s: %s", outside.data, strerror(errno));
    va_end(args);
    bytes_finish(&outside);
}
