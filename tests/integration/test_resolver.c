/*
 * Name servers that are slow, wrong, hostile or gone, and what the program
 * makes of their answers: the real c-ares, in a network of the test's own.
 */
#include <string.h>

#include "check_main.h"
#include "named_scene.h"
#include "namespace.h"

static const int64_t MS = 1000000;

/* --- slow, for one family or both ----------------------------------------------------------- */

START_TEST(a_dead_resolver_is_dns_in_time_and_others_are_not_late)
{
    named_scene_start("connect-timeout = 300ms\n");
    scene_await_polls("a", 3);
    scene_await_polls("b", 10);
    rig_stop(rig);
    for (size_t i = 0; i < 3; i++) {
        scene_failure("a", i, "dns");
        named_scene_check_took(i, 300, 500);
    }
    scene_check_all_good("b");
    for (size_t i = 0; i < 10; i++)
        ck_assert_int_le(scene_ns(scene_poll("b", i), "late"),
                         (int64_t)((double)(200 * MS) * rig_slowness()));
}
END_TEST

/* 50 ms of the Resolution Delay. IPv4 is known to work then, and is not kept waiting again. */
START_TEST(ipv6_that_is_not_answered_is_not_waited_for_long)
{
    name_server_set(resolver, NAME_A, NAME_ADDRESSES, 0, "127.0.0.1");
    named_scene_start("");
    scene_await_polls("a", 3);
    rig_stop(rig);
    scene_check_all_good("a");
    named_scene_check_took(0, 50, 250);
    named_scene_check_took(1, 0, 200);
}
END_TEST

START_TEST(ipv4_that_is_not_answered_is_not_waited_for)
{
    struct mock_server *six;

    ck_assert_int_eq(mock_server_new(&six, rig_loop(rig), "::1", mock_server_port(mock)), 0);
    name_server_set(resolver, NAME_AAAA, NAME_ADDRESSES, 0, "::1");
    named_scene_start("");
    scene_await_polls("a", 3);
    rig_stop(rig);
    scene_check_all_good("a");
    named_scene_check_took(0, 0, 200);
    ck_assert_uint_ge(mock_server_requests(six, "a"), 3);
    mock_server_free(six);
}
END_TEST

START_TEST(an_answer_after_the_limit_is_there_for_the_next_poll)
{
    named_scene_set_ipv4_only();
    name_server_set(resolver, NAME_A, NAME_ADDRESSES, 600, "127.0.0.1");
    name_server_set(resolver, NAME_AAAA, NAME_NO_DATA, 600, "");
    named_scene_start("connect-timeout = 250ms\n");
    scene_await_polls("a", 1);
    scene_failure("a", 0, "dns");
    ck_assert_uint_le(named_scene_await("ok", 1), (size_t)(4 * rig_slowness()));
}
END_TEST

/* --- other addresses ------------------------------------------------------------------------ */

START_TEST(a_changed_address_is_followed)
{
    struct mock_server *other;
    size_t before;

    ck_assert_int_eq(mock_server_new(&other, rig_loop(rig), "127.0.0.2", mock_server_port(mock)),
                     0);
    named_scene_set_ipv4_only();
    named_scene_start("");
    scene_await_polls("a", 3);
    name_server_set(resolver, NAME_A, NAME_ADDRESSES, 0, "127.0.0.2");
    rig_wait_requests(rig, other, "a", 3, SCENE_LIMIT_MS);
    before = mock_server_requests(mock, "a");
    rig_wait_requests(rig, other, "a", 6, SCENE_LIMIT_MS);
    ck_assert_uint_eq(mock_server_requests(mock, "a"), before);
    rig_stop(rig);
    scene_check_all_good("a");
    mock_server_free(other);
}
END_TEST

/* It accepts, and answers nothing: that does not make it the first to be tried next. */
START_TEST(an_address_that_only_connects_is_not_preferred)
{
    struct mock_server *dead, *six;
    size_t failures;

    ck_assert_int_eq(mock_server_new(&dead, rig_loop(rig), "127.0.0.2", mock_server_port(mock)), 0);
    ck_assert_int_eq(mock_server_new(&six, rig_loop(rig), "::1", mock_server_port(mock)), 0);
    mock_server_set_accept(dead, MOCK_ACCEPT_AND_CLOSE, UINT_MAX);
    name_server_set(resolver, NAME_A, NAME_ADDRESSES, 0, "127.0.0.2");
    name_server_set(resolver, NAME_AAAA, NAME_NO_DATA, 0, "");
    named_scene_start("");
    scene_await_polls("a", 2);
    name_server_set(resolver, NAME_AAAA, NAME_ADDRESSES, 0, "::1");
    failures = named_scene_await("ok", 2);
    ck_assert_uint_le(failures, 4); /* those that were under way */
    scene_failure("a", 0, "closed");
    rig_wait_requests(rig, six, "a", 3, SCENE_LIMIT_MS);
    rig_stop(rig);
    mock_server_free(dead);
    mock_server_free(six);
}
END_TEST

/* --- failures ------------------------------------------------------------------------------- */

START_TEST(the_last_address_that_worked_is_used_while_the_resolver_fails)
{
    static const enum name_answer failures[] = {NAME_FAILURE, NAME_REFUSED, NAME_SILENCE,
                                                NAME_GARBAGE};
    size_t at;

    named_scene_set_ipv4_only();
    named_scene_start("connect-timeout = 1s\n");
    scene_await_polls("a", 3);
    named_scene_set_both(failures[_i], 0);
    at = named_scene_polls() + 1;
    scene_await_polls("a", at + 2);
    named_scene_check_detail(scene_poll("a", at), "the resolver failed");
    named_scene_check_detail(scene_poll("a", at), mock_server_authority(mock));
    named_scene_check_took(at, 0, 700);
    named_scene_set_ipv4_only();
    named_scene_await_silence();
    rig_stop(rig);
    scene_check_all_good("a");
    scene_check_all_good("b");
}
END_TEST

/* The known address is tried at half the time; the answer brings another one, which works. */
START_TEST(an_address_from_a_late_answer_is_not_said_to_be_old)
{
    struct mock_server *other;
    size_t at;

    ck_assert_int_eq(mock_server_new(&other, rig_loop(rig), "127.0.0.2", mock_server_port(mock)),
                     0);
    named_scene_set_ipv4_only();
    named_scene_start("connect-timeout = 1s\n");
    scene_await_polls("a", 2);
    mock_server_stop_listening(mock);
    name_server_set(resolver, NAME_A, NAME_ADDRESSES, 700, "127.0.0.2");
    name_server_set(resolver, NAME_AAAA, NAME_NO_DATA, 700, "");
    rig_wait_requests(rig, other, "a", 1, SCENE_LIMIT_MS);
    at = named_scene_await("ok", named_scene_polls());
    rig_stop(rig);
    ck_assert_ptr_null(json_object_get(scene_poll("a", at), "detail"));
    mock_server_free(other);
}
END_TEST

START_TEST(an_unknown_name_is_not_overridden_by_a_known_address)
{
    static const enum name_answer answers[][2] = {
        {NAME_UNKNOWN, NAME_UNKNOWN},
        {NAME_NO_DATA, NAME_NO_DATA},
        {NAME_FAILURE, NAME_UNKNOWN},
        {NAME_UNKNOWN, NAME_FAILURE},
    };
    json_t *poll;

    named_scene_set_ipv4_only();
    named_scene_start("");
    scene_await_polls("a", 3);
    name_server_set(resolver, NAME_A, answers[_i][0], 0, "");
    name_server_set(resolver, NAME_AAAA, answers[_i][1], 0, "");
    poll = scene_failure("a", named_scene_await("error", 3), "dns");
    named_scene_check_detail(poll, "name.test");
    named_scene_set_ipv4_only();
    named_scene_await("ok", named_scene_polls());
}
END_TEST

/* --- strange and hostile answers ------------------------------------------------------------ */

START_TEST(an_answer_is_read_to_its_end)
{
    static const enum name_answer answers[] = {NAME_TRUNCATED, NAME_ALIAS, NAME_HUGE};

    named_scene_set_both(answers[_i], 0);
    named_scene_start("");
    scene_await_polls("a", 3);
    rig_stop(rig);
    scene_check_all_good("a");
    scene_check_all_good("b");
}
END_TEST

START_TEST(a_wrong_answer_is_dns_and_disturbs_nobody)
{
    static const enum name_answer answers[] = {
        NAME_WRONG_ID, NAME_WRONG_NAME,   NAME_GARBAGE,    NAME_CUT,
        NAME_REFUSED,  NAME_LOOPING_NAME, NAME_ALIAS_LOOP, NAME_FAILURE,
    };

    named_scene_set_both(answers[_i], 0);
    named_scene_start("connect-timeout = 300ms\n");
    scene_await_polls("a", 3);
    scene_await_polls("b", 10);
    for (size_t i = 0; i < 3; i++)
        scene_failure("a", i, "dns");
    named_scene_set_ipv4_only();
    named_scene_await("ok", named_scene_polls());
    rig_stop(rig);
    scene_check_all_good("b");
}
END_TEST

START_TEST(an_address_of_the_family_not_asked_for_is_not_used)
{
    name_server_set(resolver, NAME_AAAA, NAME_OTHER_FAMILY, 0, "127.0.0.1");
    named_scene_start("address-family = 6\nconnect-timeout = 300ms\n");
    scene_await_polls("a", 2);
    rig_stop(rig);
    scene_failure("a", 0, "dns");
    ck_assert_uint_eq(mock_server_requests(mock, "a"), 0);
}
END_TEST

START_TEST(only_the_family_that_is_wanted_is_asked_for)
{
    named_scene_set_both(NAME_ADDRESSES, 0);
    named_scene_start("address-family = 4\n");
    scene_await_polls("a", 2);
    rig_stop(rig);
    scene_check_all_good("a");
    ck_assert_uint_eq(name_server_queries(resolver, NAME_AAAA), 0);
    ck_assert_uint_ge(name_server_queries(resolver, NAME_A), 2);
}
END_TEST

static Suite *suite(void)
{
    Suite *suite = suite_create("resolver");
    TCase *tests;

    if (!namespace_has_network("resolver"))
        return suite;
    tests = named_scene_case(suite, "slow");
    tcase_add_test(tests, a_dead_resolver_is_dns_in_time_and_others_are_not_late);
    tcase_add_test(tests, ipv6_that_is_not_answered_is_not_waited_for_long);
    tcase_add_test(tests, ipv4_that_is_not_answered_is_not_waited_for);
    tcase_add_test(tests, an_answer_after_the_limit_is_there_for_the_next_poll);
    tcase_add_test(tests, a_changed_address_is_followed);
    tcase_add_test(tests, an_address_that_only_connects_is_not_preferred);
    tests = named_scene_case(suite, "failures");
    tcase_add_loop_test(tests, the_last_address_that_worked_is_used_while_the_resolver_fails, 0, 4);
    tcase_add_test(tests, an_address_from_a_late_answer_is_not_said_to_be_old);
    tcase_add_loop_test(tests, an_unknown_name_is_not_overridden_by_a_known_address, 0, 4);
    tests = named_scene_case(suite, "answers");
    tcase_add_loop_test(tests, an_answer_is_read_to_its_end, 0, 3);
    tcase_add_loop_test(tests, a_wrong_answer_is_dns_and_disturbs_nobody, 0, 8);
    tcase_add_test(tests, an_address_of_the_family_not_asked_for_is_not_used);
    tcase_add_test(tests, only_the_family_that_is_wanted_is_asked_for);
    return suite;
}

CHECK_MAIN(suite())
