/*
 * A library to be preloaded: the program sees clocks that a test sets, as if
 * somebody had set the time of day, or the machine had slept (see clock_scene.h).
 *
 * What the clocks are off by stands in the file $CLOCK_SHIM, which the test changes
 * while the program runs. The kernel's timers know nothing of that: one on
 * CLOCK_BOOTTIME is set to when the moment will be on the real clock, and set anew
 * when the test has let the machine sleep, which it tells by a signal. All calls go
 * straight to the kernel, as a sanitizer may ask for the time before it is ready.
 */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>

#include "clock_shim.h"

static const int64_t SECOND = 1000000000;

enum { TIMERS_MAX = 16 };

/* The timers on CLOCK_BOOTTIME that wait for an absolute moment. */
static struct timer {
    volatile int fd; /* -1: none */
    volatile int64_t due_ns;
} timers[TIMERS_MAX];

static const struct clock_shim *shim;

static int64_t to_ns(const struct timespec *time)
{
    return time->tv_sec * SECOND + time->tv_nsec;
}

static struct timespec from_ns(int64_t ns)
{
    return (struct timespec){.tv_sec = ns / SECOND, .tv_nsec = ns % SECOND};
}

static int64_t slept_ns(void)
{
    return shim == NULL ? 0 : __atomic_load_n(&shim->slept_ns, __ATOMIC_SEQ_CST);
}

static int64_t offset_ns(clockid_t clock)
{
    if (shim == NULL)
        return 0;
    switch (clock) {
    case CLOCK_REALTIME:
    case CLOCK_REALTIME_COARSE:
        return slept_ns() + __atomic_load_n(&shim->wall_ns, __ATOMIC_SEQ_CST);
    case CLOCK_BOOTTIME: return slept_ns();
    default: return 0;
    }
}

int clock_gettime(clockid_t clock, struct timespec *time)
{
    int result = (int)syscall(SYS_clock_gettime, clock, time);

    if (result == 0)
        *time = from_ns(to_ns(time) + offset_ns(clock));
    return result;
}

time_t time(time_t *out)
{
    struct timespec now;

    clock_gettime(CLOCK_REALTIME, &now);
    if (out != NULL)
        *out = now.tv_sec;
    return now.tv_sec;
}

int gettimeofday(struct timeval *time, void *zone)
{
    struct timespec now;

    (void)zone;
    clock_gettime(CLOCK_REALTIME, &now);
    *time = (struct timeval){.tv_sec = now.tv_sec, .tv_usec = now.tv_nsec / 1000};
    return 0;
}

/* --- timers --------------------------------------------------------------------------- */

static struct timer *find_timer(int fd)
{
    for (size_t i = 0; i < TIMERS_MAX; i++) {
        if (timers[i].fd == fd)
            return &timers[i];
    }
    return NULL;
}

/* A sleep that begins meanwhile is not missed. Called by a signal's handler, too. */
static int arm(const struct timer *timer)
{
    struct itimerspec when = {0};
    int64_t slept;
    int result;

    do {
        slept = slept_ns();
        int64_t real_ns = timer->due_ns - slept;
        when.it_value = from_ns(real_ns < 1 ? 1 : real_ns);
        result = (int)syscall(SYS_timerfd_settime, timer->fd, TFD_TIMER_ABSTIME, &when, NULL);
    } while (slept != slept_ns());
    return result;
}

int timerfd_settime(int fd, int flags, const struct itimerspec *when, struct itimerspec *before)
{
    struct timer *timer = find_timer(fd);
    bool waits = when->it_value.tv_sec != 0 || when->it_value.tv_nsec != 0;

    if (timer != NULL)
        timer->fd = -1;
    if (shim == NULL || !waits || (flags & TFD_TIMER_ABSTIME) == 0)
        return (int)syscall(SYS_timerfd_settime, fd, flags, when, before);
    timer = find_timer(-1);
    if (timer == NULL || before != NULL) {
        errno = ENOSYS;
        return -1;
    }
    timer->due_ns = to_ns(&when->it_value);
    timer->fd = fd;
    return arm(timer);
}

/* The program closes a timer without setting it to nothing before. */
int close(int fd)
{
    struct timer *timer = fd < 0 ? NULL : find_timer(fd);

    if (timer != NULL)
        timer->fd = -1;
    return (int)syscall(SYS_close, fd);
}

static void on_wake(int number)
{
    int error = errno;

    (void)number;
    for (size_t i = 0; i < TIMERS_MAX; i++) {
        if (timers[i].fd >= 0)
            arm(&timers[i]);
    }
    errno = error;
}

__attribute__((constructor)) static void start(void)
{
    const char *path = getenv("CLOCK_SHIM");
    int fd = path == NULL ? -1 : open(path, O_RDONLY | O_CLOEXEC);
    struct sigaction action = {.sa_handler = on_wake, .sa_flags = SA_RESTART};
    void *mapped;

    for (size_t i = 0; i < TIMERS_MAX; i++)
        timers[i].fd = -1;
    if (fd < 0)
        return;
    mapped = mmap(NULL, sizeof(*shim), PROT_READ, MAP_SHARED, fd, 0);
    syscall(SYS_close, fd);
    if (mapped == MAP_FAILED)
        return;
    sigaction(CLOCK_SHIM_SIGNAL, &action, NULL);
    shim = mapped;
}
