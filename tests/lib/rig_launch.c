#include "rig_launch.h"

#include <check.h>
#include <unistd.h>

#include "must.h"

#ifndef AIOPOLL_BINARY
#define AIOPOLL_BINARY "aiopoll"
#endif

/* What the test's own service manager, if there is one, says is not meant for the program. */
static const char *const of_service_manager[] = {
    "NOTIFY_SOCKET", "JOURNAL_STREAM", "STATE_DIRECTORY", "WATCHDOG_USEC",
    "WATCHDOG_PID",  "LOGS_DIRECTORY", "LISTEN_FDS",      "LISTEN_PID",
};

struct strings {
    char **items; /* NULL ends them */
    size_t count;
};

static void strings_add(struct strings *strings, const char *text)
{
    strings->items = must_realloc(strings->items, strings->count + 2, sizeof(*strings->items));
    strings->items[strings->count++] = must_strdup(text);
    strings->items[strings->count] = NULL;
}

static void strings_finish(struct strings *strings)
{
    for (size_t i = 0; i < strings->count; i++)
        free(strings->items[i]);
    free(strings->items);
}

void rig_launch_finish(struct rig_launch *launch)
{
    for (size_t i = 0; i < launch->count; i++)
        free(launch->variables[i]);
    free(launch->variables);
    free(launch->stdout_path);
    free(launch->shell);
}

void rig_launch_set_env(struct rig_launch *launch, const char *name, const char *value)
{
    struct bytes variable = {0};

    bytes_print(&variable, value == NULL ? "%s" : "%s=%s", name, value);
    launch->variables =
        must_realloc(launch->variables, launch->count + 1, sizeof(*launch->variables));
    launch->variables[launch->count++] = variable.data;
}

/* Whether both NAME=VALUE or NAME have the same name. */
static bool same_name(const char *left, const char *right)
{
    size_t length = strcspn(left, "=");

    return length == strcspn(right, "=") && strncmp(left, right, length) == 0;
}

static bool is_inherited(const struct rig_launch *launch, const char *variable)
{
    for (size_t i = 0; i < launch->count; i++) {
        if (same_name(variable, launch->variables[i]))
            return false;
    }
    for (size_t i = 0; i < sizeof(of_service_manager) / sizeof(of_service_manager[0]); i++) {
        if (same_name(variable, of_service_manager[i]))
            return false;
    }
    return true;
}

/* Whether a later setting of the same name replaces number index. */
static bool is_replaced(const struct rig_launch *launch, size_t index)
{
    for (size_t i = index + 1; i < launch->count; i++) {
        if (same_name(launch->variables[i], launch->variables[index]))
            return true;
    }
    return false;
}

static void make_environment(struct strings *strings, const struct rig_launch *launch)
{
    for (char **variable = environ; *variable != NULL; variable++) {
        if (is_inherited(launch, *variable))
            strings_add(strings, *variable);
    }
    for (size_t i = 0; i < launch->count; i++) {
        if (strchr(launch->variables[i], '=') != NULL && !is_replaced(launch, i))
            strings_add(strings, launch->variables[i]);
    }
}

static void add_words(struct strings *strings, const char *text)
{
    char *copy = must_strdup(text);
    char *rest = NULL;

    for (char *word = strtok_r(copy, " ", &rest); word != NULL; word = strtok_r(NULL, " ", &rest))
        strings_add(strings, word);
    free(copy);
}

static void add_shell(struct strings *strings, const char *line)
{
    strings_add(strings, "sh");
    strings_add(strings, "-c");
    strings_add(strings, line);
    strings_add(strings, "sh");
}

static void make_arguments(struct strings *strings, const char *shell, va_list args)
{
    const char *runner = getenv("AIOPOLL_RUNNER");
    const char *file = getenv("AIOPOLL");

    if (shell != NULL)
        add_shell(strings, shell);
    if (runner != NULL)
        add_words(strings, runner);
    strings_add(strings, file == NULL ? AIOPOLL_BINARY : file);
    for (const char *arg = va_arg(args, char *); arg != NULL; arg = va_arg(args, char *))
        strings_add(strings, arg);
}

static bool asks_for_json(const struct strings *args)
{
    for (size_t i = 0; i < args->count; i++) {
        if (strcmp(args->items[i], "--log-format=json") == 0)
            return true;
    }
    return false;
}

struct program *rig_launch_start(const struct rig_launch *launch, uv_loop_t *loop, va_list args)
{
    struct strings arguments = {0};
    struct strings environment = {0};
    struct program_setup setup = {.stdout_path = launch->stdout_path, .paused = launch->paused};
    struct program *program;
    int error;

    if (launch->has_stdout_fd)
        setup.stdout_fd = &launch->stdout_fd;
    make_arguments(&arguments, launch->shell, args);
    make_environment(&environment, launch);
    setup.args = arguments.items;
    setup.environment = environment.items;
    setup.json = launch->json || asks_for_json(&arguments);
    error = program_start(&program, loop, &setup);
    if (error != 0)
        ck_abort_msg("can't start %s: %s", arguments.items[0], uv_strerror(error));
    strings_finish(&arguments);
    strings_finish(&environment);
    return program;
}
