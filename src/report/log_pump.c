#include "report/log_pump.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <time.h>
#include <unistd.h>
#include <uv.h>

#include "base/clock.h"
#include "base/duration.h"

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
    const struct log_pump *pump = argument;
    char buffer[4096];
    ssize_t length;
    while ((length = read(pump->from, buffer, sizeof buffer)) != 0)
        if (length > 0)
            write_all(pump->output, buffer, (size_t)length);
    return NULL;
}

/* Signals are for the loop's thread. */
static int start_thread(struct log_pump *pump)
{
    sigset_t all, before;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    int error = pthread_create(&pump->thread, NULL, copy, pump);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    return uv_translate_sys_error(error);
}

int log_pump_start(struct log_pump *pump, int output)
{
    int ends[2];
    if (pipe2(ends, O_CLOEXEC) != 0)
        return uv_translate_sys_error(errno);
    fcntl(ends[1], F_SETFL, O_NONBLOCK);
    *pump = (struct log_pump){.started = true, .input = ends[1], .from = ends[0], .output = output};
    int error = start_thread(pump);
    if (error == 0)
        return 0;
    close(ends[0]);
    close(ends[1]);
    pump->started = false;
    return error;
}

/* A join with a time limit takes a moment of the wall clock, which may be set meanwhile. */
static bool join(pthread_t thread, int64_t limit)
{
    const struct timespec pause = {0, MILLISECOND};
    int64_t deadline = clock_now() + limit;
    while (pthread_tryjoin_np(thread, NULL) != 0) {
        if (clock_now() >= deadline)
            return false;
        nanosleep(&pause, NULL);
    }
    return true;
}

void log_pump_finish(struct log_pump *pump, int64_t limit)
{
    if (!pump->started)
        return;
    if (!join(pump->thread, limit)) {
        pthread_cancel(pump->thread); /* a write that waits for the reader is let go */
        pthread_join(pump->thread, NULL);
    }
    close(pump->from);
}
