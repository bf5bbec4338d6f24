/*
 * What the disk is asked for, and one that does not answer: strace tells the
 * order, and holds calls up.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "boottime.h"
#include "check_main.h"
#include "pace/schedule_line.h"
#include "state_file.h"
#include "usage.h"

static const int64_t SECOND = 1000000000;

static const char config[] = "[aiopoll]\nstate-file = schedule\n"
                             "[servers]\na = @/a?delay=0.05\nb = @/b?delay=60\n";

/* strace with these options, beside the program, whose parent we stay. */
static void use_strace(const char *options)
{
    const char *of_asan = getenv("ASAN_OPTIONS");
    struct bytes text = {0};

    bytes_print(&text, "exec strace -D -f -qq -y -o '%s' %s \"$@\"", rig_path(rig, "trace"),
                options);
    rig_set_shell(rig, text.data);
    bytes_finish(&text);
    /* It looks for leaks by the same means as strace, of which there can be only one. */
    bytes_print(&text, "%s:detect_leaks=0", of_asan == NULL ? "" : of_asan);
    rig_set_env(rig, "ASAN_OPTIONS", text.data);
    bytes_finish(&text);
}

/* The next line of the trace from *at on which has all of the words; fails where there is none. */
static void expect_line(const char **at, const char *call, const char *word)
{
    const char *begin = *at;

    while (**at != '\0') {
        size_t length = strcspn(*at, "\n");
        char *line = strndup(*at, length);
        bool found = strstr(line, call) != NULL && strstr(line, word) != NULL;

        free(line);
        *at += length + ((*at)[length] == '\n');
        if (found)
            return;
    }
    ck_abort_msg("no %s with %s in: %s", call, word, begin);
}

/* Of the second replacement, the last call. */
static bool trace_has_end(void *arg)
{
    const char *at = rig_read(rig, "trace");

    (void)arg;
    for (int i = 0; i < 2 && at != NULL; i++)
        at = strstr(at, "rename(") == NULL ? NULL : strstr(at, "rename(") + 1;
    return at != NULL && strstr(at, "fsync(") != NULL;
}

/* A name points to the new file only when all of that is on the disk, and the name is, too. */
START_TEST(what_is_replaced_is_synced_before_and_after)
{
    const char *at;

    use_strace("-e trace=fsync,fdatasync,rename");
    scene_start(config);
    rig_wait_requests(rig, mock, "a", 40, SCENE_LIMIT_MS); /* 2 s: one sync of what was appended */
    rig_stop(rig);
    rig_wait(rig, trace_has_end, NULL, SCENE_LIMIT_MS);
    at = rig_read(rig, "trace");
    for (int i = 0; i < 2; i++) {
        expect_line(&at, "fsync(", "/schedule.new>) = 0");
        expect_line(&at, "rename(", "/schedule\") = 0");
        expect_line(&at, "fsync(", ">) = 0");
        if (i == 0)
            expect_line(&at, "fdatasync(", "/schedule>");
    }
}
END_TEST

/* --- a disk that hangs ------------------------------------------------------------------------ */

/* Of the stop: how long it took. */
static void check_bounded_stop(void)
{
    int64_t before_ns = boottime_ns();

    rig_stop(rig);
    ck_assert_int_ge(boottime_ns() - before_ns, 4 * SECOND);
    state_file_check_told("warning", "the disk does not answer");
    scene_check_all_good(NULL);
}

/* strace could hold the calls up, but then the process itself would not end. */
static void use_hanging_disk(void)
{
    const char *of_asan = getenv("ASAN_OPTIONS");
    struct bytes text = {0};

    bytes_print(&text, "%s:verify_asan_link_order=0", of_asan == NULL ? "" : of_asan);
    rig_set_env(rig, "ASAN_OPTIONS", text.data);
    rig_set_env(rig, "LD_PRELOAD", DISK_SHIM_LIBRARY);
    bytes_finish(&text);
}

START_TEST(a_disk_that_hangs_when_it_syncs_holds_up_no_poll)
{
    use_hanging_disk();
    scene_start(config);
    scene_await_polls("b", 1);
    scene_check_polls_go_on("a");
    check_bounded_stop();
    scene_check_punctual();
}
END_TEST

/* Then nothing is known of what was promised. When it has answered, all is saved as ever. */
START_TEST(a_disk_that_hangs_when_it_is_read_holds_up_the_start_for_seconds)
{
    int64_t before_ns = boottime_ns();
    struct bytes options = {0};

    rig_write(rig, "schedule", "%s", SCHEDULE_HEADER);
    bytes_print(&options, "-P '%s' -e trace=openat -e inject=openat:delay_enter=7000000",
                state_file());
    use_strace(options.data);
    bytes_finish(&options);
    scene_start(config);
    scene_await_polls("b", 1);
    ck_assert_int_ge(boottime_ns() - before_ns, 4 * SECOND);
    ck_assert_int_le(boottime_ns() - before_ns, (int64_t)((double)(7 * SECOND) * rig_slowness()));
    state_file_check_told("warning", "the disk has not answered");
    scene_check_polls_go_on("a");
    state_file_await(2);
    rig_stop(rig);
    state_file_check();
    ck_assert_int_eq(state_file_wait("b"), 60 * SECOND);
    ck_assert_uint_eq(rig_count_events(rig, "state-file", NULL), 1);
}
END_TEST

static bool have_strace(void)
{
    if (usage_is_valgrind()) {
        fprintf(stderr, "schedule_disk: skipped: strace cannot look into valgrind\n");
        return false;
    }
    if (system("strace -D -f -qq -y -o /dev/null -e inject=fsync:delay_enter=1 true 2>/dev/null") ==
        0)
        return true;
    fprintf(stderr, "schedule_disk: skipped: strace is not there, or may not be used\n");
    return false;
}

static Suite *suite(void)
{
    Suite *suite = suite_create("schedule_disk");
    TCase *tests;

    if (!have_strace())
        return suite;
    tests = scene_case(suite, "order");
    tcase_add_test(tests, what_is_replaced_is_synced_before_and_after);
    tests = scene_case(suite, "hanging");
    tcase_add_test(tests, a_disk_that_hangs_when_it_syncs_holds_up_no_poll);
    tcase_add_test(tests, a_disk_that_hangs_when_it_is_read_holds_up_the_start_for_seconds);
    return suite;
}

CHECK_MAIN(suite())
