#include "program.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <unistd.h>

#include "must.h"

enum { REPORTED = 99 }; /* see ASAN_OPTIONS in script/test */

static const int SMALL_PIPE = 4096;

static struct program *alive;

static void kill_alive(void)
{
    for (const struct program *program = alive; program != NULL; program = program->next_alive)
        kill(program->process.pid, SIGKILL);
}

static void note_alive(struct program *program)
{
    static bool registered;

    if (!registered)
        atexit(kill_alive);
    registered = true;
    program->next_alive = alive;
    alive = program;
}

static void forget_alive(struct program *program)
{
    for (struct program **link = &alive; *link != NULL; link = &(*link)->next_alive) {
        if (*link == program) {
            *link = program->next_alive;
            return;
        }
    }
}

static void on_closed(uv_handle_t *handle)
{
    struct program *program = handle->data;

    program->handles--;
}

static void close_handle(void *handle)
{
    if (!uv_is_closing(handle))
        uv_close(handle, on_closed);
}

/*
 * All that an exited program wrote is in its pipe by now. Waiting for the
 * pipe's end instead would wait for its own children as well.
 */
static void drain(uv_pipe_t *pipe, void (*take)(struct program *, const char *, size_t))
{
    char part[4096];
    uv_os_fd_t fd;
    ssize_t length;

    if (uv_is_closing((uv_handle_t *)pipe) || uv_fileno((uv_handle_t *)pipe, &fd) != 0)
        return;
    while ((length = read(fd, part, sizeof(part))) > 0)
        take(pipe->data, part, (size_t)length);
}

static void take_stdout(struct program *program, const char *data, size_t length)
{
    lines_feed(&program->out, data, length);
}

static void take_stderr(struct program *program, const char *data, size_t length)
{
    bytes_append(&program->err, data, length);
}

static void drain_stdout(struct program *program)
{
    drain(&program->stdout_pipe, take_stdout);
    lines_end(&program->out);
}

/* By a fault of its own, or a report of a sanitizer: script/test looks for the word where a test
 * has failed, as that is no matter of time. */
static void tell_crash(const struct program *program)
{
    int number = program->term_signal;
    bool crashed = number == SIGSEGV || number == SIGBUS || number == SIGABRT || number == SIGILL ||
                   number == SIGFPE || program->exit_status == REPORTED;
    if (crashed)
        fprintf(stderr, "--- crashed: status %d, signal %d\n%s---\n", (int)program->exit_status,
                number, bytes_text(&program->err));
}

static void on_exit_of(uv_process_t *process, int64_t exit_status, int term_signal)
{
    struct program *program = process->data;

    forget_alive(program);
    program->exited = true;
    program->exit_status = exit_status;
    program->term_signal = term_signal;
    drain(&program->stderr_pipe, take_stderr);
    if (program->reading)
        drain_stdout(program);
    tell_crash(program);
    close_handle(process);
}

/*
 * libuv fills it up to 32 times in one turn of the loop. Where lines come faster than they are
 * parsed, as under valgrind, the mock servers are not to be kept waiting for seconds meanwhile.
 */
static void on_alloc(uv_handle_t *handle, size_t suggested, uv_buf_t *buffer)
{
    static char shared[4096];

    (void)handle;
    (void)suggested;
    *buffer = uv_buf_init(shared, sizeof(shared));
}

static void on_stdout(uv_stream_t *stream, ssize_t length, const uv_buf_t *buffer)
{
    struct program *program = stream->data;

    if (length > 0)
        take_stdout(program, buffer->base, (size_t)length);
    if (length >= 0)
        return;
    lines_end(&program->out);
    close_handle(stream);
}

static void on_stderr(uv_stream_t *stream, ssize_t length, const uv_buf_t *buffer)
{
    struct program *program = stream->data;

    if (length > 0)
        take_stderr(program, buffer->base, (size_t)length);
    if (length < 0)
        close_handle(stream);
}

void program_pause(struct program *program)
{
    program->reading = false;
    if (!uv_is_closing((uv_handle_t *)&program->stdout_pipe))
        uv_read_stop((uv_stream_t *)&program->stdout_pipe);
}

void program_resume(struct program *program)
{
    program->reading = true;
    if (!uv_is_closing((uv_handle_t *)&program->stdout_pipe))
        uv_read_start((uv_stream_t *)&program->stdout_pipe, on_alloc, on_stdout);
    if (program->exited)
        drain_stdout(program);
}

/*
 * Real pipes, since UV_CREATE_PIPE makes sockets, and it is pipes that a shell
 * gives to a daemon. Returns the end for the child, or libuv's error.
 */
static int open_pipe(uv_pipe_t *reader, bool small)
{
    int ends[2];

    if (pipe2(ends, O_CLOEXEC) != 0)
        return uv_translate_sys_error(errno);
    if (small)
        fcntl(ends[1], F_SETPIPE_SZ, SMALL_PIPE);
    uv_pipe_open(reader, ends[0]);
    return ends[1];
}

static int open_stdout(struct program *program, const struct program_setup *setup)
{
    int file;

    if (setup->stdout_path == NULL && setup->stdout_fd == NULL)
        return open_pipe(&program->stdout_pipe, setup->paused);
    close_handle(&program->stdout_pipe);
    if (setup->stdout_fd != NULL)
        file = fcntl(*setup->stdout_fd, F_DUPFD_CLOEXEC, 0);
    else
        file = open(setup->stdout_path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
    return file >= 0 ? file : uv_translate_sys_error(errno);
}

static int spawn(struct program *program, const struct program_setup *setup, int out, int err)
{
    uv_stdio_container_t stdio[] = {
        {.flags = UV_IGNORE},
        {.flags = UV_INHERIT_FD, .data.fd = out},
        {.flags = UV_INHERIT_FD, .data.fd = err},
    };
    uv_process_options_t options = {
        .exit_cb = on_exit_of,
        .file = setup->args[0],
        .args = setup->args,
        .env = setup->environment,
        .stdio = stdio,
        .stdio_count = 3,
    };

    return uv_spawn(program->loop, &program->process, &options);
}

static struct program *program_new(uv_loop_t *loop, const struct program_setup *setup)
{
    struct program *program = must_calloc(1, sizeof(*program));

    program->loop = loop;
    program->handles = 2;
    program->out.json = setup->json;
    uv_pipe_init(loop, &program->stdout_pipe, 0);
    uv_pipe_init(loop, &program->stderr_pipe, 0);
    program->stdout_pipe.data = program->stderr_pipe.data = program->process.data = program;
    return program;
}

static void begin_reading(struct program *program, bool paused)
{
    note_alive(program);
    uv_read_start((uv_stream_t *)&program->stderr_pipe, on_alloc, on_stderr);
    program->reading = !paused;
    if (!paused)
        program_resume(program);
}

int program_start(struct program **started, uv_loop_t *loop, const struct program_setup *setup)
{
    struct program *program = program_new(loop, setup);
    int out = open_stdout(program, setup);
    int err = open_pipe(&program->stderr_pipe, false);
    int error = out < 0 ? out : err;

    *started = NULL;
    if (out >= 0 && err >= 0) {
        error = spawn(program, setup, out, err);
        program->handles++;
    }
    if (out >= 0)
        close(out);
    if (err >= 0)
        close(err);
    if (error < 0) {
        program->exited = true;
        program_free(program);
        return error;
    }
    begin_reading(program, setup->paused);
    *started = program;
    return 0;
}

void program_free(struct program *program)
{
    if (!program->exited)
        uv_process_kill(&program->process, SIGKILL);
    while (!program->exited)
        uv_run(program->loop, UV_RUN_ONCE);
    close_handle(&program->stdout_pipe);
    close_handle(&program->stderr_pipe);
    if (program->process.loop != NULL)
        close_handle(&program->process);
    while (program->handles > 0)
        uv_run(program->loop, UV_RUN_ONCE);
    lines_finish(&program->out);
    bytes_finish(&program->err);
    free(program);
}
