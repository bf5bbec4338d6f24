/* Request targets and hosts. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "check_main.h"
#include "report/listener_target.h"

static const struct {
    const char *text, *host, *path, *query;
} targets[] = {
    {"/", NULL, "/", NULL},
    {"/status.json", NULL, "/status.json", NULL},
    {"/status.json?since=1.5&a=%2F?", NULL, "/status.json", "since=1.5&a=%2F?"},
    {"/?", NULL, "/", ""},
    {"/%73tatus.js%6Fn", NULL, "/status.json", NULL},
    {"/a%20b%2e%25", NULL, "/a b.%", NULL},
    {"/%C3%bc", NULL, "/\xc3\xbc", NULL},
    {"/.../a..b/..c/.d/e.", NULL, "/.../a..b/..c/.d/e.", NULL},
    {"//", NULL, "//", NULL},
    {"http://localhost/a?b", "localhost", "/a", "b"},
    {"HTTP://127.0.0.1:9914", "127.0.0.1:9914", "/", NULL},
    {"http://[::1]:9914?a", "[::1]:9914", "/", "a"},
    {"http:///a", "", "/a", NULL},
};

/* A copy of just that size, so that reading behind it is found out. */
static char *copy_of(const char *text)
{
    char *copy = strdup(text);

    ck_assert_ptr_nonnull(copy);
    return copy;
}

static void assert_same(const char *found, const char *expected)
{
    ck_assert_int_eq(found == NULL, expected == NULL);
    if (expected != NULL)
        ck_assert_str_eq(found, expected);
}

START_TEST(a_target_is_read)
{
    char *text = copy_of(targets[_i].text);
    struct listener_target target;

    ck_assert_ptr_null(listener_target_read(&target, text));
    assert_same(target.host, targets[_i].host);
    assert_same(target.path, targets[_i].path);
    assert_same(target.query, targets[_i].query);
    free(text);
}
END_TEST

#define ESCAPE  "an escape in its path is not % and two hexadecimal digits"
#define DOTS    "its path has a segment of dots"
#define CONTROL "a control character stands in its path"
#define OTHER   "its target is neither a path nor a URL of http"

static const struct {
    const char *text, *why;
} mistakes[] = {
    {"", OTHER},
    {"*", OTHER},
    {"status.json", OTHER},
    {"https://localhost/", OTHER},
    {"http:/localhost/", OTHER},
    {"localhost:80", OTHER},
    {"/..", DOTS},
    {"/.", DOTS},
    {"/../etc/passwd", DOTS},
    {"/servers/../../etc/passwd", DOTS},
    {"/servers/./a", DOTS},
    {"/servers/..", DOTS},
    {"/%2e%2E/a", DOTS},
    {"/a/.%2e?b", DOTS},
    {"http://localhost/..", DOTS},
    {"/a%00", CONTROL},
    {"/%0a", CONTROL},
    {"/%7f", CONTROL},
    {"/%", ESCAPE},
    {"/%2", ESCAPE},
    {"/%?20", ESCAPE},
    {"/%g0", ESCAPE},
    {"/%0g", ESCAPE},
    {"/%%20", ESCAPE},
    {"/a%2Fb", "an escaped slash stands in its path"},
    {"/..%2f", "an escaped slash stands in its path"},
};

START_TEST(a_mistake_is_named)
{
    char *text = copy_of(mistakes[_i].text);
    struct listener_target target;

    assert_same(listener_target_read(&target, text), mistakes[_i].why);
    free(text);
}
END_TEST

static const char *const own[] = {"localhost",     "LOCALHOST:1",    "127.0.0.1",
                                  "10.0.0.1:9914", "localhost:",     "[::1]",
                                  "[::1]:9914",    "[2001:db8::1]:", "192.0.2.7:123456"};
static const char *const names[] = {"example.net", "example.net:80",   "localhost.example.net",
                                    "a.localhost", "127.0.0.1.nip.io", "127.1",
                                    "localhost.",  "0x7f000001",       "2130706433:80",
                                    "a_b-c"};
static const char *const malformed[] = {"",
                                        ":80",
                                        "a b",
                                        "user@localhost",
                                        "localhost:80a",
                                        "[::1",
                                        "[::1]a",
                                        "[a]",
                                        "[]",
                                        "localhost/",
                                        "[",
                                        "a,b",
                                        "::1",
                                        "localhost:80:80",
                                        "\xc3\xbc",
                                        "[0000:0000:0000:0000:0000:0000:0000:0000:0000:0000:0000]"};

START_TEST(addresses_and_localhost_are_own)
{
    ck_assert_msg(listener_host_read(own[_i]) == LISTENER_HOST_OWN, "%s", own[_i]);
}
END_TEST

START_TEST(other_names_are_not)
{
    ck_assert_msg(listener_host_read(names[_i]) == LISTENER_HOST_NAME, "%s", names[_i]);
}
END_TEST

START_TEST(what_is_no_host_is_malformed)
{
    ck_assert_msg(listener_host_read(malformed[_i]) == LISTENER_HOST_MALFORMED, "%s",
                  malformed[_i]);
}
END_TEST

static Suite *suite(void)
{
    Suite *suite = suite_create("listener_target");
    TCase *tests = tcase_create("listener_target");

    tcase_add_loop_test(tests, a_target_is_read, 0, sizeof targets / sizeof targets[0]);
    tcase_add_loop_test(tests, a_mistake_is_named, 0, sizeof mistakes / sizeof mistakes[0]);
    tcase_add_loop_test(tests, addresses_and_localhost_are_own, 0, sizeof own / sizeof own[0]);
    tcase_add_loop_test(tests, other_names_are_not, 0, sizeof names / sizeof names[0]);
    tcase_add_loop_test(tests, what_is_no_host_is_malformed, 0,
                        sizeof malformed / sizeof malformed[0]);
    suite_add_tcase(suite, tests);
    return suite;
}

CHECK_MAIN(suite())
