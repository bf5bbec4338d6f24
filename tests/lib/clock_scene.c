#include "clock_scene.h"

#include <check.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/sendfile.h>
#include <time.h>
#include <unistd.h>

#include "clock_shim.h"
#include "scene.h"

/* Each test has a process of its own, and so has this. */
static struct clock_shim *shim;

/* Beside the test's files, where another user can be let in, wherever the build is. */
static const char *copy_library(void)
{
    const char *path = rig_path(rig, "clock_shim.so");
    int from = open(CLOCK_SHIM_LIBRARY, O_RDONLY | O_CLOEXEC);
    int to = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0755);

    ck_assert_int_ge(from, 0);
    ck_assert_int_ge(to, 0);
    while (sendfile(to, from, NULL, 1 << 20) > 0)
        continue;
    close(from);
    close(to);
    return path;
}

/* The library comes before a sanitizer's own, which would refuse to start then. */
static void preload(void)
{
    const char *options = getenv("ASAN_OPTIONS");
    char asan[1024];

    snprintf(asan, sizeof(asan), "%s%sverify_asan_link_order=0", options == NULL ? "" : options,
             options == NULL ? "" : ":");
    rig_set_env(rig, "ASAN_OPTIONS", asan);
    rig_set_env(rig, "LD_PRELOAD", copy_library());
}

void clock_scene_begin(void)
{
    const char *path = rig_path(rig, "clocks");
    int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0644);

    ck_assert_int_ge(fd, 0);
    ck_assert_int_eq(ftruncate(fd, sizeof(*shim)), 0);
    shim = mmap(NULL, sizeof(*shim), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    ck_assert_ptr_ne(shim, MAP_FAILED);
    close(fd);
    rig_set_env(rig, "CLOCK_SHIM", path);
    preload();
}

void clock_scene_set_wall(int64_t off_ns)
{
    __atomic_store_n(&shim->wall_ns, off_ns, __ATOMIC_SEQ_CST);
}

void clock_scene_sleep(int64_t ns)
{
    __atomic_add_fetch(&shim->slept_ns, ns, __ATOMIC_SEQ_CST);
    rig_signal(rig, CLOCK_SHIM_SIGNAL);
}

int64_t clock_scene_wall_ns(void)
{
    struct timespec now;

    clock_gettime(CLOCK_REALTIME, &now);
    return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec + shim->wall_ns + shim->slept_ns;
}
