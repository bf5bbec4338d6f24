#include <string.h>

#include "ask/name_hint.h"
#include "check_main.h"

static char long_name[400];

static const char *const names[] = {
    "alpha",          "beta",    "node-1.example", "node-2.example", "node-3.example",
    "node-4.example", "\x1b[2J", long_name,        "gone",           "b"};

static const struct {
    const char *name, *hint;
} hints[] = {
    {"alhpa", "; did you mean alpha?"},
    {"bet", "; did you mean beta?"},
    {"BETA", "; did you mean beta?"},
    {"node-2", "; did you mean node-2.example?"},
    {"example", "; did you mean node-1.example or node-2.example or node-3.example?"},
    {"[2", "; did you mean \\x1b[2J?"},
    {"omega", ""},
    {"beto", "; did you mean beta?"},
    {"nope", ""}, /* near to "gone", for who counts slips only */
    {"a", ""},
    {"x", ""},
    {"", ""},
};

START_TEST(near_names_are_told)
{
    struct answer_server servers[sizeof names / sizeof *names] = {0};
    struct status_answer answer = {.servers = servers, .count = sizeof names / sizeof *names};
    struct buffer out = {0};
    memset(long_name, 'x', sizeof long_name - 1);
    for (size_t i = 0; i < answer.count; i++)
        servers[i].name = names[i];
    name_hint(&out, hints[_i].name, &answer);
    buffer_add(&out, "", 1);
    ck_assert_str_eq(out.bytes, hints[_i].hint);
    buffer_free(&out);
}
END_TEST

START_TEST(a_daemon_may_name_no_server)
{
    const struct status_answer answer = {0};
    struct buffer out = {0};
    name_hint(&out, "a", &answer);
    buffer_add(&out, "", 1);
    ck_assert_str_eq(out.bytes, "; the daemon tells nothing of single servers");
    buffer_free(&out);
}
END_TEST

static const char *const no_names[] = {
    "",    "a b",        "a/b",      "../status", "a%62", "a?b",
    "a#b", "a\r\nHost:", "\xc3\xa4", long_name,   "a:80", "[::1]"};

START_TEST(a_path_is_made_of_names_only)
{
    char path[NAME_PATH_SIZE] = "";
    memset(long_name, 'x', sizeof long_name - 1);
    ck_assert(name_path("a.B_c-9", path));
    ck_assert_str_eq(path, "/servers/a.B_c-9.json");
    for (size_t i = 0; i < sizeof no_names / sizeof *no_names; i++)
        ck_assert_msg(!name_path(no_names[i], path), "%s", no_names[i]);
}
END_TEST

static Suite *suite(void)
{
    Suite *s = suite_create("name hint");
    TCase *tcase = tcase_create("name hint");
    tcase_add_loop_test(tcase, near_names_are_told, 0, sizeof hints / sizeof *hints);
    tcase_add_test(tcase, a_daemon_may_name_no_server);
    tcase_add_test(tcase, a_path_is_made_of_names_only);
    suite_add_tcase(s, tcase);
    return s;
}

CHECK_MAIN(suite())
