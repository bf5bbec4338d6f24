/*
 * Names that hang, fail, or come too late: each is a failure of its own servers
 * only, and one look-up is enough for all of them.
 */
#include <signal.h>
#include <string.h>

#include "check_main.h"
#include "scene.h"
#include "silent_resolver.h"

static const int64_t MS = 1000000;

static struct silent_resolver *resolver;

static void teardown(void)
{
    if (resolver != NULL)
        silent_resolver_free(resolver);
    resolver = NULL;
}

/* False where this machine or user does not let us. */
static bool have_silent_resolver(void)
{
    resolver = silent_resolver_new(rig_loop(rig));
    return resolver != NULL &&
           scene_replace_file("/etc/resolv.conf", rig_write(rig, "resolv.conf", "nameserver %s\n",
                                                            silent_resolver_address(resolver)));
}

/* With a name server or without one that answers. */
START_TEST(an_unknown_name_is_dns)
{
    static const char *const hosts[] = {"nosuch.invalid", "nosuch.onion"};
    json_t *poll;

    scene_start_count(2,
                      "[defaults]\nconnect-timeout = 300ms\nretry = 20ms\n"
                      "[servers]\na = http://%s/\n",
                      hosts[_i]);
    scene_await_exit(1);
    for (size_t i = 0; i < 2; i++) {
        poll = scene_failure("a", i, "dns");
        ck_assert_int_eq(strncmp(rig_string(poll, "detail"), hosts[_i], strlen(hosts[_i])), 0);
        ck_assert_ptr_null(json_object_get(poll, "late"));
    }
}
END_TEST

/* RFC 6761 section 6.3. Each poll is a look-up, none of which may leak. */
START_TEST(localhost_is_loopback_and_nobody_is_asked)
{
    static const char *const hosts[] = {"localhost", "a.LocalHost"};

    if (!have_silent_resolver())
        return;
    scene_start_count(3, "[defaults]\nkeep-alive = 0\n[servers]\na = http://%s:%d/a?delay=0.01\n",
                      hosts[_i], mock_server_port(mock));
    scene_await_exit(0);
    scene_check_all_good("a");
    ck_assert_uint_eq(mock_server_requests(mock, "a"), 3);
    ck_assert(!silent_resolver_was_asked(resolver));
}
END_TEST

/* Names hang, one look-up beside the other, and neither others' look-ups nor polls notice. */
START_TEST(a_silent_name_server_holds_up_nobody)
{
    json_t *poll;

    if (!have_silent_resolver())
        return;
    scene_start("[defaults]\nretry = 20ms\nconnect-timeout = 300ms\nkeep-alive = 0\n"
                "[servers]\n"
                "d1 = http://d1.test/\nd2 = http://d2.test/\nd3 = http://d3.test/\n"
                "d4 = http://d4.test/\nd5 = http://d5.test/\nd6 = http://d6.test/\n"
                "a = http://localhost:%d/a?delay=0.05\n"
                "b = @/b?delay=0.05\n",
                mock_server_port(mock));
    scene_await_polls("a", 10);
    scene_await_polls("b", 10);
    scene_await_polls("d6", 2);
    rig_stop(rig);
    poll = scene_failure("d6", 1, "dns");
    ck_assert_int_ge(scene_ns(poll, "took"), 300 * MS);
    ck_assert_ptr_nonnull(strstr(rig_string(poll, "detail"), "no answer"));
    scene_check_all_good("a");
    scene_check_all_good("b");
    scene_check_punctual();
}
END_TEST

enum { DEAD = 300, DEAD_POLLS = 3 };

/* Fails where a poll left later than a blocked look-up could ever be excused by a busy machine. */
static void check_late(const char *server, int64_t most_ns)
{
    for (size_t i = 0; i < scene_count_whole(server); i++)
        ck_assert_int_le(scene_ns(scene_poll(server, i), "late"),
                         (int64_t)((double)most_ns * rig_slowness()));
}

START_TEST(many_dead_names_hold_up_nobody)
{
    struct bytes list = {0};
    size_t whole;

    if (!have_silent_resolver())
        return;
    for (int i = 0; i < DEAD; i++)
        bytes_print(&list, "d%d = http://d%d.test/\n", i, i);
    scene_start("[defaults]\nretry = 500ms\nretry-max = 500ms\nconnect-timeout = 200ms\n"
                "[servers]\n%sa = @/a?delay=0.05\n",
                list.data);
    bytes_finish(&list);
    scene_await_polls("d299", DEAD_POLLS);
    scene_await_polls("a", 30);
    rig_stop(rig);
    whole = scene_count_whole("a");
    scene_check_all_good("a");
    scene_check_punctual();
    scene_check_never_early("a");
    check_late("a", 1000 * MS);
    ck_assert_uint_ge(mock_server_requests(mock, "a"), whole);
    if (rig_slowness() <= 1) /* else lines may be lost at the stop, as nobody reads them in time */
        ck_assert_uint_le(mock_server_requests(mock, "a"), whole + 1);
    for (size_t i = 0; i < DEAD_POLLS; i++) {
        scene_failure("d0", i, "dns");
        scene_failure("d299", i, "dns");
    }
}
END_TEST

/* --- shared look-ups -------------------------------------------------------------------------- */

START_TEST(servers_of_one_dead_host_share_a_look_up)
{
    if (!have_silent_resolver())
        return;
    scene_start("[defaults]\nretry = 20ms\nretry-max = 50ms\nconnect-timeout = 200ms\n"
                "[servers]\n"
                "a = http://dead.test/a\nb = http://dead.test:81/b\nc = http://other.test/c\n");
    scene_await_polls("a", 4);
    scene_await_polls("b", 4);
    scene_await_polls("c", 4);
    ck_assert_uint_eq(silent_resolver_look_ups(resolver, "dead.test"), 1);
    ck_assert_uint_eq(silent_resolver_look_ups(resolver, "other.test"), 1);
    for (size_t i = 0; i < 4; i++) {
        scene_failure("a", i, "dns");
        scene_failure("b", i, "dns");
    }
}
END_TEST

START_TEST(servers_of_one_host_share_an_answer_each_with_its_port)
{
    struct mock_server *other = rig_mock(rig);

    if (!have_silent_resolver())
        return;
    scene_start_count(1,
                      "[servers]\n"
                      "a = http://both.test:%d/a\nb = http://both.test:%d/b\n",
                      mock_server_port(mock), mock_server_port(other));
    rig_wait(rig, silent_resolver_was_asked, resolver, SCENE_LIMIT_MS);
    rig_pass(rig, 50); /* for both to be waiting */
    silent_resolver_answer(resolver, "127.0.0.1");
    scene_await_exit(0);
    ck_assert_uint_eq(mock_server_requests(mock, "a"), 1);
    ck_assert_uint_eq(mock_server_requests(other, "b"), 1);
    ck_assert_uint_eq(silent_resolver_look_ups(resolver, "both.test"), 1);
}
END_TEST

/* --- late answers ------------------------------------------------------------------------------
 */

START_TEST(a_name_server_that_comes_back_ends_the_failures)
{
    if (!have_silent_resolver())
        return;
    scene_start("[defaults]\nretry = 20ms\nretry-max = 50ms\nconnect-timeout = 300ms\n"
                "[servers]\na = http://late.test:%d/a?delay=0.01\n",
                mock_server_port(mock));
    scene_await_polls("a", 1);
    scene_failure("a", 0, "dns");
    silent_resolver_answer(resolver, "127.0.0.1");
    rig_wait_requests(rig, mock, "a", 3, SCENE_LIMIT_MS);
}
END_TEST

/* Stopped meanwhile, the program sees the answer before it sees that the time is up. */
START_TEST(an_answer_after_the_time_is_up_is_dns)
{
    if (!have_silent_resolver())
        return;
    scene_start("[defaults]\nconnect-timeout = 300ms\n"
                "[servers]\na = http://late.test:%d/a?delay=0.01\n",
                mock_server_port(mock));
    rig_wait(rig, silent_resolver_was_asked, resolver, SCENE_LIMIT_MS);
    rig_pass(rig, 50); /* for the query of the IPv6 addresses */
    rig_signal(rig, SIGSTOP);
    silent_resolver_answer(resolver, "127.0.0.1");
    rig_pass(rig, 500);
    rig_signal(rig, SIGCONT);
    scene_await_polls("a", 1);
    scene_failure("a", 0, "dns");
    rig_wait_requests(rig, mock, "a", 1, SCENE_LIMIT_MS);
}
END_TEST

static Suite *suite(void)
{
    Suite *suite = suite_create("names");
    TCase *tests = scene_case(suite, "names");

    tcase_add_checked_fixture(tests, NULL, teardown);
    tcase_add_loop_test(tests, an_unknown_name_is_dns, 0, 2);
    tcase_add_loop_test(tests, localhost_is_loopback_and_nobody_is_asked, 0, 2);
    tcase_add_test(tests, a_silent_name_server_holds_up_nobody);
    tcase_add_test(tests, many_dead_names_hold_up_nobody);
    tcase_add_test(tests, servers_of_one_dead_host_share_a_look_up);
    tcase_add_test(tests, servers_of_one_host_share_an_answer_each_with_its_port);
    tcase_add_test(tests, a_name_server_that_comes_back_ends_the_failures);
    tcase_add_test(tests, an_answer_after_the_time_is_up_is_dns);
    return suite;
}

CHECK_MAIN(suite())
