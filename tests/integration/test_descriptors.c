/*
 * Fewer descriptors than servers: all are polled, connections that are longest
 * unused make room, requests wait their turn, and nothing spins meanwhile.
 */
#include <string.h>

#include "check_main.h"
#include "namespace.h"
#include "raw_client.h"
#include "scene.h"
#include "usage.h"

static const int64_t MS = 1000000;

/* What the program has open besides connections takes some of them. */
static const char few[] = "ulimit -n 40; exec \"$@\"";

enum { LIMIT = 40, SERVERS = 200 };

/* Servers s0, s1, ... each with the query, and then the rest of the file. */
static void start(unsigned count, unsigned servers, const char *query, const char *settings,
                  const char *rest)
{
    struct bytes list = {0};

    for (unsigned i = 0; i < servers; i++)
        bytes_print(&list, "s%u = @/s%u?%s\n", i, i, query);
    scene_start_count(count, "[defaults]\n%s[servers]\n%s%s", settings, list.data, rest);
    bytes_finish(&list);
}

struct wanted {
    unsigned servers;
    size_t requests; /* of each */
};

static bool all_were_asked(void *arg)
{
    const struct wanted *wanted = arg;
    char name[16];

    for (unsigned i = 0; i < wanted->servers; i++) {
        snprintf(name, sizeof(name), "s%u", i);
        if (mock_server_requests(mock, name) < wanted->requests)
            return false;
    }
    return true;
}

static void await_requests_of_each(unsigned servers, size_t requests)
{
    struct wanted wanted = {servers, requests};

    rig_wait(rig, all_were_asked, &wanted, SCENE_LIMIT_MS);
}

/* Of the processor, in half a second in which there is nothing to do. */
static void check_does_not_spin(void)
{
    int64_t before = usage_cpu_ns(rig_pid(rig));

    rig_pass(rig, 500);
    ck_assert_int_le(usage_cpu_ns(rig_pid(rig)) - before,
                     (int64_t)((double)(100 * MS) * rig_slowness()));
}

START_TEST(more_servers_than_descriptors_are_polled_again_and_again)
{
    rig_set_shell(rig, few);
    start(0, SERVERS, "delay=0.3", "", "");
    await_requests_of_each(SERVERS, 4);
    ck_assert_uint_le(mock_server_open_connections(mock), LIMIT);
    rig_stop(rig);
    scene_check_all_good(NULL);
    scene_check_punctual();
}
END_TEST

START_TEST(it_is_said_that_there_are_fewer)
{
    rig_set_shell(rig, few);
    start(0, SERVERS, "delay=60", "", "");
    rig_wait_events(rig, "ready", NULL, 1, SCENE_LIMIT_MS);
    const json_t *event = rig_event(rig, "descriptors", NULL, 0);
    ck_assert_str_eq(rig_string(event, "level"), "warning");
    ck_assert_int_eq((int)rig_number(event, "limit"), LIMIT);
    ck_assert_int_eq((int)rig_number(event, "servers"), SERVERS);
    ck_assert(rig_number(event, "connections") >= 1);
    ck_assert(rig_number(event, "connections") < LIMIT);
}
END_TEST

/* Only when that has changed. */
START_TEST(a_reload_says_that_there_are_fewer)
{
    rig_set_shell(rig, few);
    scene_start("[servers]\na = @/a?delay=60\n");
    scene_await_polls("a", 1);
    ck_assert_uint_eq(rig_count_events(rig, "descriptors", NULL), 0);
    struct bytes list = {0};
    for (unsigned i = 0; i < SERVERS; i++)
        bytes_print(&list, "s%u = @/s%u?delay=60\n", i, i);
    for (int i = 0; i < 2; i++) {
        scene_reload("[defaults]\nmax-body = %dk\n[servers]\n%s", 5 + i, list.data);
        ck_assert_uint_eq(rig_count_events(rig, "descriptors", NULL), 1);
    }
    scene_reload("[servers]\na = @/a?delay=60\n");
    scene_reload("[servers]\n%s", list.data);
    ck_assert_uint_eq(rig_count_events(rig, "descriptors", NULL), 2);
    bytes_finish(&list);
}
END_TEST

/* Hooks need some: those are taken from the connections, whose polls go on. */
START_TEST(a_reload_that_needs_some_itself)
{
    rig_set_shell(rig, few);
    scene_start("[servers]\na = @/a?status=500,200&delay=0.05\nb = @/b?delay=0.05\n");
    scene_await_polls("b", 2);
    struct bytes list = {0};
    for (unsigned i = 0; i < SERVERS; i++)
        bytes_print(&list, "s%u = @/s%u?status=500,200&delay=0.3\n", i, i);
    scene_reload("[aiopoll]\non-change = true\n[servers]\n%s", list.data);
    await_requests_of_each(SERVERS, 3);
    rig_wait_events(rig, "hook", NULL, 20, SCENE_LIMIT_MS);
    size_t cursor = 0;
    for (const json_t *hook; (hook = rig_next_event(rig, &cursor, "hook", NULL)) != NULL;)
        ck_assert_str_eq(rig_string(hook, "detail"), "exit status 0");
    bytes_finish(&list);
}
END_TEST

/* Connections are kept where that is possible, and what is done meanwhile is little. */
START_TEST(all_descriptors_in_use_is_a_quiet_state)
{
    rig_set_shell(rig, few);
    start(0, SERVERS, "delay=1000", "", "");
    await_requests_of_each(SERVERS, 1);
    check_does_not_spin();
    ck_assert_uint_ge(mock_server_open_connections(mock), 10);
    ck_assert_uint_le(mock_server_open_connections(mock), LIMIT);
    rig_stop(rig);
    scene_check_all_good(NULL);
}
END_TEST

START_TEST(the_soft_limit_is_raised_to_the_hard_one)
{
    rig_set_shell(rig, "ulimit -Sn 40; exec \"$@\"");
    start(3, SERVERS, "delay=0.1", "", "");
    scene_await_exit(0);
    scene_check_all_good(NULL);
    ck_assert_uint_eq(mock_server_connections(mock), SERVERS);
}
END_TEST

/* The busy one is never the longest unused, however often the others need a descriptor. */
START_TEST(the_longest_unused_connection_makes_room)
{
    size_t polls;

    rig_set_shell(rig, few);
    start(0, SERVERS / 2, "delay=1", "",
          "busy = @/busy?delay=0.01\n"
          "[aiopoll]\nstart-rate = 100\n");
    await_requests_of_each(SERVERS / 2, 3);
    rig_stop(rig);
    scene_check_all_good(NULL);
    polls = scene_count_whole("busy");
    ck_assert_uint_ge(polls, 20);
    for (size_t i = 0; i < polls; i++)
        ck_assert_uint_eq(mock_server_request(mock, "busy", i)->connection,
                          mock_server_request(mock, "busy", 0)->connection);
    ck_assert_uint_gt(mock_server_connections(mock), SERVERS / 2 + 1);
}
END_TEST

/* --- waiting ------------------------------------------------------------------------------ */

static int64_t longest_took(void)
{
    size_t cursor = 0;
    int64_t longest = 0;
    json_t *poll;

    while ((poll = rig_next_event(rig, &cursor, "poll", NULL)) != NULL) {
        if (scene_ns(poll, "took") > longest)
            longest = scene_ns(poll, "took");
    }
    return longest;
}

/* The last ones wait for longer than any time limit allows for a poll. */
START_TEST(waiting_for_a_descriptor_is_no_timeout)
{
    rig_set_shell(rig, few);
    start(1, SERVERS, "slow=200", "timeout = 700ms\nconnect-timeout = 400ms\n", "");
    scene_await_exit(0);
    scene_check_all_good(NULL);
    ck_assert_int_ge(longest_took(), 700 * MS);
}
END_TEST

/* Of those which hold a descriptor, each gives it back in the end. */
START_TEST(silent_servers_do_not_keep_others_waiting_for_ever)
{
    rig_set_shell(rig, few);
    start(0, SERVERS / 2, "silent", "timeout = 300ms\nretry = 50ms\n", "good = @/good?delay=0.2\n");
    scene_await_polls("good", 3);
    await_requests_of_each(SERVERS / 2, 2);
    rig_stop(rig);
    scene_check_all_good("good");
    scene_failure("s0", 0, "timeout");
    scene_failure("s99", 0, "timeout");
}
END_TEST

START_TEST(a_stop_while_hundreds_wait_is_clean)
{
    rig_set_shell(rig, few);
    start(0, SERVERS, "silent", "timeout = 60s\n", "");
    rig_wait_requests(rig, mock, NULL, 10, SCENE_LIMIT_MS);
    rig_pass(rig, 300); /* for the rest of the servers to have started */
    check_does_not_spin();
    ck_assert_uint_le(mock_server_open_connections(mock), LIMIT);
    rig_stop(rig);
    ck_assert_uint_eq(scene_count_canceled(NULL), SERVERS);
    scene_check_all_good(NULL);
}
END_TEST

/* Too few for anything: a connect fails, waits, and is tried again; at most one at a time. */
START_TEST(hardly_a_descriptor_at_all_still_polls)
{
    static const char *const limits[] = {"ulimit -n 17; exec \"$@\"", "ulimit -n 18; exec \"$@\"",
                                         "ulimit -n 20; exec \"$@\""};

    rig_set_shell(rig, limits[_i]);
    start(0, 20, "delay=0.1", "retry = 20ms\nretry-max = 100ms\n", "");
    await_requests_of_each(20, 3);
    rig_stop(rig);
    scene_check_all_good(NULL);
}
END_TEST

/* --- those who watch ---------------------------------------------------------------------- */

enum { STALLED = 100 };

static const char *listener_address_of(void)
{
    rig_wait_events(rig, "listen", NULL, 1, SCENE_LIMIT_MS);
    return rig_string(rig_event(rig, "listen", NULL, 0), "address");
}

static bool all_are_connected(void *arg)
{
    struct raw_client **clients = arg;

    for (int i = 0; i < STALLED; i++)
        if (!raw_client_is_connected(clients[i]))
            return false;
    return true;
}

/* More than there are descriptors begin a request while no poll needs one, and leave it at that. */
START_TEST(stalled_watchers_leave_them_to_the_polls)
{
    struct raw_client *clients[STALLED];

    rig_set_shell(rig, "ulimit -n 64; exec \"$@\"");
    start(0, 5, "delay=0.6", "keep-alive = 0\nconnect-timeout = 300ms\n",
          _i == 0 ? "[aiopoll]\nlisten = 127.0.0.1:0\n"
                  : "[aiopoll]\nlisten = 127.0.0.1:0\nstate-file = schedule\non-change = true\n");
    await_requests_of_each(5, 1);
    for (int i = 0; i < STALLED; i++) {
        clients[i] = raw_client_new(rig_loop(rig), listener_address_of());
        raw_client_send(clients[i], "GET ");
    }
    rig_wait(rig, all_are_connected, clients, SCENE_LIMIT_MS);
    await_requests_of_each(5, mock_server_requests(mock, "s0") + 3);
    scene_check_all_good(NULL);
    for (int i = 0; i < STALLED; i++)
        raw_client_free(clients[i]);
}
END_TEST

/* --- many addresses ----------------------------------------------------------------------- */

/* There is no descriptor for a second attempt beside the first: it takes its place. */
START_TEST(dead_addresses_do_not_use_up_the_descriptors)
{
    struct bytes list = {0};

    ck_assert(scene_replace_file("/etc/hosts", rig_write(rig, "hosts",
                                                         NAMESPACE_DEAD6 "2 dual.test\n"
                                                                         "127.0.0.1 dual.test\n")));
    for (int i = 0; i < SERVERS / 2; i++)
        bytes_print(&list, "s%d = http://dual.test:%d/s%d?delay=0.3\n", i, mock_server_port(mock),
                    i);
    rig_set_shell(rig, few);
    scene_start("[defaults]\nconnect-timeout = 600ms\n[servers]\n%s", list.data);
    bytes_finish(&list);
    await_requests_of_each(SERVERS / 2, 3);
    rig_stop(rig);
    scene_check_all_good(NULL);
}
END_TEST

static Suite *suite(void)
{
    Suite *suite = suite_create("descriptors");
    TCase *tests;

    if (usage_is_valgrind()) {
        fprintf(stderr, "descriptors: skipped: valgrind hides the limit from the program\n");
        return suite;
    }
    tests = scene_case(suite, "descriptors");
    tcase_add_test(tests, more_servers_than_descriptors_are_polled_again_and_again);
    tcase_add_test(tests, it_is_said_that_there_are_fewer);
    tcase_add_test(tests, a_reload_says_that_there_are_fewer);
    tcase_add_test(tests, a_reload_that_needs_some_itself);
    tcase_add_test(tests, all_descriptors_in_use_is_a_quiet_state);
    tcase_add_test(tests, the_soft_limit_is_raised_to_the_hard_one);
    tcase_add_test(tests, the_longest_unused_connection_makes_room);
    tests = scene_case(suite, "waiting");
    tcase_add_test(tests, waiting_for_a_descriptor_is_no_timeout);
    tcase_add_test(tests, silent_servers_do_not_keep_others_waiting_for_ever);
    tcase_add_test(tests, a_stop_while_hundreds_wait_is_clean);
    tcase_add_loop_test(tests, hardly_a_descriptor_at_all_still_polls, 0, 3);
    tcase_add_loop_test(tests, stalled_watchers_leave_them_to_the_polls, 0, 2);
    if (!namespace_has_network("descriptors"))
        return suite;
    tests = scene_case_apart(suite, "addresses");
    tcase_add_test(tests, dead_addresses_do_not_use_up_the_descriptors);
    return suite;
}

CHECK_MAIN(suite())
