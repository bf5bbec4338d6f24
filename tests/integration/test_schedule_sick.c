/*
 * State files that are damaged, foreign, in use, or cannot be written: it is told
 * once, polling goes on, and nothing that is not ours is lost.
 */
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include "boottime.h"
#include "check_main.h"
#include "namespace.h"
#include "pace/promises.h"
#include "state_file.h"

static const char config[] = "[aiopoll]\nstate-file = schedule\n"
                             "[servers]\na = @/a?delay=0.1\nb = @/b?delay=60\nc = @/c?delay=60\n";

static void make_file(void)
{
    scene_start(config);
    scene_await_polls("b", 1);
    scene_await_polls("c", 1);
    rig_stop(rig);
    state_file_check();
    ck_assert_uint_eq(state_file_lines(), 5);
}

static bool exists(const char *name)
{
    return access(rig_path(rig, name), F_OK) == 0;
}

/* Polls go on, and in the end the file is right again. */
static void check_goes_on(void)
{
    scene_await_polls("a", 3);
    rig_stop(rig);
    ck_assert_str_eq(rig_stderr(rig), "");
    scene_check_all_good(NULL);
    state_file_check();
    ck_assert_uint_eq(state_file_lines(), 5);
}

/* --- damage --------------------------------------------------------------------------------- */

/* Of b's line the first digit of the moment. */
START_TEST(a_damaged_line_costs_one_server_its_promise)
{
    char *text;

    make_file();
    text = strdup(rig_read(rig, "schedule"));
    strstr(text, " b\n")[-20] ^= 1;
    rig_write(rig, "schedule", "%s", text);
    free(text);
    scene_start(config);
    scene_await_polls("b", 1);
    check_goes_on();
    ck_assert_uint_eq(mock_server_requests(mock, "c"), 1);
    state_file_check_told("warning", "1 of its lines are damaged, the first is line ");
    state_file_check_told("info", "2 of 3 servers");
    ck_assert(!exists("schedule.kept"));
}
END_TEST

START_TEST(a_torn_line_is_no_hindrance)
{
    make_file();
    ck_assert_int_eq(truncate(state_file(), (off_t)strlen(rig_read(rig, "schedule")) - 3), 0);
    scene_start(config);
    check_goes_on();
    state_file_check_told("warning", "1 of its lines are damaged, the first is line 5");
}
END_TEST

START_TEST(what_is_not_ours_is_kept)
{
    static const struct {
        const char *text, *told;
    } files[] = {
        {"root:x:0:0\n", "is no state file"},
        {"aiopoll schedule 2\nwhatever\n", "is of another version"},
        {"aiopoll schedvle 1\n", "is no state file"},
    };

    rig_write(rig, "schedule", "%s", files[_i].text);
    scene_start(config);
    check_goes_on();
    state_file_check_told("warning", files[_i].told);
    ck_assert_uint_eq(rig_count_events(rig, "state-file", NULL), 1);
    ck_assert_str_eq(rig_read(rig, "schedule.kept"), files[_i].text);
}
END_TEST

START_TEST(an_empty_file_is_a_new_one)
{
    rig_write(rig, "schedule", "%s", "");
    scene_start(config);
    check_goes_on();
    ck_assert_uint_eq(rig_count_events(rig, "state-file", NULL), 0);
}
END_TEST

/* --- not to be used --------------------------------------------------------------------------- */

/* A folder that is none, one that is not there, and one that cannot be written to. */
START_TEST(a_path_that_cannot_be_used_is_told_once)
{
    static const struct {
        const char *path, *told;
    } cases[] = {
        {"servers.ini/schedule", "cannot be read: not a directory"},
        {"nowhere/schedule", "schedule.lock cannot be created: no such file or directory"},
        {"full/schedule", "schedule.lock cannot be created: read-only file system"},
    };

    if (_i == 2) {
        ck_assert_int_eq(mkdir(rig_path(rig, "full"), 0700), 0);
        if (!namespace_mount_tmpfs(rig_path(rig, "full"), "ro"))
            return;
    }
    scene_start("[aiopoll]\nstate-file = %s\n[servers]\na = @/a?delay=0.1\n", cases[_i].path);
    scene_await_polls("a", 3);
    state_file_check_told("warning", cases[_i].told);
    ck_assert_uint_eq(rig_count_events(rig, "state-file", NULL), 1);
    rig_stop(rig);
    ck_assert_uint_eq(rig_count_events(rig, "state-file", NULL), 2); /* that it was not saved */
    scene_check_all_good(NULL);
}
END_TEST

/* A folder may be the one of all state, where its name was forgotten; a device /dev/null. */
START_TEST(what_is_no_file_stays_where_it_is)
{
    struct stat before, after;

    if (_i == 0)
        ck_assert_int_eq(mkdir(state_file(), 0700), 0);
    else
        ck_assert_int_eq(mkfifo(state_file(), 0600), 0);
    ck_assert_int_eq(stat(state_file(), &before), 0);
    scene_start(config);
    scene_await_polls("a", 3);
    state_file_check_told("warning", "schedule is a folder or a device, and stays as it is");
    rig_stop(rig);
    scene_check_all_good(NULL);
    ck_assert_int_eq(stat(state_file(), &after), 0);
    ck_assert_uint_eq(after.st_ino, before.st_ino);
    ck_assert(!exists("schedule.kept") && !exists("schedule.new"));
}
END_TEST

static bool is_saved_again(void *arg)
{
    (void)arg;
    return rig_count_events(rig, "state-file", NULL) == 2;
}

/* Wherever an append was cut short, what is written later is whole. */
START_TEST(a_full_disk_is_told_and_then_that_it_is_not)
{
    ck_assert_int_eq(mkdir(rig_path(rig, "full"), 0700), 0);
    if (!namespace_mount_tmpfs(rig_path(rig, "full"), "size=64k"))
        return;
    scene_start("[aiopoll]\nstate-file = full/schedule\n"
                "[servers]\na = @/a?delay=0.01\nb = @/b?delay=60\n");
    scene_await_polls("a", 10);
    namespace_fill_disk(rig_path(rig, "full/filler"));
    rig_wait_events(rig, "state-file", NULL, 1, SCENE_LIMIT_MS);
    state_file_check_told("warning", "cannot be written: no space left on device");
    scene_await_polls("a", rig_count_events(rig, "poll", "a") + 100);
    ck_assert_uint_eq(rig_count_events(rig, "state-file", NULL), 1);
    unlink(rig_path(rig, "full/filler"));
    rig_wait(rig, is_saved_again, NULL, SCENE_LIMIT_MS);
    state_file_check_told("info", "is saved again");
    rig_stop(rig);
    rig_write(rig, "schedule", "%s", rig_read(rig, "full/schedule"));
    state_file_check();
    ck_assert_uint_eq(state_file_lines(), 4);
}
END_TEST

/* The one that came first has it; the other polls as well, and takes over when it may. */
START_TEST(two_with_one_file_do_not_write_over_each_other)
{
    const char *file = scene_config("%s", config);
    const struct rig_result *second;

    rig_start(rig, "--log-format=json", "-c", file, NULL);
    scene_await_polls("b", 1);
    state_file_await(3);
    second = rig_run(rig, "--once", "--state-file", state_file(), "http://127.0.0.1:1/", NULL);
    ck_assert_int_eq(second->exit.status, 1); /* the poll failed */
    ck_assert_msg(strstr(second->out, "schedule is in use by another process") != NULL, "%s",
                  second->out);
    check_goes_on();
}
END_TEST

static bool is_there(void *arg)
{
    (void)arg;
    return state_file_lines() >= 5;
}

START_TEST(a_file_that_was_taken_away_is_written_again)
{
    scene_start(config);
    scene_await_polls("b", 1);
    state_file_await(3);
    unlink(state_file());
    rig_wait(rig, is_there, NULL, SCENE_LIMIT_MS);
    check_goes_on();
    ck_assert_uint_eq(rig_count_events(rig, "state-file", NULL), 0);
}
END_TEST

/* --- power loss --------------------------------------------------------------------------------
 */

enum { SERVERS = 100, COPIES = 40 };

static void start_many(void)
{
    struct bytes list = {0};

    for (int i = 0; i < SERVERS; i++)
        bytes_print(&list, "s%d = @/s%d?delay=0.%d\n", i, i, 1 + i % 5);
    scene_set_level("warning");
    scene_start("[aiopoll]\nstate-file = schedule\n[servers]\n%s", list.data);
    bytes_finish(&list);
}

/* All servers are in it, with a moment that is not beyond what they were promised. */
static void check_copy(const char *text, size_t length)
{
    static char names[SERVERS][16];
    struct server_config servers[SERVERS];
    char urls[SERVERS][64];
    struct promises_now now = {.boot.zero = 0, .now = 0};
    struct promises_reading reading;
    struct promises *promises;

    for (int i = 0; i < SERVERS; i++) {
        snprintf(names[i], sizeof(names[i]), "s%d", i);
        snprintf(urls[i], sizeof(urls[i]), "http://%s/s%d?delay=0.%d", mock_server_authority(mock),
                 i, 1 + i % 5);
        servers[i] = (struct server_config){.name = names[i], .url.text = urls[i]};
    }
    promises = promises_new(servers, SERVERS);
    reading = promises_read(promises, text, length, &now);
    ck_assert_int_eq(reading.form, PROMISES_RIGHT);
    ck_assert_uint_eq(reading.taken, SERVERS);
    ck_assert_uint_le(reading.damaged, 1); /* the one that is being written */
    promises_free(promises);
}

/* Whenever it is looked at, also while it is replaced as a whole. */
START_TEST(the_file_is_whole_at_any_moment)
{
    start_many();
    state_file_await(SERVERS);
    for (int i = 0; i < COPIES; i++) {
        const char *text;

        rig_pass(rig, (unsigned)(1 + i % 13));
        text = rig_read(rig, "schedule");
        ck_assert_ptr_nonnull(text);
        check_copy(text, strlen(text));
        if (i % 10 == 9) {
            /* Started anew, it is replaced as a whole. */
            state_file_kill();
            start_many();
            rig_wait_requests(rig, mock, NULL, mock_server_requests(mock, NULL) + 1,
                              SCENE_LIMIT_MS);
        }
    }
}
END_TEST

static Suite *suite(void)
{
    Suite *suite = suite_create("schedule_sick");
    TCase *tests = scene_case(suite, "damage");

    tcase_add_test(tests, a_damaged_line_costs_one_server_its_promise);
    tcase_add_test(tests, a_torn_line_is_no_hindrance);
    tcase_add_loop_test(tests, what_is_not_ours_is_kept, 0, 3);
    tcase_add_test(tests, an_empty_file_is_a_new_one);
    tests = scene_case(suite, "not to be used");
    tcase_add_loop_test(tests, a_path_that_cannot_be_used_is_told_once, 0, 3);
    tcase_add_loop_test(tests, what_is_no_file_stays_where_it_is, 0, 2);
    tcase_add_test(tests, a_full_disk_is_told_and_then_that_it_is_not);
    tcase_add_test(tests, two_with_one_file_do_not_write_over_each_other);
    tcase_add_test(tests, a_file_that_was_taken_away_is_written_again);
    tests = scene_case(suite, "power loss");
    tcase_add_test(tests, the_file_is_whole_at_any_moment);
    return suite;
}

CHECK_MAIN(suite())
