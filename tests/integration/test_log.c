/*
 * What the log says, how gravely, and that whatever a server sends, a line is
 * one line of printable ASCII.
 */
#include <regex.h>
#include <string.h>

#include "check_main.h"
#include "scene.h"

#define TIME "^20[0-9]{2}-[01][0-9]-[0-3][0-9]T[0-2][0-9]:[0-5][0-9]:[0-6][0-9]\\.[0-9]{3}Z"
#define SECS "[0-9]+(\\.[0-9]+)?"

static void check_match(const char *text, const char *pattern)
{
    regex_t regex;

    ck_assert_int_eq(regcomp(&regex, pattern, REG_EXTENDED | REG_NOSUB), 0);
    ck_assert_msg(regexec(&regex, text, 0, NULL, 0) == 0, "'%s' is not like '%s'", text, pattern);
    regfree(&regex);
}

static void check_printable(const char *text)
{
    for (; *text != '\0'; text++)
        ck_assert_msg((*text >= ' ' && *text <= '~') || *text == '\n', "a byte of %s", text);
}

static bool is_apart(const char *line)
{
    return strstr(line, " debug connection ") != NULL || strstr(line, " debug explain ") != NULL ||
           strstr(line, "\"event\":\"connection\"") != NULL ||
           strstr(line, "\"event\":\"explain\"") != NULL;
}

/* The lines but for those that have tests of their own. */
static size_t line_count(void)
{
    size_t count = 0;

    for (size_t i = 0; i < rig_line_count(rig); i++)
        count += !is_apart(rig_line(rig, i));
    return count;
}

static const char *line(size_t index)
{
    size_t i = 0;

    while (is_apart(rig_line(rig, i)) || index-- > 0)
        i++;
    return rig_line(rig, i);
}

static void run(const char *format, const char *level, const char *config)
{
    char option[32];

    snprintf(option, sizeof(option), "--log-level=%s", level);
    rig_start(rig, format, option, "--count=5", "-c", config, NULL);
    rig_wait_exit(rig, SCENE_LIMIT_MS);
    ck_assert_str_eq(rig_stderr(rig), "");
    check_printable(rig_stdout(rig));
}

/* One good poll, three equal failures, one of another kind. */
static const char *changing_config(void)
{
    return scene_config("[defaults]\nretry = 10ms\n"
                        "[servers]\na = @/a?delay=0.02&status=200,500,500,500,404\n");
}

/* --- the lines ------------------------------------------------------------------------- */

START_TEST(text_is_for_people)
{
    run("--log-format=text", "debug", changing_config());
    ck_assert_uint_eq(line_count(), 9);
    check_match(line(0), TIME " info start version=[0-9.]+ pid=[0-9]+ servers=1$");
    check_match(line(1), TIME " info ready servers=1$");
    check_match(line(2),
                TIME " info poll server=a status=200 delay=0\\.02 took=" SECS " late=" SECS "$");
    check_match(line(3), TIME " warning poll server=a status=500 delay=" SECS " took=" SECS
                              " late=" SECS " reused=yes error=status "
                              "detail=\"[^\"]+\" attempt=1$");
    check_match(line(4), TIME " warning change server=a state=failing was=ok for=" SECS
                              " error=status detail=\"[^\"]+\"$");
    check_match(line(8), TIME " info stop why=count polls=5 failures=4$");
}
END_TEST

START_TEST(json_is_for_programs)
{
    json_t *poll;

    run("--log-format=json", "debug", changing_config());
    ck_assert_uint_eq(line_count(), 9);
    for (size_t i = 0; i < rig_line_count(rig); i++)
        check_match(rig_string(rig_event(rig, NULL, NULL, i), "time"), TIME "$");
    ck_assert_int_eq((int)rig_number(rig_event(rig, "start", NULL, 0), "pid"), rig_pid(rig));
    poll = scene_poll("a", 1);
    check_match(rig_string(poll, "url"), "^http://127.0.0.1:[0-9]+/a\\?delay=0.02&");
    ck_assert_int_eq((int)rig_number(poll, "status"), 500);
    ck_assert_str_ne(rig_string(poll, "detail"), "");
}
END_TEST

START_TEST(text_is_the_default)
{
    rig_start(rig, "--once", "-c", changing_config(), NULL);
    scene_await_exit(0);
    ck_assert_uint_eq(line_count(), 4);
    check_match(line(2), TIME " info poll server=a status=200 ");
}
END_TEST

START_TEST(equal_failures_are_told_once_and_summed_up)
{
    static const char *const levels[] = {"info", "warning", "debug", "debug", "warning"};
    static const int repeated[] = {-1, -1, -1, -1, 3};

    run("--log-format=json", "debug", changing_config());
    for (size_t i = 0; i < 5; i++) {
        json_t *poll = scene_poll("a", i);

        ck_assert_str_eq(rig_string(poll, "level"), levels[i]);
        if (repeated[i] < 0)
            ck_assert_ptr_null(json_object_get(poll, "repeated"));
        else
            ck_assert_int_eq((int)rig_number(poll, "repeated"), repeated[i]);
    }
}
END_TEST

START_TEST(a_recovery_sums_up_too)
{
    run("--log-format=json", "info",
        scene_config("[defaults]\nretry = 10ms\n"
                     "[servers]\na = @/a?delay=0.01&status=500,500,500,200\n"));
    ck_assert_uint_eq(rig_count_events(rig, "poll", "a"), 3);
    scene_failure("a", 0, "status");
    ck_assert_str_eq(rig_string(scene_poll("a", 1), "result"), "ok");
    ck_assert_int_eq((int)rig_number(scene_poll("a", 1), "repeated"), 3);
    ck_assert_ptr_null(json_object_get(scene_poll("a", 2), "repeated"));
}
END_TEST

START_TEST(the_level_filters)
{
    static const struct {
        const char *level;
        size_t lines;
    } levels[] = {{"error", 0}, {"warning", 3}, {"info", 7}, {"debug", 9}};

    run("--log-format=json", levels[_i].level, changing_config());
    ck_assert_uint_eq(line_count(), levels[_i].lines);
}
END_TEST

/* --- connections ------------------------------------------------------------------------- */

/* The states that the connection to this authority went through, each with a blank before it. */
static const char *states_of(const char *authority)
{
    static struct bytes states;
    const char *last = "closed";
    size_t cursor = 0;
    json_t *event;

    bytes_truncate(&states, 0);
    while ((event = rig_next_event(rig, &cursor, "connection", NULL)) != NULL) {
        if (strcmp(rig_string(event, "to"), authority) != 0)
            continue;
        ck_assert_str_eq(rig_string(event, "level"), "debug");
        ck_assert_str_eq(rig_string(event, "was"), last);
        last = rig_string(event, "is");
        bytes_print(&states, " %s", last);
    }
    return bytes_text(&states);
}

START_TEST(a_connection_is_told_state_by_state)
{
    char name[32];

    snprintf(name, sizeof(name), "localhost:%d", mock_server_port(mock));
    run("--log-format=json", "debug",
        scene_config("[servers]\na = @/a?delay=0.01\nb = http://%s/b?delay=0.01\n", name));
    ck_assert_str_eq(states_of(mock_server_authority(mock)), " connecting open closed");
    ck_assert_str_eq(states_of(name), " resolving connecting open closed");
}
END_TEST

START_TEST(a_connection_that_fails_is_told_too)
{
    mock_server_stop_listening(mock);
    rig_start(rig, "--log-format=json", "--log-level=debug", "--once", "-c",
              scene_config("[servers]\na = @/a\n"), NULL);
    scene_await_exit(1);
    ck_assert_str_eq(states_of(mock_server_authority(mock)), " connecting closed");
}
END_TEST

START_TEST(a_connection_is_told_at_debug_only)
{
    run("--log-format=json", "info", scene_config("[servers]\na = @/a?delay=0.01\n"));
    ck_assert_uint_eq(rig_count_events(rig, "connection", NULL), 0);
    run("--log-format=text", "debug", scene_config("[servers]\na = @/a?delay=0.01\n"));
    check_match(rig_line(rig, 2),
                TIME " debug connection to=127\\.0\\.0\\.1:[0-9]+ was=closed is=connecting$");
}
END_TEST

/* --- what servers send ------------------------------------------------------------------- */

static const struct hostile {
    const char *body;    /* as in a query */
    const char *in_text; /* in the detail */
    const char *in_json;
} hostile[] = {
    {"%1B%5B31mred", "\\\\x1b[31mred", "\\x1b[31mred"},
    {"1%0A2026-11-23T00:00:00.000Z%20info%20stop", "1\\\\n2026-11-23T00", "1\\n2026-11-23T00"},
    {"1%0D%0A2", "1\\\\r\\\\n2", "1\\r\\n2"},
    {"%FF%FE%C3%28", "\\\\xff\\\\xfe\\\\xc3(", "\\xff\\xfe\\xc3("},
    {"%C3%A9", "\\\\xc3\\\\xa9", "\\xc3\\xa9"},
    {"\"quoted\"", "\\\\\\\"quoted\\\\\\\"", "\\\"quoted\\\""},
    {"a%00b", "a\\\\x00b", "a\\x00b"},
    {"%7F%80%9F", "\\\\x7f\\\\x80\\\\x9f", "\\x7f\\x80\\x9f"},
    {"%5C", "\\\\\\\\", "\\\\"},
    {"%25s%25n", "%s%n", "%s%n"},
    {"=%20server=b", "= server=b", "= server=b"},
};

static const char *hostile_config(const char *body)
{
    /* A byte that must not stand in a URL is not to be refused before it is sent. */
    struct bytes query = {0};
    const char *path;

    for (; *body != '\0'; body++)
        bytes_print(&query, strchr("\"=", *body) != NULL ? "%%%02X" : "%c", (unsigned)*body);
    path = scene_config("[defaults]\nretry = 10ms\n[servers]\na = @/a?delay=%s\n", query.data);
    bytes_finish(&query);
    return path;
}

START_TEST(what_a_server_sends_is_escaped)
{
    const struct hostile *sent = &hostile[_i];
    const char *detail;

    run("--log-format=text", "debug", hostile_config(sent->body));
    ck_assert_uint_eq(line_count(), 9);
    ck_assert_msg(strstr(line(2), sent->in_text) != NULL, "'%s' is not in: %s", sent->in_text,
                  line(2));
    run("--log-format=json", "debug", hostile_config(sent->body));
    ck_assert_uint_eq(line_count(), 9);
    detail = rig_string(scene_failure("a", 0, "no-delay"), "detail");
    ck_assert_msg(strstr(detail, sent->in_json) != NULL, "'%s' is not in: %s", sent->in_json,
                  detail);
}
END_TEST

START_TEST(a_long_body_is_quoted_in_part)
{
    run("--log-format=json", "debug",
        scene_config("[defaults]\nretry = 10ms\n[servers]\na = @/a?pad=60000&delay=x%%00\n"));
    ck_assert_uint_lt(strlen(rig_string(scene_failure("a", 0, "no-delay"), "detail")), 200);
}
END_TEST

static Suite *suite(void)
{
    Suite *suite = suite_create("log");
    TCase *tests = scene_case(suite, "lines");

    tcase_add_test(tests, text_is_for_people);
    tcase_add_test(tests, json_is_for_programs);
    tcase_add_test(tests, text_is_the_default);
    tcase_add_test(tests, equal_failures_are_told_once_and_summed_up);
    tcase_add_test(tests, a_recovery_sums_up_too);
    tcase_add_loop_test(tests, the_level_filters, 0, 4);
    tests = scene_case(suite, "connections");
    tcase_add_test(tests, a_connection_is_told_state_by_state);
    tcase_add_test(tests, a_connection_that_fails_is_told_too);
    tcase_add_test(tests, a_connection_is_told_at_debug_only);
    tests = scene_case(suite, "hostile");
    tcase_add_loop_test(tests, what_a_server_sends_is_escaped, 0,
                        sizeof(hostile) / sizeof(hostile[0]));
    tcase_add_test(tests, a_long_body_is_quoted_in_part);
    return suite;
}

CHECK_MAIN(suite())
