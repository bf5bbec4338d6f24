#include <check.h>
#include <unistd.h>

#include "must.h"
#include "rig_private.h"

/* LeakSanitizer asks for it. Whether the program leaks is what counts: to search each process of
 * a test as well takes half of the time of all. */
int __lsan_is_turned_off(void);

int __lsan_is_turned_off(void)
{
    return 1;
}

static const unsigned RUN_LIMIT_MS = 30000;
enum { MOST_WORDS = 16 }; /* of a command */

struct rig *rig_new(void)
{
    struct rig *rig = must_calloc(1, sizeof(*rig));

    ck_assert_int_eq(uv_loop_init(&rig->loop), 0);
    uv_timer_init(&rig->loop, &rig->limit);
    rig->scratch = scratch_new();
    return rig;
}

/* Names each handle that is left, and closes it, so that the loop can be closed. */
static void on_leaked(uv_handle_t *handle, void *arg)
{
    bytes_print(arg, " %s", uv_handle_type_name(handle->type));
    if (!uv_is_closing(handle))
        uv_close(handle, NULL);
}

static void loop_finish(uv_loop_t *loop)
{
    struct bytes leaked = {0};

    uv_run(loop, UV_RUN_NOWAIT);
    uv_walk(loop, on_leaked, &leaked);
    if (leaked.length > 0)
        ck_abort_msg("the test left handles in its loop:%s", leaked.data);
    ck_assert_int_eq(uv_loop_close(loop), 0);
}

void rig_free(struct rig *rig)
{
    if (rig->program != NULL)
        program_free(rig->program);
    rig->program = NULL; /* what the next one waits for may fail, and shows it */
    peers_free(&rig->peers);
    if (rig->other != NULL)
        program_free(rig->other);
    while (rig->mocks != NULL)
        rig_free_mock(rig, rig->mocks->mock);
    rig_launch_finish(&rig->launch);
    scratch_free(rig->scratch);
    uv_close((uv_handle_t *)&rig->limit, NULL);
    loop_finish(&rig->loop);
    free(rig);
}

uv_loop_t *rig_loop(struct rig *rig)
{
    return &rig->loop;
}

struct mock_server *rig_mock(struct rig *rig)
{
    struct mock_link *link = must_calloc(1, sizeof(*link));
    int error = mock_server_new(&link->mock, &rig->loop, NULL, 0);

    if (error != 0)
        ck_abort_msg("no mock server: %s", uv_strerror(error));
    link->next = rig->mocks;
    rig->mocks = link;
    return link->mock;
}

void rig_free_mock(struct rig *rig, struct mock_server *mock)
{
    struct mock_link **place = &rig->mocks;
    struct mock_link *link;

    while ((*place)->mock != mock)
        place = &(*place)->next;
    link = *place;
    *place = link->next;
    free(link);
    mock_server_free(mock);
}

const char *rig_directory(struct rig *rig)
{
    return scratch_directory(rig->scratch);
}

const char *rig_path(struct rig *rig, const char *name)
{
    return scratch_path(rig->scratch, name);
}

const char *rig_write(struct rig *rig, const char *name, const char *format, ...)
{
    const char *path;
    va_list args;

    va_start(args, format);
    path = scratch_write(rig->scratch, name, format, args);
    va_end(args);
    return path;
}

const char *rig_read(struct rig *rig, const char *name)
{
    return scratch_read(rig->scratch, name);
}

void rig_set_env(struct rig *rig, const char *name, const char *value)
{
    rig_launch_set_env(&rig->launch, name, value);
}

void rig_set_stdout(struct rig *rig, const char *path)
{
    free(rig->launch.stdout_path);
    rig->launch.stdout_path = path == NULL ? NULL : must_strdup(path);
}

void rig_set_stdout_fd(struct rig *rig, int fd)
{
    rig->launch.stdout_fd = fd;
    rig->launch.has_stdout_fd = true;
}

void rig_set_shell(struct rig *rig, const char *line)
{
    free(rig->launch.shell);
    rig->launch.shell = must_strdup(line);
}

void rig_expect_json(struct rig *rig)
{
    rig->launch.json = true;
}

void rig_pause_reading(struct rig *rig)
{
    rig->launch.paused = true;
    if (rig->program != NULL)
        program_pause(rig->program);
}

void rig_resume_reading(struct rig *rig)
{
    rig->launch.paused = false;
    if (rig->program != NULL)
        program_resume(rig->program);
}

void rig_start(struct rig *rig, ...)
{
    va_list args;

    if (rig->program != NULL)
        program_free(rig->program);
    va_start(args, rig);
    rig->program = rig_launch_start(&rig->launch, &rig->loop, args);
    va_end(args);
}

bool rig_is_running(const struct rig *rig)
{
    return rig->program != NULL && !rig->program->exited;
}

int rig_pid(const struct rig *rig)
{
    return rig->program->process.pid;
}

void rig_signal(struct rig *rig, int number)
{
    int error = rig->program->exited ? UV_ESRCH : uv_process_kill(&rig->program->process, number);

    if (error != 0)
        ck_abort_msg("signal %d: %s", number, uv_strerror(error));
}

static const struct rig_result *wait_for_other(struct rig *rig, const char *where)
{
    rig->result.exit = rig_wait_program(where, rig, rig->other, RUN_LIMIT_MS);
    rig->result.out = bytes_text(&rig->other->out.all);
    rig->result.err = bytes_text(&rig->other->err);
    return &rig->result;
}

const struct rig_result *rig_run(struct rig *rig, ...)
{
    struct rig_launch plain = {.variables = rig->launch.variables, .count = rig->launch.count};
    va_list args;

    if (rig->other != NULL)
        program_free(rig->other);
    va_start(args, rig);
    rig->other = rig_launch_start(&plain, &rig->loop, args);
    va_end(args);
    return wait_for_other(rig, "rig_run");
}

const struct rig_result *rig_run_command(struct rig *rig, const char *file, ...)
{
    char *words[MOST_WORDS + 1] = {(char *)file};
    size_t count = 1;
    va_list args;
    int error;

    if (rig->other != NULL)
        program_free(rig->other);
    va_start(args, file);
    while ((words[count] = va_arg(args, char *)) != NULL)
        ck_assert_uint_lt(++count, MOST_WORDS);
    va_end(args);
    error = program_start(&rig->other, &rig->loop,
                          &(struct program_setup){.args = words, .environment = environ});
    if (error != 0)
        ck_abort_msg("can't start %s: %s", file, uv_strerror(error));
    return wait_for_other(rig, file);
}
