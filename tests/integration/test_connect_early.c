/*
 * Where no connection is kept until a request is due, one is opened before; the
 * request itself never leaves early, and what becomes of the connection until
 * then is nobody's failure.
 */
#include <signal.h>
#include <string.h>

#include "boottime.h"
#include "check_main.h"
#include "named_scene.h"
#include "namespace.h"
#include "scene.h"
#include "usage.h"

static const int64_t MS = 1000000;

/* When request number index, from 1, was due. */
static int64_t due_ns(const char *server, size_t index)
{
    const struct mock_request *before = scene_request(server, index - 1);

    ck_assert_int_ge(before->promised_ns, 0);
    return before->answered_ns + before->promised_ns;
}

/* --- when ----------------------------------------------------------------------------------- */

enum { REQUESTS = 7 };

static size_t count_prepared(const char *server)
{
    size_t count = 0;

    for (size_t i = 1; i < REQUESTS; i++)
        count += scene_request(server, i)->accepted_ns < due_ns(server, i);
    return count;
}

/* A busy machine may let one or the other be late. */
static void check_mostly_prepared(const char *server)
{
    unsigned last = 0;

    ck_assert_uint_ge(count_prepared(server), REQUESTS / 2);
    for (size_t i = 0; i < REQUESTS; i++) {
        ck_assert_uint_gt(scene_request(server, i)->connection, last);
        last = scene_request(server, i)->connection;
    }
}

static const struct {
    const char *settings, *query;
} variants[] = {
    {"keep-alive = 0", ""},
    {"keep-alive = 20ms", ""},
    {"keep-alive = 100ms", ""}, /* as long as the delay */
    {"keep-alive = 96ms", ""},  /* until after the moment to prepare */
    {"", "&connection=close"},
    {"", "&close=after"},
    {"", "&close=idle&idle-ms=20"},
    {"", "&reset=idle&idle-ms=20"},
    {"", "&late-extra=unasked&idle-ms=20"},
};

enum { VARIANTS = sizeof(variants) / sizeof(variants[0]) };

static bool all_were_asked(void *arg)
{
    const unsigned *servers = arg;
    char name[16];

    for (unsigned i = 0; i < *servers; i++) {
        snprintf(name, sizeof(name), "s%u", i);
        if (mock_server_requests(mock, name) < REQUESTS)
            return false;
    }
    return true;
}

static void await_requests(unsigned servers)
{
    rig_wait(rig, all_were_asked, &servers, SCENE_LIMIT_MS);
    rig_stop(rig);
    scene_check_all_good(NULL);
    scene_check_punctual();
}

START_TEST(a_connection_is_opened_before_the_request_is_due)
{
    struct bytes list = {0};
    char name[16];

    for (unsigned i = 0; i < VARIANTS; i++)
        bytes_print(&list, "[server s%u]\nurl = @/s%u?delay=0.1%s\n%s\n", i, i, variants[i].query,
                    variants[i].settings);
    scene_start("%s", list.data);
    bytes_finish(&list);
    await_requests(VARIANTS);
    for (unsigned i = 0; i < VARIANTS; i++) {
        snprintf(name, sizeof(name), "s%u", i);
        check_mostly_prepared(name);
    }
}
END_TEST

START_TEST(a_unix_socket_is_no_exception)
{
    const char *path = rig_path(rig, "socket");

    ck_assert_int_eq(mock_server_listen_on_unix(mock, path), 0);
    scene_start("[defaults]\nkeep-alive = 0\nunix-socket = %s\n"
                "[servers]\ns0 = @/s0?delay=0.1\n",
                path);
    await_requests(1);
    check_mostly_prepared("s0");
}
END_TEST

START_TEST(not_where_it_is_switched_off)
{
    scene_start("[defaults]\nconnect-early = no\n"
                "[servers]\ns0 = @/s0?delay=0.1&connection=close\n"
                "s1 = @/s1?delay=0.1&close=idle&idle-ms=20\n"
                "[server s2]\nurl = @/s2?delay=0.1\nkeep-alive = 0\n"
                "[server s3]\nurl = @/s3?delay=0.1\nkeep-alive = 20ms\n");
    await_requests(4);
    for (int i = 0; i < 4; i++) {
        static const char *const names[] = {"s0", "s1", "s2", "s3"};

        ck_assert_uint_eq(count_prepared(names[i]), 0);
    }
}
END_TEST

START_TEST(not_for_the_first_poll)
{
    scene_start("[aiopoll]\nstart-rate = 1\n"
                "[servers]\na = @/a?delay=60\nb = @/b?delay=60\nc = @/c?delay=60\n");
    scene_await_polls("b", 1);
    ck_assert_uint_eq(mock_server_connections(mock), 2);
    rig_pass(rig, 500);
    ck_assert_uint_eq(mock_server_connections(mock), 2);
}
END_TEST

/* A delay that is shorter than connecting takes leaves that much time, and no more. */
START_TEST(a_delay_of_nothing_is_kept)
{
    scene_start_count(50, "[defaults]\nkeep-alive = 0\n[servers]\na = @/a?delay=0,0.001,0.01,0\n");
    scene_await_exit(0);
    scene_check_all_good("a");
    scene_check_punctual();
    ck_assert_uint_eq(mock_server_connections(mock), 50);
}
END_TEST

START_TEST(the_last_poll_of_a_count_leaves_nothing_behind)
{
    scene_start_count(3, "[defaults]\nkeep-alive = 0\n[servers]\na = @/a?delay=0.1,0.1,3600\n");
    scene_await_exit(0);
    ck_assert_uint_eq(mock_server_connections(mock), 3);
    ck_assert_uint_eq(mock_server_requests(mock, "a"), 3);
}
END_TEST

/* Only that of the URL itself: where a redirect leads is the server's to say. */
START_TEST(a_redirect_to_another_origin_is_not_prepared)
{
    struct mock_server *other = rig_mock(rig);

    scene_start_count(2,
                      "[defaults]\nkeep-alive = 0\n"
                      "[servers]\na = @/a?status=302&promise=0.2&location=http://%s/b?delay=0.2\n",
                      mock_server_authority(other));
    rig_wait_requests(rig, other, "b", 1, SCENE_LIMIT_MS);
    rig_wait_requests(rig, mock, "a", 2, SCENE_LIMIT_MS);
    scene_await_exit(0);
    ck_assert_uint_eq(mock_server_connections(mock), 2);
    ck_assert_uint_eq(mock_server_connections(other), 2);
    ck_assert_int_ge(mock_server_request(other, "b", 1)->accepted_ns,
                     scene_request("a", 1)->arrived_ns);
}
END_TEST

/* --- what can become of it -------------------------------------------------------------------- */

static const enum mock_accept endings[] = {MOCK_ACCEPT_AND_CLOSE, MOCK_ACCEPT_AND_RESET};

/* Ends the next connection. False: the machine was late itself, so that this was none before the
 * request was due. */
static bool see_one_replaced(enum mock_accept ending, size_t poll, size_t *requests)
{
    mock_server_set_accept(mock, ending, 1);
    scene_await_polls("a", poll + 1);
    const json_t *event = scene_poll("a", poll);
    if (strcmp(rig_string(event, "result"), "ok") != 0) {
        ck_assert_msg(rig_number(event, "late") > 0.002, "punctual, but %s",
                      rig_string(event, "detail"));
        return false;
    }
    const struct mock_request *request = scene_request("a", (*requests)++);
    if (request->connection != scene_request("a", *requests - 2)->connection + 2)
        return false;
    ck_assert_int_ge(request->accepted_ns, due_ns("a", *requests - 1));
    return true;
}

START_TEST(one_that_the_server_ends_is_replaced_when_the_request_is_due)
{
    size_t requests = 1, poll = 1;
    scene_start("[defaults]\nretry = 300ms\nretry-max = 300ms\n"
                "[servers]\na = @/a?delay=0.3&connection=close\n");
    scene_await_polls("a", 1);
    while (!see_one_replaced(endings[_i], poll, &requests))
        ck_assert_uint_lt(++poll, 20);
    rig_stop(rig);
    scene_check_punctual();
}
END_TEST

/* One attempt before, and one when it is due. */
START_TEST(it_is_tried_once)
{
    scene_start("[defaults]\nretry = 100ms\nretry-max = 100ms\n"
                "[servers]\na = @/a?delay=0.3&connection=close\n");
    scene_await_polls("a", 1);
    mock_server_set_accept(mock, endings[_i], UINT_MAX);
    scene_await_polls("a", 4);
    rig_stop(rig);
    for (size_t i = 1; i < 4; i++)
        ck_assert_str_eq(rig_string(scene_poll("a", i), "result"), "error");
    ck_assert_uint_le(mock_server_connections(mock), 2 * scene_count_whole("a") + 1);
}
END_TEST

START_TEST(a_request_on_it_is_sent_once_more)
{
    scene_start_count(3, "[defaults]\nkeep-alive = 0\n"
                         "[servers]\na = @/a?delay=0.1&close=never,request,never\n");
    scene_await_exit(0);
    scene_check_all_good("a");
    ck_assert_uint_eq(mock_server_requests(mock, "a"), 4);
}
END_TEST

START_TEST(but_a_post_is_not)
{
    scene_start_count(3, "[defaults]\nkeep-alive = 0\nmethod = POST\nretry = 50ms\n"
                         "[servers]\na = @/a?delay=0.1&close=never,request,never\n");
    scene_await_exit(1);
    scene_failure("a", 1, "closed");
    ck_assert_uint_eq(mock_server_requests(mock, "a"), 3);
}
END_TEST

START_TEST(nor_is_one_to_a_server_that_ends_each)
{
    scene_start("[defaults]\nkeep-alive = 0\nretry = 50ms\nretry-max = 50ms\n"
                "[servers]\na = @/a?delay=0.1&close=never,request\n");
    scene_await_polls("a", 5);
    rig_stop(rig);
    for (size_t i = 1; i < 5; i++)
        scene_failure("a", i, "closed");
    ck_assert_uint_le(mock_server_requests(mock, "a"), 2 + rig_count_events(rig, "poll", "a"));
}
END_TEST

/* --- a look-up that takes time ------------------------------------------------------------------
 */

/* The first one takes so long that the next connection is begun some 0.4 s before. */
static void start_with_slow_look_up(const char *settings)
{
    name_server_set(resolver, NAME_A, NAME_ADDRESSES, 250, "127.0.0.1");
    name_server_set(resolver, NAME_AAAA, NAME_NO_DATA, 0, "");
    scene_start("[defaults]\nkeep-alive = 0\n%s"
                "[servers]\na = http://name.test:%d/a?delay=0.7\n",
                settings, mock_server_port(mock));
    scene_await_polls("a", 1);
}

START_TEST(one_that_is_refused_may_come_right)
{
    start_with_slow_look_up("");
    named_scene_set_ipv4_only();
    mock_server_stop_listening(mock);
    scene_await_connections("connecting", 2);
    scene_await_connections("closed", 2);
    ck_assert_int_eq(mock_server_listen_again(mock), 0);
    scene_await_polls("a", 2);
    scene_check_all_good("a");
    scene_check_punctual();
    ck_assert_uint_eq(mock_server_connections(mock), 2);
}
END_TEST

START_TEST(so_may_one_whose_name_is_not_found)
{
    start_with_slow_look_up("");
    named_scene_set_both(NAME_UNKNOWN, 0);
    scene_await_connections("resolving", 2);
    scene_await_connections("closed", 2);
    named_scene_set_ipv4_only();
    scene_await_polls("a", 2);
    scene_check_all_good("a");
    scene_check_punctual();
}
END_TEST

/* It takes 0.4 s more than is left: the request waits for it, and leaves later. */
START_TEST(one_that_is_still_under_way_is_waited_for)
{
    start_with_slow_look_up("");
    name_server_set(resolver, NAME_A, NAME_ADDRESSES, 800, "127.0.0.1");
    scene_await_polls("a", 2);
    scene_check_all_good("a");
    scene_check_punctual();
    ck_assert_uint_eq(mock_server_connections(mock), 2);
    ck_assert_int_lt(scene_ns(scene_poll("a", 1), "late"), 800 * MS);
}
END_TEST

/* --- the stop ------------------------------------------------------------------------------- */

/* No poll is under way, so none is canceled. */
static void check_stop(void)
{
    rig_signal(rig, SIGTERM);
    scene_await_exit(0);
    ck_assert_str_eq(rig_stderr(rig), "");
    ck_assert_int_eq((int)rig_number(rig_event(rig, "stop", NULL, 0), "polls"), 1);
    ck_assert_uint_eq(mock_server_requests(mock, "a"), 1);
    scene_await_no_connection();
}

START_TEST(a_stop_while_the_name_is_looked_up_is_clean)
{
    start_with_slow_look_up("");
    named_scene_set_both(NAME_SILENCE, 0);
    scene_await_connections("resolving", 2);
    check_stop();
}
END_TEST

START_TEST(so_is_one_while_the_connection_waits_for_its_request)
{
    start_with_slow_look_up("");
    named_scene_set_ipv4_only();
    scene_await_connections("open", 2);
    check_stop();
}
END_TEST

START_TEST(and_one_when_it_is_gone_again)
{
    start_with_slow_look_up("");
    named_scene_set_ipv4_only();
    mock_server_set_accept(mock, MOCK_ACCEPT_AND_CLOSE, 1);
    scene_await_connections("closed", 2);
    check_stop();
}
END_TEST

/* --- descriptors ---------------------------------------------------------------------------- */

enum { SERVERS = 100, LIMIT = 40 };

/* What is opened early waits for nobody, and takes nothing from those that are. */
START_TEST(few_descriptors_are_for_who_needs_one_now)
{
    struct bytes list = {0};

    for (unsigned i = 0; i < SERVERS; i++)
        bytes_print(&list, "s%u = @/s%u?delay=0.2%s\n", i, i, _i == 0 ? "" : "&connection=close");
    rig_set_shell(rig, "ulimit -n 40; exec \"$@\"");
    scene_start("[servers]\n%s", list.data);
    bytes_finish(&list);
    rig_wait_requests(rig, mock, "s99", 3, SCENE_LIMIT_MS);
    ck_assert_uint_le(mock_server_open_connections(mock), LIMIT);
    await_requests(SERVERS);
    ck_assert_uint_le(mock_server_connections(mock), 2 * mock_server_requests(mock, NULL));
}
END_TEST

static Suite *suite(void)
{
    Suite *suite = suite_create("connect-early");
    TCase *tests = scene_case(suite, "when");

    tcase_add_test(tests, a_connection_is_opened_before_the_request_is_due);
    tcase_add_test(tests, a_unix_socket_is_no_exception);
    tcase_add_test(tests, not_where_it_is_switched_off);
    tcase_add_test(tests, not_for_the_first_poll);
    tcase_add_test(tests, a_delay_of_nothing_is_kept);
    tcase_add_test(tests, the_last_poll_of_a_count_leaves_nothing_behind);
    tcase_add_test(tests, a_redirect_to_another_origin_is_not_prepared);
    tests = scene_case(suite, "fate");
    tcase_add_loop_test(tests, one_that_the_server_ends_is_replaced_when_the_request_is_due, 0, 2);
    tcase_add_loop_test(tests, it_is_tried_once, 0, 2);
    tcase_add_test(tests, a_request_on_it_is_sent_once_more);
    tcase_add_test(tests, but_a_post_is_not);
    tcase_add_test(tests, nor_is_one_to_a_server_that_ends_each);
    if (!usage_is_valgrind()) {
        tests = scene_case(suite, "descriptors");
        tcase_add_loop_test(tests, few_descriptors_are_for_who_needs_one_now, 0, 2);
    }
    if (!namespace_has_network("connect-early"))
        return suite;
    tests = named_scene_case(suite, "look-up");
    tcase_add_test(tests, one_that_is_refused_may_come_right);
    tcase_add_test(tests, so_may_one_whose_name_is_not_found);
    tcase_add_test(tests, one_that_is_still_under_way_is_waited_for);
    tests = named_scene_case(suite, "stop");
    tcase_add_test(tests, a_stop_while_the_name_is_looked_up_is_clean);
    tcase_add_test(tests, so_is_one_while_the_connection_waits_for_its_request);
    tcase_add_test(tests, and_one_when_it_is_gone_again);
    return suite;
}

CHECK_MAIN(suite())
