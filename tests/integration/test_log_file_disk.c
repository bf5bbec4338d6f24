/*
 * The log in a file on a sick disk: one that is full, has a limit, or hangs. No poll waits for
 * it, what had to be dropped is counted, and all lines that are there are whole.
 */
#include <pthread.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "boottime.h"
#include "check_main.h"
#include "log_scene.h"
#include "namespace.h"

static const int64_t SECOND = 1000000000;

/* Each poll is a line of about 4 KB, so that both buffers are full after 500 of them. */
enum { SERVERS = 20, BUFFERED = 500 };

static const char *servers_list(const char *delay)
{
    static struct bytes list;

    bytes_truncate(&list, 0);
    for (int i = 0; i < SERVERS; i++) {
        bytes_print(&list, "s%d = @/s%d/", i, i);
        bytes_append_byte(&list, 'x', 4000);
        bytes_print(&list, "?delay=%s\n", delay);
    }
    return list.data;
}

static void await_requests(size_t more)
{
    rig_wait_requests(rig, mock, NULL, mock_server_requests(mock, NULL) + more, 2 * SCENE_LIMIT_MS);
}

static void check_late(void)
{
    int64_t limit_ns = (int64_t)((double)SECOND * rig_slowness());

    scene_check_punctual();
    for (size_t i = 0; i < log_scene_count("poll", NULL); i++)
        ck_assert_int_le(scene_ns(log_scene_event("poll", i), "late"), limit_ns);
}

/* --- no room ---------------------------------------------------------------------------------- */

/* The limit on the size of the program's files. */
static void set_limit(rlim_t bytes)
{
    struct rlimit limit = {bytes, RLIM_INFINITY};

    ck_assert_int_eq(prlimit(rig_pid(rig), RLIMIT_FSIZE, &limit, NULL), 0);
}

/* With the file as log-file, and as standard output. */
static void start_with_file(int kind, const char *delay)
{
    scene_set_level("info");
    rig_set_shell(rig, "ulimit -S -f 200; exec \"$@\""); /* 100 KiB */
    if (kind == 1)
        rig_set_stdout(rig, rig_write(rig, "log", "%s", ""));
    scene_start("%s[servers]\n%s", kind == 0 ? "[aiopoll]\nlog-file = log\n" : "",
                servers_list(delay));
}

/* Where a line was cut short, it is written again from its beginning, or to its end. */
START_TEST(a_full_disk_leaves_whole_lines_and_loses_none_that_fit_the_buffer)
{
    start_with_file(_i, "0.1");
    await_requests(100);
    log_scene_read("log", NULL);
    if (_i == 0) /* no part of a line is left there that could stay so */
        log_scene_check_whole();
    set_limit(RLIM_INFINITY);
    rig_wait_requests(rig, mock, NULL, 300, SCENE_LIMIT_MS);
    log_scene_await("log", "poll", 150);
    rig_stop(rig);
    log_scene_read("log", NULL);
    log_scene_check_complete(SERVERS);
    ck_assert_uint_eq(log_scene_count("dropped", NULL), 0);
    ck_assert_uint_eq(log_scene_count("log-file", NULL), _i == 0 ? 2 : 0);
    if (_i == 0)
        log_scene_check_told("info", "the log is written again");
    check_late();
    ck_assert_str_eq(rig_stderr(rig), "");
}
END_TEST

START_TEST(a_disk_that_is_full_for_long_drops_lines_and_counts_them)
{
    start_with_file(_i, "0.05");
    await_requests(BUFFERED + 300);
    set_limit(RLIM_INFINITY);
    log_scene_await("log", "dropped", 1);
    await_requests(2 * SERVERS);
    rig_stop(rig);
    log_scene_read("log", NULL);
    log_scene_check_complete(SERVERS);
    check_late();
}
END_TEST

/* To what is full, an operator makes room by emptying the file, or renames it. */
START_TEST(a_full_file_that_is_emptied_or_renamed_is_whole)
{
    start_with_file(0, "0.1");
    await_requests(100);
    if (_i == 0) {
        ck_assert_int_eq(truncate(rig_path(rig, "log"), 0), 0);
    } else {
        ck_assert_int_eq(rename(rig_path(rig, "log"), rig_path(rig, "log.1")), 0);
        rig_signal(rig, SIGUSR1);
    }
    log_scene_await("log", "poll", 5);
    log_scene_check_whole();
    set_limit(RLIM_INFINITY);
    await_requests(100);
    rig_stop(rig);
    log_scene_read("log.1", "log", NULL);
    log_scene_check_whole();
    if (_i == 1)
        log_scene_check_complete(SERVERS);
    ck_assert_uint_eq(log_scene_count("stop", NULL), 1);
}
END_TEST

START_TEST(no_space_left_is_told_when_there_is_some_again)
{
    ck_assert_int_eq(mkdir(rig_path(rig, "full"), 0700), 0);
    if (!namespace_mount_tmpfs(rig_path(rig, "full"), "size=8m"))
        return;
    scene_set_level("info");
    scene_start("[aiopoll]\nlog-file = full/log\n[servers]\n%s", servers_list("0.1"));
    await_requests(20);
    namespace_fill_disk(rig_path(rig, "full/filler"));
    await_requests(100);
    log_scene_read("full/log", NULL);
    log_scene_check_whole();
    ck_assert_uint_eq(log_scene_count("log-file", NULL), 0);
    ck_assert_int_eq(unlink(rig_path(rig, "full/filler")), 0);
    log_scene_await("full/log", "log-file", 2);
    ck_assert_ptr_nonnull(strstr(rig_string(log_scene_event("log-file", 0), "detail"),
                                 "cannot be written: no space left on device"));
    log_scene_check_told("info", "the log is written again");
    rig_stop(rig);
    log_scene_read("full/log", NULL);
    log_scene_check_complete(SERVERS);
    check_late();
}
END_TEST

/* It would not be started again where the configuration is wrong. */
START_TEST(no_space_left_at_the_start_stops_nothing)
{
    ck_assert_int_eq(mkdir(rig_path(rig, "full"), 0700), 0);
    if (!namespace_mount_tmpfs(rig_path(rig, "full"), "nr_inodes=2"))
        return;
    rig_write(rig, "full/filler", "%s", "");
    scene_set_level("info");
    scene_start("[aiopoll]\nlog-file = full/log\n[servers]\n%s", servers_list("0.1"));
    await_requests(60);
    ck_assert_int_eq(unlink(rig_path(rig, "full/filler")), 0);
    log_scene_await("full/log", "log-file", 2);
    ck_assert_ptr_nonnull(strstr(rig_string(log_scene_event("log-file", 0), "detail"),
                                 "cannot be opened: no space left on device"));
    log_scene_check_told("info", "the log is written again");
    rig_stop(rig);
    log_scene_read("full/log", NULL);
    log_scene_check_complete(SERVERS);
}
END_TEST

/* --- a disk that hangs ------------------------------------------------------------------------ */

static void hold(void)
{
    rig_write(rig, "hold", "%s", "");
}

static void let_go(void)
{
    ck_assert_int_eq(unlink(rig_path(rig, "hold")), 0);
}

static void use_slow_disk(void)
{
    const char *of_asan = getenv("ASAN_OPTIONS");
    struct bytes text = {0};

    bytes_print(&text, "%s:verify_asan_link_order=0", of_asan == NULL ? "" : of_asan);
    rig_set_env(rig, "ASAN_OPTIONS", text.data);
    rig_set_env(rig, "LD_PRELOAD", DISK_SHIM_LIBRARY);
    rig_set_env(rig, "DISK_SHIM_HOLD", rig_path(rig, "hold"));
    rig_set_env(rig, "DISK_SHIM_PATH", rig_path(rig, "log"));
    bytes_finish(&text);
}

static void start_on_slow_disk(int kind, const char *delay)
{
    use_slow_disk();
    scene_set_level("info");
    if (kind == 1)
        rig_set_stdout(rig, rig_write(rig, "log", "%s", ""));
    scene_start("%s[servers]\n%s", kind == 0 ? "[aiopoll]\nlog-file = log\n" : "",
                servers_list(delay));
    await_requests(SERVERS);
}

static off_t log_size(void)
{
    struct stat info;

    ck_assert_int_eq(stat(rig_path(rig, "log"), &info), 0);
    return info.st_size;
}

START_TEST(a_disk_that_hangs_holds_up_no_poll)
{
    off_t size;

    start_on_slow_disk(_i, "0.05");
    log_scene_await("log", "poll", SERVERS);
    hold();
    await_requests(50);
    size = log_size();
    await_requests(BUFFERED + 300);
    ck_assert_int_eq(log_size(), size); /* it does hang */
    let_go();
    log_scene_await("log", "dropped", 1);
    rig_stop(rig);
    log_scene_read("log", NULL);
    log_scene_check_complete(SERVERS);
    check_late();
}
END_TEST

START_TEST(a_disk_that_hangs_holds_up_the_stop_for_seconds)
{
    int64_t before_ns;

    start_on_slow_disk(_i, "0.1");
    hold();
    await_requests(50);
    before_ns = boottime_ns();
    rig_signal(rig, SIGTERM);
    scene_await_no_connection();
    rig_signal(rig, SIGUSR1); /* logrotate does not know that it is stopping */
    rig_signal(rig, SIGHUP);
    scene_await_exit(0);
    ck_assert_int_ge(boottime_ns() - before_ns, 4 * SECOND);
    log_scene_read("log", NULL);
    log_scene_check_whole();
    ck_assert_uint_eq(log_scene_count("stop", NULL), 0);
}
END_TEST

struct helper {
    pthread_t thread;
    unsigned seconds;
    const char *path;
};

static void *let_go_later(void *argument)
{
    const struct helper *helper = argument;

    sleep(helper->seconds);
    unlink(helper->path);
    return NULL;
}

static void start_to_let_go(struct helper *helper, unsigned seconds)
{
    *helper = (struct helper){.seconds = seconds, .path = rig_path(rig, "hold")};
    ck_assert_int_eq(pthread_create(&helper->thread, NULL, let_go_later, helper), 0);
}

START_TEST(a_disk_that_is_slow_at_the_stop_is_waited_for)
{
    struct helper helper;

    start_on_slow_disk(_i, "0.1");
    hold();
    await_requests(50);
    start_to_let_go(&helper, 1);
    rig_stop(rig);
    pthread_join(helper.thread, NULL);
    log_scene_read("log", NULL);
    log_scene_check_complete(SERVERS);
}
END_TEST

/* With nothing left to poll, there is time. */
START_TEST(when_all_is_done_a_slow_disk_is_waited_for_longer)
{
    struct helper helper;

    use_slow_disk();
    scene_config("[aiopoll]\nlog-file = log\n[servers]\na = @/a?delay=0.5\n");
    rig_start(rig, "--count=3", "--log-format=json", "-c", rig_path(rig, "servers.ini"), NULL);
    log_scene_await("log", "poll", 1);
    hold();
    start_to_let_go(&helper, 7);
    scene_await_exit(0);
    pthread_join(helper.thread, NULL);
    log_scene_read("log", NULL);
    log_scene_check_complete(0);
}
END_TEST

START_TEST(a_file_that_takes_long_to_open_anew_holds_up_no_poll)
{
    start_on_slow_disk(0, "0.1");
    log_scene_await("log", "poll", SERVERS);
    hold();
    ck_assert_int_eq(rename(rig_path(rig, "log"), rig_path(rig, "log.1")), 0);
    rig_signal(rig, SIGUSR1);
    await_requests(100);
    ck_assert_int_ne(access(rig_path(rig, "log"), F_OK), 0);
    let_go();
    log_scene_await("log", "log-file", 1);
    rig_stop(rig);
    log_scene_read("log.1", "log", NULL);
    log_scene_check_complete(SERVERS);
    check_late();
}
END_TEST

/* The lines of the first polls are told as soon as the disk answers. */
START_TEST(a_file_that_takes_long_to_open_holds_up_the_start_for_seconds)
{
    int64_t before_ns = boottime_ns();

    hold();
    start_on_slow_disk(0, "0.1");
    ck_assert_int_ge(boottime_ns() - before_ns, 4 * SECOND);
    await_requests(50);
    ck_assert_int_ne(access(rig_path(rig, "log"), F_OK), 0);
    let_go();
    log_scene_await("log", "poll", 60);
    log_scene_check_told("warning", "the disk has not answered; polling goes on");
    rig_stop(rig);
    log_scene_read("log", NULL);
    log_scene_check_complete(SERVERS);
}
END_TEST

static Suite *suite(void)
{
    Suite *suite = suite_create("log_file_disk");
    TCase *tests = scene_case(suite, "full");

    tcase_add_loop_test(tests, a_full_disk_leaves_whole_lines_and_loses_none_that_fit_the_buffer, 0,
                        2);
    tcase_add_loop_test(tests, a_disk_that_is_full_for_long_drops_lines_and_counts_them, 0, 2);
    tcase_add_loop_test(tests, a_full_file_that_is_emptied_or_renamed_is_whole, 0, 2);
    tcase_add_test(tests, no_space_left_is_told_when_there_is_some_again);
    tcase_add_test(tests, no_space_left_at_the_start_stops_nothing);
    tests = scene_case(suite, "hanging");
    tcase_add_loop_test(tests, a_disk_that_hangs_holds_up_no_poll, 0, 2);
    tcase_add_loop_test(tests, a_disk_that_hangs_holds_up_the_stop_for_seconds, 0, 2);
    tcase_add_loop_test(tests, a_disk_that_is_slow_at_the_stop_is_waited_for, 0, 2);
    tcase_add_test(tests, when_all_is_done_a_slow_disk_is_waited_for_longer);
    tcase_add_test(tests, a_file_that_takes_long_to_open_anew_holds_up_no_poll);
    tcase_add_test(tests, a_file_that_takes_long_to_open_holds_up_the_start_for_seconds);
    return suite;
}

CHECK_MAIN(suite())
