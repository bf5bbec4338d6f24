/*
 * The command line: what it prints, what it exits with, and that a mistake in
 * it or in the configuration polls nothing.
 */
#include <string.h>

#include "check_main.h"
#include "scene.h"

static const struct rig_result *result;

static void check_usage_error(const char *sentence)
{
    ck_assert_int_eq(result->exit.signal, 0);
    ck_assert_int_eq(result->exit.status, 2);
    ck_assert_str_eq(result->out, "");
    ck_assert_msg(strstr(result->err, sentence) != NULL, "'%s' is not in: %s", sentence,
                  result->err);
    ck_assert_uint_eq(mock_server_connections(mock), 0);
}

static void check_success(void)
{
    ck_assert_msg(result->exit.signal == 0 && result->exit.status == 0, "status %d, signal %d: %s",
                  result->exit.status, result->exit.signal, result->err);
    ck_assert_str_eq(result->err, "");
}

static size_t count_lines(const char *text)
{
    size_t count = 0;

    for (; *text != '\0'; text++)
        count += *text == '\n';
    return count;
}

static const char *good_file(void)
{
    return scene_config("[aiopoll]\nlog-format = json\nlog-level = warning\n"
                        "[servers]\na = @/a?delay=60\nb = @/b?delay=60\n");
}

/* --- what needs no server ---------------------------------------------------------------- */

START_TEST(no_arguments_is_a_screen_of_usage)
{
    result = rig_run(rig, NULL);
    check_usage_error("Usage: aiopoll [OPTION]... [URL]...\n");
    ck_assert_uint_le(count_lines(result->err), 24);
    for (const char *line = result->err; *line != '\0'; line += strcspn(line, "\n") + 1)
        ck_assert_uint_le(strcspn(line, "\n"), 80);
    ck_assert_ptr_nonnull(strstr(result->err, " HOST:PORT, [v6]:PORT or unix:PATH\n"));
}
END_TEST

START_TEST(help_is_on_standard_output)
{
    static const char *const options[] = {"-h", "--help"};

    result = rig_run(rig, options[_i], NULL);
    check_success();
    ck_assert_int_eq(strncmp(result->out, "Usage: aiopoll ", 15), 0);
    ck_assert_ptr_nonnull(strstr(result->out, "--log-format=FORMAT"));
    for (const char *line = result->out; *line != '\0'; line += strcspn(line, "\n") + 1)
        ck_assert_uint_le(strcspn(line, "\n"), 80);
}
END_TEST

START_TEST(version_is_one_line)
{
    static const char *const options[] = {"-V", "--version"};

    result = rig_run(rig, options[_i], NULL);
    check_success();
    ck_assert_int_eq(strncmp(result->out, "aiopoll ", 8), 0);
    ck_assert_uint_eq(count_lines(result->out), 1);
}
END_TEST

/* --help and --version have no file; a check does. */
START_TEST(an_output_that_is_full_is_status_1)
{
    static const char *const options[] = {"-h", "--help", "-V", "--version", "-t", "--check"};
    const char *file = good_file();
    struct rig_exit ended;

    rig_set_stdout(rig, "/dev/full");
    rig_start(rig, options[_i], "-c", file, NULL);
    ended = rig_wait_exit(rig, SCENE_LIMIT_MS);
    ck_assert_int_eq(ended.signal, 0);
    ck_assert_int_eq(ended.status, 1);
    ck_assert_uint_eq(mock_server_connections(mock), 0);
}
END_TEST

/* --- mistakes ---------------------------------------------------------------------------- */

static const struct mistake {
    const char *option;
    const char *sentence;
} mistakes[] = {
    {"--nonsense", "--nonsense"},
    {"-x", "'x'"},
    {"--log", "ambiguous"},
    {"--config", "requires an argument"},
    {"-n", "requires an argument"},
    {"--once=2", "doesn't allow an argument"},
    {"--count=0", "--count=\"0\""},
    {"--count=-1", "--count=\"-1\""},
    {"--count=", "--count=\"\""},
    {"--count=two", "--count=\"two\""},
    {"--count=1.5", "--count=\"1.5\""},
    {"--count=99999999999999999999", "--count=\"99999999999999999999\""},
    {"-n1x", "--count=\"1x\""},
    {"--log-format=xml", "\"xml\": write one of text, json\n"},
    {"--log-format=", "write one of text, json\n"},
    {"--log-level=loud", "\"loud\": write one of error, warning, info, debug\n"},
    {"--log-level=INFO", "\"INFO\": write one of error, warning, info, debug\n"},
    {"ftp://example.net/", "\"ftp://example.net/\" cannot be polled"},
    {"http://", "\"http://\" cannot be polled"},
    {"http://a b/", "\"http://a b/\" cannot be polled"},
    {"http://localhost:65536/", "\"http://localhost:65536/\" cannot be polled"},
    {"", "\"\" cannot be polled"},
    {"http://me:hunter2@localhost:0/", "\"http://***@localhost:0/\" cannot be polled"},
    {"\x1b[31m", "\"\\x1b[31m\" cannot be polled"},
};

/* With a good URL, which isn't polled then, before it. */
START_TEST(a_mistake_is_said_and_nothing_polled)
{
    struct bytes url = {0};

    bytes_print(&url, "http://%s/a", mock_server_authority(mock));
    result = rig_run(rig, url.data, mistakes[_i].option, NULL);
    check_usage_error(mistakes[_i].sentence);
    for (const char *at = result->err; *at != '\0'; at++)
        ck_assert((*at >= ' ' && *at <= '~') || *at == '\n');
    bytes_finish(&url);
}
END_TEST

START_TEST(one_file_is_enough)
{
    const char *file = good_file();

    result = rig_run(rig, "-c", file, "-c", file, NULL);
    check_usage_error("--config can be given once");
}
END_TEST

START_TEST(options_alone_poll_nothing)
{
    result = rig_run(rig, "--once", NULL);
    check_usage_error("there is no server to poll");
}
END_TEST

START_TEST(a_file_that_is_not_there_is_named)
{
    const char *path = rig_path(rig, "nowhere.ini");

    result = rig_run(rig, "-c", path, NULL);
    check_usage_error(path);
    ck_assert_uint_eq(count_lines(result->err), 1);
}
END_TEST

/* All of them, each with its place, in the order of the file. */
START_TEST(all_mistakes_of_a_file_are_said)
{
    static const char *const wanted[] = {":2: ", ":4: ", ":5: ", ":8: ", ":9: "};
    const char *file = scene_config("[aiopoll]\nlog-formt = text\n"
                                    "[defaults]\ntimeout = soon\nretry = 0\n"
                                    "[servers]\na = @/a\na = @/b\nb = gopher://x/\n");
    const char *at;

    result = rig_run(rig, "-c", file, NULL);
    check_usage_error("log-format");
    ck_assert_uint_eq(count_lines(result->err), 5);
    at = result->err;
    for (size_t i = 0; i < 5; i++) {
        ck_assert_int_eq(strncmp(at, file, strlen(file)), 0);
        at += strlen(file);
        ck_assert_msg(strncmp(at, wanted[i], strlen(wanted[i])) == 0, "not '%s' at: %s", wanted[i],
                      at);
        at = strchr(at, '\n') + 1;
    }
}
END_TEST

/* --- the check ----------------------------------------------------------------------------- */

START_TEST(a_check_reads_and_polls_nothing)
{
    static const char *const options[] = {"-t", "--check"};

    result = rig_run(rig, options[_i], "-c", good_file(), NULL);
    check_success();
    ck_assert_str_eq(result->out, "The configuration is right: 2 servers.\n");
    ck_assert_uint_eq(mock_server_connections(mock), 0);
    result = rig_run(rig, options[_i], "localhost", NULL);
    check_success();
    ck_assert_str_eq(result->out, "The configuration is right: 1 server.\n");
}
END_TEST

START_TEST(a_check_finds_what_is_wrong)
{
    result = rig_run(rig, "-t", "-c", scene_config("[servers]\na = @/a\n[sever b]\n"), NULL);
    check_usage_error(":3: ");
}
END_TEST

/* --- options and URLs --------------------------------------------------------------------- */

START_TEST(an_option_overrides_the_file)
{
    const char *file = good_file();

    result = rig_run(rig, "-c", file, "--once", NULL);
    check_success();
    ck_assert_str_eq(result->out, "");
    result = rig_run(rig, "-c", file, "--once", "--log-level=info", NULL);
    check_success();
    ck_assert_ptr_nonnull(strstr(result->out, "\"event\":\"poll\""));
    result = rig_run(rig, "-c", file, "--once", "--log-level=info", "--log-format=text", NULL);
    check_success();
    ck_assert_ptr_nonnull(strstr(result->out, " info poll server=b "));
}
END_TEST

START_TEST(a_value_may_be_the_next_word)
{
    const char *file = good_file();

    result = rig_run(rig, "--config", file, "--count", "1", "--log-level", "info", "--log-format",
                     "text", NULL);
    check_success();
    ck_assert_ptr_nonnull(strstr(result->out, " info poll server=a "));
    result = rig_run(rig, "-c", file, "-n", "1", NULL);
    check_success();
    result = rig_run(rig, "-n1", "-t", "-c", file, NULL);
    check_success();
    ck_assert_uint_eq(mock_server_requests(mock, "a"), 2);
}
END_TEST

static const char *url_of(const char *path)
{
    static struct bytes urls[4];
    static size_t next;
    struct bytes *url = &urls[next++ % 4];

    bytes_truncate(url, 0);
    bytes_print(url, "%s/%s", mock_server_authority(mock), path);
    return url->data;
}

START_TEST(urls_are_polled_too)
{
    struct bytes host = {0};

    rig_start(rig, "--log-format=json", "--once", url_of("x"), url_of("y"), NULL);
    scene_await_exit(0);
    ck_assert_uint_eq(mock_server_requests(mock, "x"), 1);
    ck_assert_uint_eq(mock_server_requests(mock, "y"), 1);
    /* Named after host and port, and a number where two would clash. */
    bytes_print(&host, "127.0.0.1-%d", mock_server_port(mock));
    ck_assert_uint_eq(rig_count_events(rig, "poll", host.data), 1);
    bytes_print(&host, "-2");
    ck_assert_uint_eq(rig_count_events(rig, "poll", host.data), 1);
    bytes_finish(&host);
}
END_TEST

START_TEST(urls_come_besides_the_file)
{
    const char *file = good_file();

    rig_start(rig, url_of("x"), "-c", file, "--log-level=info", "--once", "--", url_of("y"), NULL);
    scene_await_exit(0);
    ck_assert_uint_eq(mock_server_requests(mock, NULL), 4);
    ck_assert_uint_eq(mock_server_requests(mock, "y"), 1);
}
END_TEST

static Suite *suite(void)
{
    Suite *suite = suite_create("command line");
    TCase *tests = scene_case(suite, "usage");

    tcase_add_test(tests, no_arguments_is_a_screen_of_usage);
    tcase_add_loop_test(tests, help_is_on_standard_output, 0, 2);
    tcase_add_loop_test(tests, version_is_one_line, 0, 2);
    tcase_add_loop_test(tests, an_output_that_is_full_is_status_1, 0, 6);
    tests = scene_case(suite, "mistakes");
    tcase_add_loop_test(tests, a_mistake_is_said_and_nothing_polled, 0,
                        sizeof(mistakes) / sizeof(mistakes[0]));
    tcase_add_test(tests, one_file_is_enough);
    tcase_add_test(tests, options_alone_poll_nothing);
    tcase_add_test(tests, a_file_that_is_not_there_is_named);
    tcase_add_test(tests, all_mistakes_of_a_file_are_said);
    tests = scene_case(suite, "check");
    tcase_add_loop_test(tests, a_check_reads_and_polls_nothing, 0, 2);
    tcase_add_test(tests, a_check_finds_what_is_wrong);
    tests = scene_case(suite, "options");
    tcase_add_test(tests, an_option_overrides_the_file);
    tcase_add_test(tests, a_value_may_be_the_next_word);
    tcase_add_test(tests, urls_are_polled_too);
    tcase_add_test(tests, urls_come_besides_the_file);
    return suite;
}

CHECK_MAIN(suite())
