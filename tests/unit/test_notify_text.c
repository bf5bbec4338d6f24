/*
 * What the service manager says in the environment, read strictly; and STATUS,
 * which is one printable line whatever goes in.
 */
#include <stdio.h>
#include <string.h>

#include "base/duration.h"
#include "check_main.h"
#include "report/notify_text.h"

/* --- the socket ----------------------------------------------------------------------- */

START_TEST(a_path_is_an_address)
{
    struct sockaddr_un address;
    socklen_t length = 0;

    ck_assert(notify_address("/run/notify", &address, &length));
    ck_assert_int_eq(address.sun_family, AF_UNIX);
    ck_assert_str_eq(address.sun_path, "/run/notify");
    ck_assert_uint_eq(length, offsetof(struct sockaddr_un, sun_path) + sizeof "/run/notify");
}
END_TEST

START_TEST(an_abstract_name_is_an_address)
{
    struct sockaddr_un address;
    socklen_t length = 0;

    ck_assert(notify_address("@notify", &address, &length));
    ck_assert_mem_eq(address.sun_path, "\0notify", 7);
    ck_assert_uint_eq(length, offsetof(struct sockaddr_un, sun_path) + 7);
}
END_TEST

START_TEST(nothing_else_is)
{
    static const char *const wrong[] = {"", "/", "@", "run/notify", "vsock:2:1234"};
    struct sockaddr_un address;
    socklen_t length;

    ck_assert(!notify_address(wrong[_i], &address, &length));
}
END_TEST

START_TEST(a_path_that_is_too_long_is_none)
{
    struct sockaddr_un address;
    socklen_t length;
    char path[sizeof address.sun_path + 1];

    memset(path, 'a', sizeof path);
    path[0] = '/';
    path[sizeof path - 2] = '\0';
    ck_assert(notify_address(path, &address, &length));
    path[sizeof path - 2] = 'a';
    path[sizeof path - 1] = '\0';
    ck_assert(!notify_address(path, &address, &length));
}
END_TEST

/* --- the watchdog ------------------------------------------------------------------------ */

START_TEST(the_watchdog_is_for_us_or_for_nobody_else)
{
    ck_assert_int_eq(notify_watchdog_span("30000000", "42", 42), 30 * SECOND);
    ck_assert_int_eq(notify_watchdog_span("1", NULL, 42), MICROSECOND);
    ck_assert_int_eq(notify_watchdog_span("30000000", "43", 42), 0);
    ck_assert_int_eq(notify_watchdog_span(NULL, "42", 42), 0);
}
END_TEST

START_TEST(what_is_not_right_is_no_watchdog)
{
    static const char *const wrong[] = {"",
                                        "0",
                                        "-1",
                                        "+1",
                                        " 1",
                                        "1 ",
                                        "1s",
                                        "1x",
                                        "0x1",
                                        "1.5",
                                        "18446744073709551615",
                                        "9223372036854775808",
                                        "99999999999999999999999999"};

    ck_assert_int_eq(notify_watchdog_span(wrong[_i], NULL, 42), 0);
    ck_assert_int_eq(notify_watchdog_span("1000000", wrong[_i], 42), 0);
}
END_TEST

/* --- the status -------------------------------------------------------------------------- */

static const char *text_of(const struct notify_status *status)
{
    static char text[NOTIFY_STATUS_SIZE];

    return notify_status_text(text, status);
}

static const char *next_text(int64_t next)
{
    const struct notify_status status = {.ok = 998, .failing = 1, .overdue = 1, .next = next};
    const char *text = text_of(&status);

    ck_assert_msg(strncmp(text, "998 ok, 1 failing, 1 overdue", 28) == 0, "%s", text);
    return text + 28;
}

START_TEST(the_counts_and_the_next_poll)
{
    ck_assert_str_eq(next_text(200 * MILLISECOND), ", next in 0.2 s");
    ck_assert_str_eq(next_text(0), ", next in 0.0 s");
    ck_assert_str_eq(next_text(-SECOND), ", next in 0.0 s");
    ck_assert_str_eq(next_text(9 * SECOND), ", next in 9.0 s");
    ck_assert_str_eq(next_text(10 * SECOND), ", next in 10 s");
    ck_assert_str_eq(next_text(119 * SECOND), ", next in 119 s");
    ck_assert_str_eq(next_text(2 * MINUTE), ", next in 2 min");
    ck_assert_str_eq(next_text(119 * MINUTE), ", next in 119 min");
    ck_assert_str_eq(next_text(DAY), ", next in 24 h");
    ck_assert_str_eq(next_text(INT64_MAX - 1), ", next in 2562047 h");
    ck_assert_str_eq(next_text(INT64_MAX), "");
}
END_TEST

START_TEST(a_reload_that_failed)
{
    struct notify_status status = {
        .ok = 2, .next = INT64_MAX, .problems = 2, .first = "a.ini:3: \"timeot\" is no key"};

    ck_assert_str_eq(text_of(&status), "2 ok, 0 failing, 0 overdue; the new configuration has 2 "
                                       "problems, the first: a.ini:3: \"timeot\" is no key; the "
                                       "old one is in use");
    status.problems = 1;
    ck_assert_str_eq(text_of(&status), "2 ok, 0 failing, 0 overdue; the new configuration has 1 "
                                       "problem: a.ini:3: \"timeot\" is no key; the old one is "
                                       "in use");
}
END_TEST

/* A line break would begin another variable: whoever names a file could end the service. */
START_TEST(foreign_bytes_are_escaped)
{
    const struct notify_status status = {
        .next = INT64_MAX, .problems = 1, .first = "a\nSTOPPING=1\r\t\x1b[31m\xc3\xa4\xff\x7f.ini"};

    ck_assert_str_eq(
        text_of(&status),
        "0 ok, 0 failing, 0 overdue; the new configuration has 1 problem: "
        "a\\nSTOPPING=1\\r\\t\\x1b[31m\\xc3\\xa4\\xff\\x7f.ini; the old one is in use");
}
END_TEST

START_TEST(what_is_too_long_is_cut_and_the_end_is_there)
{
    static const char end[] = "...; the old one is in use";
    char first[3000];
    struct notify_status status = {.ok = SIZE_MAX,
                                   .failing = SIZE_MAX,
                                   .overdue = SIZE_MAX,
                                   .next = INT64_MAX - 1,
                                   .problems = SIZE_MAX,
                                   .first = first};
    const char *text;

    memset(first, _i == 0 ? 'a' : '\n', sizeof first - 1);
    first[sizeof first - 1] = '\0';
    text = text_of(&status);
    ck_assert_uint_lt(strlen(text), NOTIFY_STATUS_SIZE);
    ck_assert_str_eq(text + strlen(text) - strlen(end), end);
    ck_assert_ptr_null(strchr(text, '\n'));
}
END_TEST

static Suite *suite(void)
{
    Suite *suite = suite_create("notify_text");
    TCase *tests = tcase_create("notify_text");

    tcase_add_test(tests, a_path_is_an_address);
    tcase_add_test(tests, an_abstract_name_is_an_address);
    tcase_add_loop_test(tests, nothing_else_is, 0, 5);
    tcase_add_test(tests, a_path_that_is_too_long_is_none);
    tcase_add_test(tests, the_watchdog_is_for_us_or_for_nobody_else);
    tcase_add_loop_test(tests, what_is_not_right_is_no_watchdog, 0, 13);
    tcase_add_test(tests, the_counts_and_the_next_poll);
    tcase_add_test(tests, a_reload_that_failed);
    tcase_add_test(tests, foreign_bytes_are_escaped);
    tcase_add_loop_test(tests, what_is_too_long_is_cut_and_the_end_is_there, 0, 2);
    suite_add_tcase(suite, tests);
    return suite;
}

CHECK_MAIN(suite())
