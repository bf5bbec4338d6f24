/*
 * What servers were promised holds across a stop, a kill and another boot: the
 * mock, which remembers all its promises, is never asked early.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "boottime.h"
#include "check_main.h"
#include "state_file.h"

static const int64_t MS = 1000000;
static const int64_t SECOND = 1000000000;
static const int64_t DAY = 86400 * INT64_C(1000000000);

static const char other_boot[] = "00000000-0000-4000-8000-000000000000";

/* --- a stop and a start ------------------------------------------------------------------ */

START_TEST(what_was_promised_holds_after_a_stop)
{
    static const char config[] = "[aiopoll]\nstate-file = schedule\n"
                                 "[servers]\na = @/a?delay=1\nb = @/b?delay=60\n";

    scene_start(config);
    scene_await_polls(NULL, 2);
    rig_stop(rig);
    state_file_check();
    scene_start(config);
    rig_wait_requests(rig, mock, "a", 3, SCENE_LIMIT_MS);
    ck_assert_uint_eq(mock_server_requests(mock, "b"), 1);
    scene_check_punctual();
    state_file_check_told("info", "2 of 2 servers");
}
END_TEST

/* Twice, with no poll in between: what was read is written again. */
START_TEST(what_was_promised_holds_after_several_starts)
{
    static const char config[] = "[aiopoll]\nstate-file = schedule\n"
                                 "[servers]\na = @/a?delay=1.5\n";

    scene_start(config);
    scene_await_polls("a", 1);
    state_file_await(1);
    for (int i = 0; i < 3; i++) {
        if (i == 1)
            state_file_kill();
        else
            rig_stop(rig);
        scene_start(config);
        rig_wait_events(rig, "ready", NULL, 1, SCENE_LIMIT_MS);
    }
    rig_wait_requests(rig, mock, "a", 2, SCENE_LIMIT_MS);
    scene_check_punctual();
}
END_TEST

START_TEST(the_wait_after_a_failure_holds_too)
{
    static const char config[] = "[aiopoll]\nstate-file = schedule\n"
                                 "[defaults]\nretry = 1s\n"
                                 "[servers]\na = @/a?status=500\n";
    int64_t wait_ns;

    scene_start(config);
    scene_await_polls("a", 1);
    wait_ns = scene_ns(scene_poll("a", 0), "delay");
    rig_stop(rig);
    ck_assert_int_eq(state_file_wait("a"), wait_ns);
    scene_start(config);
    rig_wait_requests(rig, mock, "a", 2, SCENE_LIMIT_MS);
    ck_assert_int_ge(scene_request("a", 1)->arrived_ns,
                     scene_request("a", 0)->answered_ns + wait_ns);
}
END_TEST

/* A server paced at 0.2 s is tried again every 0.2 s at the latest, also after a restart. */
START_TEST(the_pace_of_a_server_is_known_again)
{
    static const char config[] = "[aiopoll]\nstate-file = schedule\n"
                                 "[defaults]\nretry = 100ms\nretry-max = 60s\n"
                                 "[servers]\na = @/a?delay=0.2&status=200,500\n";

    scene_start(config);
    scene_await_polls("a", 3);
    rig_stop(rig);
    scene_start(config);
    scene_await_polls("a", 5);
    for (size_t i = 0; i < 5; i++)
        ck_assert_int_le(scene_ns(scene_failure("a", i, "status"), "delay"), 200 * MS);
}
END_TEST

/* The stop cuts a poll short: nothing new was promised, and it was due. */
START_TEST(a_poll_that_was_cut_short_is_made_again)
{
    static const char config[] = "[aiopoll]\nstate-file = schedule\n"
                                 "[servers]\na = @/a?delay=0.1&slow=%d\n";

    scene_start(config, 200);
    scene_await_polls("a", 1);
    rig_wait_requests(rig, mock, "a", 2, SCENE_LIMIT_MS);
    rig_stop(rig);
    ck_assert_uint_eq(scene_count_canceled("a"), 1);
    ck_assert_int_eq(state_file_wait("a"), 100 * MS);
    scene_start(config, 200);
    rig_wait_requests(rig, mock, "a", 3, SCENE_LIMIT_MS);
    scene_check_punctual();
}
END_TEST

static const char *servers_list(size_t count, const char *query)
{
    static char list[64 << 10];
    size_t at = 0;

    for (size_t i = 0; i < count; i++)
        at += (size_t)snprintf(list + at, sizeof(list) - at, "s%zu = @/s%zu?%s\n", i, i, query);
    ck_assert_uint_lt(at, sizeof(list) - 1);
    return list;
}

static const struct mock_request *request_of(size_t server, size_t index)
{
    char name[32];

    snprintf(name, sizeof(name), "s%zu", server);
    return mock_server_request(mock, name, index);
}

START_TEST(those_whose_moment_has_passed_are_spread)
{
    enum { COUNT = 20 };
    int64_t before_ns;

    scene_start("[aiopoll]\nstate-file = schedule\n[servers]\n%s",
                servers_list(COUNT, "delay=0.3"));
    rig_wait_requests(rig, mock, NULL, COUNT, SCENE_LIMIT_MS);
    rig_stop(rig);
    rig_pass(rig, 400);
    before_ns = boottime_ns();
    scene_start("[aiopoll]\nstate-file = schedule\nstart-rate = 50\n[servers]\n%s",
                servers_list(COUNT, "delay=0.3"));
    rig_wait_requests(rig, mock, "s19", mock_server_requests(mock, "s19") + 1, SCENE_LIMIT_MS);
    scene_check_punctual();
    for (size_t i = 0; i < COUNT; i++) {
        size_t index = 0;

        while (request_of(i, index)->arrived_ns < before_ns)
            index++;
        ck_assert_int_ge(request_of(i, index)->arrived_ns - before_ns, (int64_t)i * 20 * MS);
    }
}
END_TEST

/* --- whose promise it is --------------------------------------------------------------------- */

START_TEST(another_url_is_another_server)
{
    scene_start("[aiopoll]\nstate-file = schedule\n"
                "[servers]\na = @/a?delay=60\nb = @/b?delay=60\n");
    scene_await_polls(NULL, 2);
    rig_stop(rig);
    scene_start("[aiopoll]\nstate-file = schedule\n"
                "[servers]\na = @/a?delay=61\nb = @/b?delay=60\nc = @/c?delay=60\n");
    rig_wait_requests(rig, mock, "a", 2, SCENE_LIMIT_MS);
    rig_wait_requests(rig, mock, "c", 1, SCENE_LIMIT_MS);
    rig_stop(rig);
    ck_assert_uint_eq(mock_server_requests(mock, "b"), 1);
    ck_assert_int_eq(state_file_wait("a"), 61 * SECOND);
}
END_TEST

START_TEST(stricter_settings_count)
{
    scene_start("[aiopoll]\nstate-file = schedule\n[servers]\na = @/a?delay=60\n");
    scene_await_polls("a", 1);
    rig_stop(rig);
    scene_start("[aiopoll]\nstate-file = schedule\n[defaults]\nmax-delay = 500ms\n"
                "retry-max = 500ms\nretry = 10ms\n[servers]\na = @/a?delay=60\n");
    rig_wait_requests(rig, mock, "a", 2, SCENE_LIMIT_MS);
}
END_TEST

START_TEST(the_file_has_no_url)
{
    struct stat info;

    scene_start("[aiopoll]\nstate-file = schedule\n[servers]\na = @/secret?delay=60\n");
    scene_await_polls("a", 1);
    rig_stop(rig);
    ck_assert_ptr_null(strstr(rig_read(rig, "schedule"), "secret"));
    ck_assert_ptr_null(strstr(rig_read(rig, "schedule"), "127.0.0.1"));
    ck_assert_int_eq(stat(state_file(), &info), 0);
    ck_assert_uint_eq(info.st_mode & 07777, 0600);
}
END_TEST

/* --- which file --------------------------------------------------------------------------- */

static bool exists(const char *name)
{
    return access(rig_path(rig, name), F_OK) == 0;
}

START_TEST(without_a_name_there_is_no_file)
{
    static const char *const keys[] = {"", "[aiopoll]\nstate-file = none\n"};

    if (_i == 1)
        rig_set_env(rig, "STATE_DIRECTORY", rig_directory(rig));
    scene_start("%s[servers]\na = @/a?delay=60\n", keys[_i]);
    scene_await_polls("a", 1);
    rig_stop(rig);
    ck_assert(!exists("schedule") && !exists("none"));
    ck_assert_uint_eq(rig_count_events(rig, "state-file", NULL), 0);
}
END_TEST

START_TEST(the_folder_of_the_service_manager_is_used)
{
    struct bytes list = {0};

    bytes_print(&list, "%s:/nonexistent/folder", rig_directory(rig));
    rig_set_env(rig, "STATE_DIRECTORY", list.data);
    bytes_finish(&list);
    scene_start("[servers]\na = @/a?delay=60\n");
    scene_await_polls("a", 1);
    rig_stop(rig);
    state_file_check();
}
END_TEST

START_TEST(an_option_overrides_the_file)
{
    const char *file = scene_config("[aiopoll]\nstate-file = schedule\n"
                                    "[servers]\na = @/a?delay=60\n");
    struct bytes option = {0};

    bytes_print(&option, "--state-file=%s", _i == 0 ? rig_path(rig, "other") : "none");
    rig_start(rig, "--log-format=json", option.data, "-c", file, NULL);
    bytes_finish(&option);
    scene_await_polls("a", 1);
    rig_stop(rig);
    ck_assert(!exists("schedule"));
    ck_assert(exists("other") == (_i == 0));
}
END_TEST

START_TEST(a_count_is_kept_too)
{
    scene_start_count(1, "[aiopoll]\nstate-file = schedule\n[servers]\na = @/a?delay=1\n");
    scene_await_exit(0);
    ck_assert_int_eq(state_file_wait("a"), SECOND);
    scene_start_count(1, "[aiopoll]\nstate-file = schedule\n[servers]\na = @/a?delay=1\n");
    scene_await_exit(0);
    scene_check_punctual();
}
END_TEST

/* --- clocks ---------------------------------------------------------------------------------- */

static const char clock_config[] = "[aiopoll]\nstate-file = schedule\n"
                                   "[servers]\na = @/a?delay=0.8\nb = @/b?delay=60\n";

static void stop_after_first_polls(void)
{
    scene_start(clock_config);
    scene_await_polls(NULL, 2);
    rig_stop(rig);
}

static void check_as_promised(void)
{
    scene_start(clock_config);
    rig_wait_requests(rig, mock, "a", 2, SCENE_LIMIT_MS);
    ck_assert_uint_eq(mock_server_requests(mock, "b"), 1);
    scene_check_punctual();
    ck_assert_int_le(scene_request("a", 1)->arrived_ns - scene_request("a", 0)->answered_ns,
                     (int64_t)((double)(3 * SECOND) * rig_slowness()));
}

/* As if the wall clock had been a day behind, or ahead, when the file was written. */
START_TEST(a_wall_clock_that_was_set_changes_nothing)
{
    static const int64_t jumps[] = {1, -1};

    stop_after_first_polls();
    state_file_move(jumps[_i] * DAY, jumps[_i] * DAY, NULL);
    check_as_promised();
}
END_TEST

/* CLOCK_BOOTTIME began anew meanwhile, at another moment. */
START_TEST(another_boot_changes_nothing)
{
    stop_after_first_polls();
    state_file_move(0, -DAY, other_boot);
    check_as_promised();
}
END_TEST

/* Another boot, and the wall clock was set back by a day: nobody is kept waiting for that. */
START_TEST(a_file_from_the_future_silences_nobody)
{
    stop_after_first_polls();
    state_file_move(DAY, 0, other_boot);
    check_as_promised();
    rig_stop(rig);
    state_file_move(50 * 365 * DAY, 0, other_boot);
    scene_start(clock_config);
    rig_wait_requests(rig, mock, "a", 3, SCENE_LIMIT_MS);
    scene_check_punctual();
}
END_TEST

START_TEST(a_file_from_the_past_is_asked_at_once)
{
    stop_after_first_polls();
    state_file_move(-DAY, 0, other_boot);
    scene_start(clock_config);
    scene_await_polls("b", 1);
}
END_TEST

/* --- killed -------------------------------------------------------------------------------- */

static size_t number_of(const char *variable, size_t usual)
{
    const char *text = getenv(variable);

    return text == NULL ? usual : (size_t)atol(text);
}

static const size_t start_rate = 1000;

/* How the requests came that were the first of each server after a restart. */
struct restart {
    size_t early;    /* before the promised moment, */
    size_t forgiven; /* those not counted which were answered within a second of the kill */
    int64_t worst;   /* the most of arrival - (promise, or else the share of the spread) */
};

static struct restart measure(size_t servers, int64_t killed_ns, int64_t started_ns)
{
    struct restart found = {.worst = INT64_MIN};

    for (size_t i = 0; i < servers; i++) {
        const struct mock_request *before = NULL;
        const struct mock_request *after;
        size_t index = 0;

        while ((after = request_of(i, index)) != NULL && after->arrived_ns < started_ns) {
            before = after;
            index++;
        }
        ck_assert_msg(after != NULL, "s%zu was not asked again", i);
        int64_t spread = started_ns + (int64_t)i * SECOND / (int64_t)start_rate;
        bool promised = before != NULL && before->promised_ns >= 0;
        int64_t due = promised ? before->answered_ns + before->promised_ns : 0;
        bool is_early = after->arrived_ns < due;
        found.early += is_early && before->answered_ns < killed_ns - SECOND;
        found.forgiven += is_early && before->answered_ns >= killed_ns - SECOND;
        int64_t late = after->arrived_ns - (due > spread ? due : spread);
        if (late > found.worst)
            found.worst = late;
    }
    return found;
}

static void check_restart(const char *what, size_t servers, int64_t killed_ns, int64_t started_ns)
{
    struct restart found = measure(servers, killed_ns, started_ns);

    fprintf(stderr,
            "%s: %zu servers, %zu early (and %zu that were answered within the last second), the "
            "latest %.3f s after its moment\n",
            what, servers, found.early, found.forgiven, (double)found.worst / 1e9);
    ck_assert_uint_eq(found.early, 0);
    ck_assert_int_le(found.worst, (int64_t)((double)SECOND * rig_slowness()));
}

struct wanted {
    size_t servers;
    int64_t since_ns;
};

static bool all_were_asked_since(void *arg)
{
    const struct wanted *wanted = arg;

    for (size_t i = 0; i < wanted->servers; i++) {
        size_t index = 0;
        const struct mock_request *request;

        while ((request = request_of(i, index)) != NULL && request->arrived_ns < wanted->since_ns)
            index++;
        if (request == NULL)
            return false;
    }
    return true;
}

static void await_all_since(size_t servers, int64_t since_ns, size_t delay)
{
    struct wanted wanted = {servers, since_ns};

    rig_wait(rig, all_were_asked_since, &wanted, (unsigned)(1000 * delay) + SCENE_LIMIT_MS);
}

/* With SCHEDULE_SERVERS=1000 and SCHEDULE_DELAY=20 it is the measurement in full. The longest
 * wait for the file would be a second. */
START_TEST(killed_in_the_middle_nobody_is_early)
{
    size_t servers = number_of("SCHEDULE_SERVERS", 300);
    size_t delay = number_of("SCHEDULE_DELAY", 2);
    char query[32];
    int64_t killed_ns;

    snprintf(query, sizeof(query), "delay=%zu", delay);
    scene_set_level("warning");
    scene_start("[aiopoll]\nstate-file = schedule\n[servers]\n%s", servers_list(servers, query));
    await_all_since(servers, 0, 0);
    rig_pass(rig, (unsigned)(500 * delay));
    state_file_kill();
    killed_ns = boottime_ns();
    scene_start("[aiopoll]\nstate-file = schedule\n[servers]\n%s", servers_list(servers, query));
    await_all_since(servers, killed_ns, delay);
    check_restart("killed in the middle", servers, killed_ns, killed_ns);
}
END_TEST

/* In the burst of first polls some have been asked, some are being asked, and some are not. */
START_TEST(killed_in_the_first_burst_nobody_is_early)
{
    size_t servers = number_of("SCHEDULE_SERVERS", 300);
    size_t delay = number_of("SCHEDULE_DELAY", 2);
    char query[32];
    int64_t killed_ns;

    snprintf(query, sizeof(query), "delay=%zu", delay);
    scene_set_level("warning");
    scene_start("[aiopoll]\nstate-file = schedule\nstart-rate = %zu\n[servers]\n%s", servers / 3,
                servers_list(servers, query));
    rig_wait_requests(rig, mock, NULL, servers / 2, SCENE_LIMIT_MS);
    state_file_kill();
    killed_ns = boottime_ns();
    scene_start("[aiopoll]\nstate-file = schedule\n[servers]\n%s", servers_list(servers, query));
    await_all_since(servers, killed_ns, delay);
    check_restart("killed in the burst", servers, killed_ns, killed_ns);
}
END_TEST

static Suite *suite(void)
{
    Suite *suite = suite_create("schedule");
    TCase *tests = scene_case(suite, "stop");

    tcase_add_test(tests, what_was_promised_holds_after_a_stop);
    tcase_add_test(tests, what_was_promised_holds_after_several_starts);
    tcase_add_test(tests, the_wait_after_a_failure_holds_too);
    tcase_add_test(tests, the_pace_of_a_server_is_known_again);
    tcase_add_test(tests, a_poll_that_was_cut_short_is_made_again);
    tcase_add_test(tests, those_whose_moment_has_passed_are_spread);
    tests = scene_case(suite, "whose");
    tcase_add_test(tests, another_url_is_another_server);
    tcase_add_test(tests, stricter_settings_count);
    tcase_add_test(tests, the_file_has_no_url);
    tests = scene_case(suite, "which file");
    tcase_add_loop_test(tests, without_a_name_there_is_no_file, 0, 2);
    tcase_add_test(tests, the_folder_of_the_service_manager_is_used);
    tcase_add_loop_test(tests, an_option_overrides_the_file, 0, 2);
    tcase_add_test(tests, a_count_is_kept_too);
    tests = scene_case(suite, "clocks");
    tcase_add_loop_test(tests, a_wall_clock_that_was_set_changes_nothing, 0, 2);
    tcase_add_test(tests, another_boot_changes_nothing);
    tcase_add_test(tests, a_file_from_the_future_silences_nobody);
    tcase_add_test(tests, a_file_from_the_past_is_asked_at_once);
    tests = scene_case(suite, "killed");
    tcase_add_test(tests, killed_in_the_middle_nobody_is_early);
    tcase_add_test(tests, killed_in_the_first_burst_nobody_is_early);
    return suite;
}

CHECK_MAIN(suite())
