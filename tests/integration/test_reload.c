/* SIGHUP has the configuration read afresh: what becomes of servers that are the same, others,
 * gone or new. At each stage of a poll: test_reload_stages.c. */
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "check_main.h"
#include "scene.h"

static void check_reload(const json_t *reload, int added, int changed, int removed)
{
    ck_assert_str_eq(rig_string(reload, "result"), "ok");
    ck_assert_str_eq(rig_string(reload, "level"), "info");
    ck_assert_int_eq((int)rig_number(reload, "added"), added);
    ck_assert_int_eq((int)rig_number(reload, "changed"), changed);
    ck_assert_int_eq((int)rig_number(reload, "removed"), removed);
    ck_assert(rig_number(reload, "took") > 0);
}

/* Some more of its polls have been told. */
static void await_more(const char *server, size_t more)
{
    scene_await_polls(server, rig_count_events(rig, "poll", server) + more);
}

static bool has_header(const struct mock_request *request, const char *line)
{
    return strstr(request->header.data, line) != NULL;
}

START_TEST(an_unchanged_server_keeps_its_connection_and_due_time)
{
    scene_start("[servers]\na = @/a?delay=1.5\nb = @/b?delay=0.05\n");
    scene_await_polls("a", 1);
    check_reload(scene_reload("[servers]\nb = @/b?delay=0.05\na = @/a?delay=1.5\n"), 0, 0, 0);
    check_reload(scene_reload("[servers]\na = @/a?delay=1.5\nb = @/b?delay=0.05\n"
                              "c = @/c?delay=60\n"),
                 1, 0, 0);
    scene_await_polls("a", 2);
    ck_assert_uint_eq(mock_server_requests(mock, "a"), 2);
    ck_assert_uint_eq(mock_server_connections(mock), 3);
    ck_assert(json_is_true(json_object_get(scene_poll("a", 1), "reused")));
    scene_check_punctual();
    scene_check_never_early("a");
}
END_TEST

START_TEST(a_changed_server_keeps_its_due_time)
{
    scene_start("[servers]\na = @/a?delay=1\n");
    scene_await_polls("a", 1);
    check_reload(scene_reload("[server a]\nurl = @/a?delay=1\nheader = X-New: yes\n"), 0, 1, 0);
    ck_assert_str_eq(rig_string(rig_event(rig, "applied", "a", 0), "change"), "changed");
    scene_await_polls("a", 2);
    ck_assert_uint_eq(mock_server_requests(mock, "a"), 2);
    ck_assert(!has_header(scene_request("a", 0), "X-New: yes"));
    ck_assert(has_header(scene_request("a", 1), "X-New: yes"));
    ck_assert_uint_eq(mock_server_connections(mock), 1);
    scene_check_punctual();
    scene_check_never_early("a");
}
END_TEST

/* With these settings its connection would have been another one. */
static const char *const of_connections[] = {"keep-alive = 50s\n", "address-family = 4\n",
                                             "server-name = other.test\n", "verify = no\n"};

enum { OF_CONNECTIONS = sizeof(of_connections) / sizeof(of_connections[0]) };

START_TEST(a_connection_that_does_not_fit_any_more_is_not_kept)
{
    scene_start("[servers]\na = @/a?delay=1\n");
    scene_await_polls("a", 1);
    check_reload(scene_reload("[server a]\nurl = @/a?delay=1\n%s", of_connections[_i]), 0, 1, 0);
    scene_await_polls("a", 2);
    ck_assert_uint_eq(mock_server_connections(mock), 2);
    scene_check_punctual();
    scene_check_never_early("a");
}
END_TEST

START_TEST(back_off_goes_on)
{
    scene_start("[defaults]\nretry = 1s\n[servers]\na = @/a?status=500\n");
    scene_await_polls("a", 2);
    check_reload(scene_reload("[defaults]\nretry = 1s\nmax-body = 5k\n"
                              "[servers]\na = @/a?status=500\n"),
                 0, 1, 0);
    scene_await_polls("a", 3);
    ck_assert_int_eq((int)rig_number(scene_poll("a", 2), "attempt"), 3);
    ck_assert_uint_eq(rig_count_events(rig, "change", "a"), 1);
    scene_check_never_early("a");
}
END_TEST

START_TEST(added_and_removed)
{
    scene_start("[servers]\na = @/a?delay=0.02\nb = @/b?delay=0.02\n");
    scene_await_polls("a", 2);
    check_reload(scene_reload("[servers]\nb = @/b?delay=0.02\nc = @/c?delay=0.02\n"), 1, 0, 1);
    ck_assert_str_eq(rig_string(rig_event(rig, "applied", "a", 0), "change"), "removed");
    ck_assert_str_eq(rig_string(rig_event(rig, "applied", "c", 0), "change"), "added");
    size_t requests = mock_server_requests(mock, "a");
    await_more("b", 10);
    await_more("c", 10);
    ck_assert_uint_eq(mock_server_requests(mock, "a"), requests);
    ck_assert_uint_eq(mock_server_open_connections(mock), 2);
}
END_TEST

START_TEST(another_url_is_polled_at_once)
{
    scene_start("[servers]\na = @/a?delay=60\n");
    scene_await_polls("a", 1);
    check_reload(scene_reload("[servers]\na = @/other?delay=60\n"), 0, 1, 0);
    ck_assert_str_eq(rig_string(rig_event(rig, "applied", "a", 0), "change"), "moved");
    scene_await_polls("a", 2);
    ck_assert_uint_eq(mock_server_requests(mock, "other"), 1);
    ck_assert_uint_eq(mock_server_requests(mock, "a"), 1);
}
END_TEST

/* Whoever was told that it fails wants to be told that it does not any more. */
START_TEST(one_that_fails_is_failing_until_another_url_is_good)
{
    scene_start("[servers]\na = @/a?status=500\nb = @/b?status=500\n");
    rig_wait_events(rig, "change", NULL, 2, SCENE_LIMIT_MS);
    check_reload(scene_reload("[servers]\na = @/good?delay=0.02\nb = @/bad?status=500\n"), 0, 2, 0);
    rig_wait_events(rig, "change", "a", 2, SCENE_LIMIT_MS);
    ck_assert_str_eq(rig_string(rig_event(rig, "change", "a", 1), "was"), "failing");
    ck_assert_str_eq(rig_string(rig_event(rig, "change", "a", 1), "state"), "ok");
    rig_wait_requests(rig, mock, "bad", 1, SCENE_LIMIT_MS);
    scene_await_polls("b", 2);
    ck_assert_uint_eq(rig_count_events(rig, "change", "b"), 1);
}
END_TEST

/* The grace goes on, too. */
START_TEST(one_that_fails_is_overdue_in_time_with_another_url)
{
    scene_start("[defaults]\noverdue-after = 1s\n[servers]\na = @/a?status=500\n");
    rig_wait_events(rig, "change", "a", 1, SCENE_LIMIT_MS);
    check_reload(scene_reload("[defaults]\noverdue-after = 1s\n[servers]\na = @/bad?status=500\n"),
                 0, 1, 0);
    rig_wait_events(rig, "change", "a", 2, SCENE_LIMIT_MS);
    ck_assert_str_eq(rig_string(rig_event(rig, "change", "a", 1), "state"), "overdue");
    ck_assert_int_ge(scene_ns(rig_event(rig, "change", "a", 1), "for"), 900000000);
}
END_TEST

START_TEST(a_file_with_errors_changes_nothing)
{
    scene_start("[servers]\na = @/a?delay=0.02\n");
    scene_await_polls("a", 1);
    json_t *reload = scene_reload("[servers]\na = @/other\nb = @/b\n[sever c]\nurl = @/c\n"
                                  "[defaults]\ntimeout = long\n");
    ck_assert_str_eq(rig_string(reload, "result"), "error");
    ck_assert_str_eq(rig_string(reload, "level"), "error");
    ck_assert_int_eq((int)rig_number(reload, "problems"), 2);
    ck_assert_uint_eq(rig_count_events(rig, "problem", NULL), 2);
    const char *first = rig_string(rig_event(rig, "problem", NULL, 0), "detail");
    const char *second = rig_string(rig_event(rig, "problem", NULL, 1), "detail");
    ck_assert_msg(strstr(first, "servers.ini:4: ") != NULL, "%s", first);
    ck_assert_msg(strstr(second, "servers.ini:7: ") != NULL, "%s", second);
    await_more("a", 10);
    ck_assert_uint_eq(mock_server_requests(mock, "other"), 0);
    ck_assert_uint_eq(mock_server_requests(mock, "b"), 0);
    ck_assert_uint_eq(rig_count_events(rig, "applied", NULL), 0);
    ck_assert_str_eq(rig_stderr(rig), "");
    check_reload(scene_reload("[servers]\na = @/a?delay=0.02\n"), 0, 0, 0);
}
END_TEST

/* As one on a disk that does not answer: that is told, and polling goes on. */
START_TEST(a_file_that_cannot_be_read_to_its_end)
{
    scene_start("[servers]\na = @/a?delay=0.1\n");
    scene_await_polls("a", 1);
    const char *path = rig_path(rig, "servers.ini");
    ck_assert_int_eq(remove(path), 0);
    ck_assert_int_eq(mkfifo(path, 0600), 0);
    rig_signal(rig, SIGHUP);
    rig_wait_events(rig, "problem", NULL, 1, 2 * SCENE_LIMIT_MS);
    json_t *problem = rig_event(rig, "problem", NULL, 0);
    ck_assert_str_eq(rig_string(problem, "level"), "warning");
    ck_assert_ptr_nonnull(strstr(rig_string(problem, "detail"), "read for 10 s"));
    await_more("a", 3);
    FILE *writer = fopen(path, "we");
    ck_assert_ptr_nonnull(writer);
    fprintf(writer, "[servers]\na = http://%s/a?delay=0.1\nb = http://%s/b\n",
            mock_server_authority(mock), mock_server_authority(mock));
    ck_assert_int_eq(fclose(writer), 0);
    rig_wait_events(rig, "reload", NULL, 1, SCENE_LIMIT_MS);
    check_reload(rig_event(rig, "reload", NULL, 0), 1, 0, 0);
    await_more("a", 1);
}
END_TEST

static bool is_opened(void *arg)
{
    int *fd = arg;

    *fd = open(rig_path(rig, "servers.ini"), O_WRONLY | O_NONBLOCK | O_CLOEXEC);
    return *fd >= 0;
}

/* The file is read for the first time, and is another one by then. */
START_TEST(a_signal_before_the_first_poll_counts)
{
    const char *path = rig_path(rig, "servers.ini");
    int fd;

    ck_assert_int_eq(mkfifo(path, 0600), 0);
    rig_start(rig, "--log-format=json", "-c", path, NULL);
    rig_wait(rig, is_opened, &fd, SCENE_LIMIT_MS);
    rig_signal(rig, SIGHUP);
    ck_assert_int_eq(remove(path), 0);
    scene_config("[servers]\na = @/a?delay=0.02\nb = @/b?delay=0.02\n");
    ck_assert_int_gt(
        dprintf(fd, "[servers]\na = http://%s/a?delay=0.02\n", mock_server_authority(mock)), 0);
    ck_assert_int_eq(close(fd), 0);
    rig_wait_events(rig, "reload", NULL, 1, SCENE_LIMIT_MS);
    check_reload(rig_event(rig, "reload", NULL, 0), 1, 0, 0);
    scene_await_polls("b", 1);
}
END_TEST

START_TEST(a_file_that_is_gone_changes_nothing)
{
    scene_start("[servers]\na = @/a?delay=0.02\n");
    scene_await_polls("a", 1);
    ck_assert_int_eq(remove(rig_path(rig, "servers.ini")), 0);
    rig_signal(rig, SIGHUP);
    rig_wait_events(rig, "reload", NULL, 1, SCENE_LIMIT_MS);
    ck_assert_str_eq(rig_string(rig_event(rig, "reload", NULL, 0), "result"), "error");
    await_more("a", 3);
}
END_TEST

START_TEST(included_files_and_tokens_are_read_afresh)
{
    const char *token = rig_write(rig, "token", "first\n");
    rig_write(rig, "more.conf", "[servers]\nb = @/b?delay=0.02\n");
    const char *text = "[aiopoll]\ninclude = more.conf\n"
                       "[server a]\nurl = @/a?delay=0.5\nbearer-token-file = %s\n";
    rig_write(rig, "more.conf", "[servers]\nb = %s/b?delay=0.02\n", mock_server_authority(mock));
    scene_start(text, token);
    scene_await_polls("a", 1);
    scene_await_polls("b", 1);
    rig_write(rig, "token", "second\n");
    rig_write(rig, "more.conf", "[servers]\nc = %s/c?delay=0.02\n", mock_server_authority(mock));
    check_reload(scene_reload(text, token), 1, 1, 1);
    scene_await_polls("a", 2);
    scene_await_polls("c", 1);
    ck_assert(has_header(scene_request("a", 0), "Authorization: Bearer first\r\n"));
    ck_assert(has_header(scene_request("a", 1), "Authorization: Bearer second\r\n"));
    scene_check_never_early("a");
}
END_TEST

/* The level of the file does not count: that of the command line wins. */
START_TEST(the_command_line_still_wins)
{
    scene_start("[servers]\na = @/a?delay=0.02\n");
    scene_await_polls("a", 1);
    check_reload(scene_reload("[aiopoll]\nlog-level = error\nlog-format = text\n"
                              "[servers]\na = @/a?delay=0.02\n"),
                 0, 0, 0);
    await_more("a", 3);
}
END_TEST

START_TEST(the_level_and_the_format_are_taken_at_once)
{
    const char *file = scene_config("[servers]\na = @/a?delay=0.02\n");
    rig_start(rig, "-c", file, NULL);
    rig_wait_stdout(rig, "info poll server=a", SCENE_LIMIT_MS);
    scene_config("[aiopoll]\nlog-level = debug\n[servers]\na = @/a?delay=0.02\nb = @/b?delay=60\n");
    rig_signal(rig, SIGHUP);
    rig_wait_stdout(rig, "debug applied server=b change=added", SCENE_LIMIT_MS);
    rig_wait_stdout(
        rig, "info reload result=ok servers=2 added=1 changed=0 removed=0 took=", SCENE_LIMIT_MS);
    rig_wait_stdout(rig, "debug explain server=a", SCENE_LIMIT_MS);
}
END_TEST

/* Each of them is one that reads the file after the signal, but not each has one of its own. */
START_TEST(many_signals_at_once)
{
    scene_start("[servers]\na = @/a?delay=0.02\n");
    scene_await_polls("a", 1);
    for (int i = 0; i < 20; i++)
        rig_signal(rig, SIGHUP);
    scene_config("[servers]\nb = @/b?delay=0.02\n");
    rig_signal(rig, SIGHUP);
    scene_await_polls("b", 3);
    ck_assert_uint_ge(rig_count_events(rig, "reload", NULL), 1);
}
END_TEST

/* Each is told, while the next one reads already. */
START_TEST(many_signals_for_a_file_with_errors)
{
    char mistakes[2000] = "";
    for (int i = 0; i < 100; i++)
        strcat(mistakes, "not a line of it\n");
    scene_start("[servers]\na = @/a?delay=0.02\n");
    scene_await_polls("a", 1);
    scene_config("[servers]\n%s", mistakes);
    for (int i = 0; i < 300; i++) {
        rig_signal(rig, SIGHUP);
        rig_pass(rig, 1);
    }
    rig_wait_events(rig, "reload", NULL, 10, SCENE_LIMIT_MS);
    for (size_t i = 0; i < 10; i++) {
        ck_assert_str_eq(rig_string(rig_event(rig, "reload", NULL, i), "result"), "error");
        ck_assert_int_eq((int)rig_number(rig_event(rig, "reload", NULL, i), "problems"), 100);
    }
    await_more("a", 2);
}
END_TEST

START_TEST(the_end_comes_in_the_middle_of_one)
{
    scene_start("[servers]\na = @/a?delay=0.01\nb = @/b?silent\n");
    rig_wait_events(rig, "ready", NULL, 1, SCENE_LIMIT_MS);
    scene_await_polls("a", (size_t)_i);
    scene_config("[servers]\na = @/c?delay=0.01\nc = @/c?silent\n");
    rig_signal(rig, SIGHUP);
    rig_pass(rig, (unsigned)_i);
    rig_signal(rig, SIGTERM);
    scene_await_exit(0);
    ck_assert_str_eq(rig_stderr(rig), "");
}
END_TEST

START_TEST(counts_go_on)
{
    scene_start_count(3, "[servers]\na = @/a?delay=0.3\n");
    scene_await_polls("a", 1);
    check_reload(scene_reload("[servers]\na = @/a?delay=0.3\nb = @/b?delay=0.01\n"), 1, 0, 0);
    scene_await_exit(0);
    ck_assert_uint_eq(mock_server_requests(mock, "a"), 3);
    ck_assert_uint_eq(mock_server_requests(mock, "b"), 3);
}
END_TEST

START_TEST(one_after_its_server_has_ended)
{
    scene_start_count(1, "[servers]\na = @/a?delay=0\nb = @/b?slow=1000&delay=0\n");
    scene_await_polls("a", 1);
    check_reload(scene_reload("[defaults]\nretry = 2s\n[servers]\nb = @/b?slow=1000&delay=0\n"), 0,
                 1, 1);
    scene_await_exit(0);
    ck_assert_uint_eq(mock_server_requests(mock, "b"), 1);
}
END_TEST

/* Other servers take the rows of those that went. */
START_TEST(the_state_file_follows)
{
    const char *state = rig_path(rig, "schedule");
    const char *text = "[aiopoll]\nstate-file = %s\n[servers]\n%s";
    scene_start(text, state, "a = @/a?delay=60\nb = @/b?delay=60\nc = @/c?delay=60\n");
    scene_await_polls(NULL, 3);
    check_reload(scene_reload(text, state,
                              "a = @/a?delay=60\nd = @/d?delay=60\n"
                              "c = @/other?delay=60\ne = @/e?delay=60\n"),
                 2, 1, 1);
    scene_await_polls(NULL, 6);
    rig_stop(rig);
    const char *file = rig_read(rig, "schedule");
    ck_assert_ptr_nonnull(strstr(file, " a\n"));
    ck_assert_ptr_null(strstr(file, " b\n"));
    ck_assert_ptr_nonnull(strstr(file, " d\n"));
    scene_start(text, state,
                "a = @/a?delay=60\nb = @/b?delay=60\n"
                "c = @/other?delay=60\nd = @/d?delay=60\n");
    scene_await_polls("b", 1);
    ck_assert_uint_eq(rig_count_events(rig, "poll", NULL), 1);
}
END_TEST

START_TEST(without_a_file_nothing_changes)
{
    char url[128];
    snprintf(url, sizeof url, "http://%s/a?delay=0.02", mock_server_authority(mock));
    rig_start(rig, "--log-format=json", url, NULL);
    rig_wait_events(rig, "poll", NULL, 1, SCENE_LIMIT_MS);
    rig_signal(rig, SIGHUP);
    rig_wait_events(rig, "reload", NULL, 1, SCENE_LIMIT_MS);
    check_reload(rig_event(rig, "reload", NULL, 0), 0, 0, 0);
    ck_assert_uint_eq(mock_server_connections(mock), 1);
}
END_TEST

static Suite *make_suite(void)
{
    Suite *suite = suite_create("reload");
    TCase *tests = scene_case(suite, "reload");
    tcase_add_test(tests, an_unchanged_server_keeps_its_connection_and_due_time);
    tcase_add_test(tests, a_changed_server_keeps_its_due_time);
    tcase_add_loop_test(tests, a_connection_that_does_not_fit_any_more_is_not_kept, 0,
                        OF_CONNECTIONS);
    tcase_add_test(tests, back_off_goes_on);
    tcase_add_test(tests, added_and_removed);
    tcase_add_test(tests, another_url_is_polled_at_once);
    tcase_add_test(tests, one_that_fails_is_failing_until_another_url_is_good);
    tcase_add_test(tests, one_that_fails_is_overdue_in_time_with_another_url);
    tcase_add_test(tests, a_file_with_errors_changes_nothing);
    tcase_add_test(tests, a_file_that_cannot_be_read_to_its_end);
    tcase_add_test(tests, a_signal_before_the_first_poll_counts);
    tcase_add_test(tests, a_file_that_is_gone_changes_nothing);
    tcase_add_test(tests, included_files_and_tokens_are_read_afresh);
    tcase_add_test(tests, the_command_line_still_wins);
    tcase_add_test(tests, the_level_and_the_format_are_taken_at_once);
    tcase_add_test(tests, many_signals_at_once);
    tcase_add_test(tests, many_signals_for_a_file_with_errors);
    tcase_add_loop_test(tests, the_end_comes_in_the_middle_of_one, 0, 8);
    tcase_add_test(tests, counts_go_on);
    tcase_add_test(tests, one_after_its_server_has_ended);
    tcase_add_test(tests, the_state_file_follows);
    tcase_add_test(tests, without_a_file_nothing_changes);
    return suite;
}

CHECK_MAIN(make_suite())
