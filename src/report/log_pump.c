#include "report/log_pump.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>
#include <uv.h>

#include "base/clock.h"
#include "base/duration.h"

/* What the thread owns; it may outlive the pump. */
struct ends {
    int from, to;
};

static void write_all(int fd, const char *bytes, size_t length)
{
    while (length > 0) {
        ssize_t written = write(fd, bytes, length);
        if (written < 0 && errno != EINTR)
            return; /* the reader is gone: as with any other, the lines are lost */
        if (written > 0) {
            bytes += written;
            length -= (size_t)written;
        }
    }
}

static void *copy(void *argument)
{
    struct ends *ends = argument;
    char buffer[4096];
    ssize_t length;
    while ((length = read(ends->from, buffer, sizeof buffer)) != 0)
        if (length > 0)
            write_all(ends->to, buffer, (size_t)length);
    close(ends->from);
    free(ends);
    return NULL;
}

/* Signals are for the loop's thread. */
static int start_thread(struct log_pump *pump, struct ends *ends)
{
    sigset_t all, before;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    int error = pthread_create(&pump->thread, NULL, copy, ends);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    return uv_translate_sys_error(error);
}

int log_pump_start(struct log_pump *pump, int output)
{
    int pipe_ends[2];
    struct ends *ends = malloc(sizeof *ends);
    if (ends == NULL)
        return UV_ENOMEM;
    if (pipe2(pipe_ends, O_CLOEXEC) != 0) {
        free(ends);
        return uv_translate_sys_error(errno);
    }
    fcntl(pipe_ends[1], F_SETFL, O_NONBLOCK);
    *ends = (struct ends){pipe_ends[0], output};
    int error = start_thread(pump, ends);
    if (error != 0) {
        close(pipe_ends[0]);
        close(pipe_ends[1]);
        free(ends);
        return error;
    }
    pump->input = pipe_ends[1];
    pump->started = true;
    return 0;
}

void log_pump_finish(struct log_pump *pump, int64_t limit)
{
    int64_t until = clock_wall() + limit;
    const struct timespec deadline = {until / SECOND, until % SECOND};
    if (pump->started && pthread_timedjoin_np(pump->thread, NULL, &deadline) != 0)
        pthread_detach(pump->thread);
}
