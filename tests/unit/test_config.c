/* What a good configuration becomes. What is told of a bad one: test_config_mistakes.c;
 * of its files: test_config_files.c. */
#include "check_main.h"

#include <stdio.h>
#include <string.h>

#include "base/duration.h"
#include "config/server_name.h"
#include "config_scene.h"

#define COUNT_OF(array) ((int)(sizeof(array) / sizeof(array)[0]))

/* Reads the file and these URLs, which end in NULL. No problem is expected. */
static void read_with_urls(const char *path, const char *const *urls)
{
    size_t count = 0;
    while (urls[count] != NULL)
        count++;
    config = config_read(path, (char *const *)urls, count, &problems);
    ck_assert_msg(problems.count == 0, "%s", problems.count == 0 ? "" : problems.list[0].text);
    ck_assert_ptr_nonnull(config);
}

static void read_file(const char *path)
{
    read_with_urls(path, (const char *const[]){NULL});
}

static void read_text(const char *text)
{
    read_file(file("f.ini", "%s", text));
}

static const struct server_config *server(const char *name)
{
    for (size_t i = 0; i < config->server_count; i++)
        if (strcmp(config->servers[i].name, name) == 0)
            return &config->servers[i];
    ck_abort_msg("there is no server %s", name);
    return NULL;
}

START_TEST(without_settings_the_defaults_are_those_of_the_manual)
{
    read_text("[servers]\na = http://h/\n");
    const struct server_settings *settings = config->servers[0].settings;
    ck_assert_int_eq(settings->timeout, 10 * SECOND);
    ck_assert_int_eq(settings->connect_timeout, 5 * SECOND);
    ck_assert_int_eq(settings->keep_alive, 60 * SECOND);
    ck_assert_int_eq(settings->max_body, 65536);
    ck_assert_int_eq(settings->min_delay, 0);
    ck_assert_int_eq(settings->max_delay, DAY);
    ck_assert_int_eq(settings->retry, SECOND);
    ck_assert_int_eq(settings->retry_max, MINUTE);
    ck_assert_int_eq(settings->overdue_after, 30 * SECOND);
    ck_assert_int_eq(config->daemon.log_format, LOG_FORMAT_TEXT);
    ck_assert_int_eq(config->daemon.log_level, LOG_INFO);
    ck_assert_int_eq(config->daemon.start_rate, 1000);
}
END_TEST

START_TEST(the_example_of_the_design_is_read)
{
    setenv("GAMMA_PATH", "heartbeat", 1);
    read_text("; servers.ini\n"
              "[aiopoll]                       ; the daemon itself\n"
              "log-format = json\n"
              "log-level  = debug ; all of it\n"
              "start-rate = 50\n"
              "\n"
              "[defaults]                      ; what every server inherits\n"
              "timeout = 7s\n"
              "\n"
              "[servers]                       ; NAME = URL, one line a server\n"
              "alpha = http://127.0.0.1:8001/\n"
              "beta  = http://[::1]:8002/next?who=me\n"
              "\n"
              "[server gamma]                  ; a server with settings of its own\n"
              "url    = example.net/${GAMMA_PATH}\n"
              "max-body = 1k\n");
    ck_assert_uint_eq(config->server_count, 3);
    ck_assert_int_eq(config->daemon.log_format, LOG_FORMAT_JSON);
    ck_assert_int_eq(config->daemon.log_level, LOG_DEBUG);
    ck_assert_int_eq(config->daemon.start_rate, 50);
    ck_assert_str_eq(config->servers[0].name, "alpha");
    ck_assert_str_eq(config->servers[0].url.text, "http://127.0.0.1:8001/");
    ck_assert_str_eq(config->servers[1].name, "beta");
    ck_assert_str_eq(config->servers[1].url.text, "http://[::1]:8002/next?who=me");
    ck_assert_str_eq(config->servers[2].name, "gamma");
    ck_assert_str_eq(config->servers[2].url.text, "http://example.net/heartbeat");
    ck_assert_int_eq(config->servers[0].settings->max_body, 65536);
    ck_assert_int_eq(config->servers[2].settings->max_body, 1024);
    for (size_t i = 0; i < 3; i++)
        ck_assert_int_eq(config->servers[i].settings->timeout, 7 * SECOND);
}
END_TEST

START_TEST(a_server_overrides_single_defaults)
{
    read_text("[defaults]\nmin-delay = 2\nretry = 3s\nmax-body = 1k\n"
              "[server a]\nurl = h\nmin-delay = 5s\n"
              "[server b]\nurl = h\nretry = 4s\nkeep-alive = 0\n"
              "[server c]\nurl = h\n");
    ck_assert_int_eq(server("a")->settings->min_delay, 5 * SECOND);
    ck_assert_int_eq(server("a")->settings->retry, 3 * SECOND);
    ck_assert_int_eq(server("a")->settings->max_body, 1024);
    ck_assert_int_eq(server("b")->settings->min_delay, 2 * SECOND);
    ck_assert_int_eq(server("b")->settings->retry, 4 * SECOND);
    ck_assert_int_eq(server("b")->settings->keep_alive, 0);
    ck_assert_int_eq(server("c")->settings->min_delay, 2 * SECOND);
    ck_assert_int_eq(server("c")->settings->retry, 3 * SECOND);
    ck_assert_int_eq(server("c")->settings->keep_alive, MINUTE);
}
END_TEST

/* Set to what is the default anyway, it is still the server's own. */
START_TEST(a_server_can_go_back_to_what_the_program_has)
{
    read_text("[defaults]\ntimeout = 1s\n[server a]\nurl = h\ntimeout = 10s\n");
    ck_assert_int_eq(server("a")->settings->timeout, 10 * SECOND);
}
END_TEST

static const char *const orders[] = {
    "[defaults]\nretry = 3\n[servers]\na = h\n[server b]\nurl = h\nmin-delay = 1\n",
    "[servers]\na = h\n[server b]\nurl = h\nmin-delay = 1\n[defaults]\nretry = 3\n",
    "[server b]\nmin-delay = 1\nurl = h\n[defaults]\nretry = 3\n[servers]\na = h\n",
    "[defaults]\n[server b]\nurl = h\nmin-delay = 1\n[defaults]\nretry = 3\n[servers]\na=h",
};

START_TEST(defaults_apply_whatever_the_order_of_sections)
{
    read_text(orders[_i]);
    ck_assert_int_eq(server("a")->settings->retry, 3 * SECOND);
    ck_assert_int_eq(server("b")->settings->retry, 3 * SECOND);
    ck_assert_int_eq(server("b")->settings->min_delay, SECOND);
}
END_TEST

START_TEST(defaults_of_an_included_file_apply_to_the_first)
{
    file("more.ini", "[defaults]\nretry = 3\n[servers]\nb = h\n");
    read_file(file("f.ini", "[servers]\na = h\n[aiopoll]\ninclude = more.ini\n"));
    ck_assert_int_eq(server("a")->settings->retry, 3 * SECOND);
    ck_assert_int_eq(server("b")->settings->retry, 3 * SECOND);
}
END_TEST

START_TEST(defaults_of_the_first_file_apply_to_an_included_one)
{
    file("more.ini", "[servers]\nb = h\n");
    read_file(file("f.ini", "[aiopoll]\ninclude = more.ini\n[defaults]\nretry = 3\n"));
    ck_assert_int_eq(server("b")->settings->retry, 3 * SECOND);
}
END_TEST

static const char *const names[] = {"a", "A", "0", "a.b_c-d", "-", "server", "aiopoll", "url1"};

START_TEST(a_name_has_letters_digits_dots_bars_and_dashes)
{
    char text[256];
    snprintf(text, sizeof text, "[servers]\n%s = h\n[server %s2]\nurl = h\n", names[_i], names[_i]);
    read_text(text);
    ck_assert_str_eq(config->servers[0].name, names[_i]);
    ck_assert_int_eq(strncmp(config->servers[1].name, names[_i], strlen(names[_i])), 0);
}
END_TEST

START_TEST(names_differ_by_case)
{
    read_text("[servers]\nalpha = h\nAlpha = i\n");
    ck_assert_str_eq(server("alpha")->url.text, "http://h/");
    ck_assert_str_eq(server("Alpha")->url.text, "http://i/");
}
END_TEST

START_TEST(a_name_of_128_characters_is_whole)
{
    char name[SERVER_NAME_MAX + 1];
    memset(name, 'n', SERVER_NAME_MAX);
    name[SERVER_NAME_MAX] = '\0';
    read_file(file("f.ini", "[server %s]\nurl = h\n[servers]\n%.127s = i\n", name, name));
    ck_assert_str_eq(config->servers[0].name, name);
    ck_assert_uint_eq(strlen(config->servers[1].name), 127);
}
END_TEST

START_TEST(a_line_as_long_as_may_be_is_a_whole_url)
{
#ifdef HAVE_INI_MAX_LINE /* else a line has fewer bytes */
    enum { LENGTH = 4096 - 4 };
    char url[LENGTH + 1];
    memset(url, 'p', LENGTH);
    memcpy(url, "h/", 2);
    url[LENGTH] = '\0';
    read_file(file("f.ini", "[servers]\na = %s\n", url));
    ck_assert_str_eq(config->servers[0].url.text + strlen("http://"), url);
#endif
}
END_TEST

START_TEST(crlf_and_a_bom_are_no_matter)
{
    read_text("\xef\xbb\xbf[servers]\r\na = http://h/\r\n\r\n[server b]\r\nurl = http://i/\r\n"
              "timeout = 2s\r\n");
    ck_assert_uint_eq(config->server_count, 2);
    ck_assert_str_eq(server("a")->url.text, "http://h/");
    ck_assert_str_eq(server("b")->url.text, "http://i/");
    ck_assert_int_eq(server("b")->settings->timeout, 2 * SECOND);
}
END_TEST

START_TEST(the_environment_is_expanded)
{
    setenv("HOST_OF_TEST", "example.net", 1);
    setenv("PORT_OF_TEST", "8080", 1);
    setenv("SECONDS_OF_TEST", "3", 1);
    read_text("[defaults]\ntimeout = ${SECONDS_OF_TEST}s\n[servers]\n"
              "a = http://${HOST_OF_TEST}:${PORT_OF_TEST}/\n");
    ck_assert_str_eq(server("a")->url.text, "http://example.net:8080/");
    ck_assert_int_eq(server("a")->settings->timeout, 3 * SECOND);
}
END_TEST

/* URLs of the command line. */

static const struct {
    const char *const urls[5], *const names[4];
} bare[] = {
    {{"http://example.net/x"}, {"example.net"}},
    {{"example.net"}, {"example.net"}},
    {{"127.0.0.1:8001"}, {"127.0.0.1-8001"}},
    {{"http://h:80/"}, {"h"}},
    {{"h:81", "h:82", "h"}, {"h-81", "h-82", "h"}},
    {{"h/a", "h/b", "h/c"}, {"h", "h-2", "h-3"}},
    {{"h/a", "h/a"}, {"h", "h-2"}},
    {{"h-2", "h/a", "h/b"}, {"h-2", "h", "h-3"}},
    {{"h/a", "h/b", "h-2", "h:2"}, {"h", "h-2", "h-2-2", "h-2-3"}},
    {{"http://[::1]/"}, {"--1"}},
    {{"http://[::1]:8002/"}, {"--1-8002"}},
    {{"[2001:db8::1]"}, {"2001-db8--1"}},
};

START_TEST(a_bare_url_is_named_after_its_host_and_port)
{
    read_with_urls(NULL, bare[_i].urls);
    for (size_t i = 0; bare[_i].urls[i] != NULL; i++) {
        ck_assert_uint_gt(config->server_count, i);
        ck_assert_str_eq(config->servers[i].name, bare[_i].names[i]);
        ck_assert_int_eq(config->servers[i].settings->retry, SECOND);
    }
}
END_TEST

START_TEST(urls_come_after_the_servers_of_the_file_and_have_its_defaults)
{
    read_with_urls(
        file("f.ini", "[defaults]\nretry = 2\n[servers]\nh = http://x/\nz = http://y/\n"),
        (const char *const[]){"http://h/", "http://a/", NULL});
    ck_assert_uint_eq(config->server_count, 4);
    ck_assert_str_eq(config->servers[0].name, "h");
    ck_assert_str_eq(config->servers[1].name, "z");
    ck_assert_str_eq(config->servers[2].name, "h-2");
    ck_assert_str_eq(config->servers[2].url.text, "http://h/");
    ck_assert_str_eq(config->servers[3].name, "a");
    for (size_t i = 0; i < 4; i++)
        ck_assert_int_eq(config->servers[i].settings->retry, 2 * SECOND);
}
END_TEST

START_TEST(a_file_without_servers_will_do_where_there_are_urls)
{
    read_with_urls(file("f.ini", "[defaults]\nretry = 2\n"), (const char *const[]){"h", NULL});
    ck_assert_uint_eq(config->server_count, 1);
    ck_assert_int_eq(server("h")->settings->retry, 2 * SECOND);
}
END_TEST

START_TEST(a_bare_url_is_not_expanded)
{
    read_with_urls(NULL, (const char *const[]){"h/$HOME", NULL});
    ck_assert_str_eq(server("h")->url.text, "http://h/$HOME");
}
END_TEST

START_TEST(a_long_host_can_be_polled_from_the_command_line)
{
    static const char url[] = "http://"
                              "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa."
                              "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb."
                              "cccccccccccccccccccccccccccccccccccccccccccccccccc.example/";
    read_with_urls(NULL, (const char *const[]){url, NULL});
    ck_assert_str_eq(config->servers[0].url.text, url);
}
END_TEST

START_TEST(a_hundred_thousand_servers_are_read)
{
    enum { COUNT = 100000 };
    FILE *out = fopen(scratch_path(scratch, "many.ini"), "we");
    fputs("[servers]\n", out);
    for (int i = 0; i < COUNT; i++)
        fprintf(out, "server-%d = http://127.0.0.1:8001/%d\n", i, i);
    fclose(out);
    read_file(scratch_path(scratch, "many.ini"));
    ck_assert_uint_eq(config->server_count, COUNT);
    ck_assert_str_eq(config->servers[0].name, "server-0");
    ck_assert_str_eq(config->servers[COUNT - 1].name, "server-99999");
    ck_assert_str_eq(config->servers[COUNT - 1].url.text, "http://127.0.0.1:8001/99999");
}
END_TEST

static TCase *file_tests(void)
{
    TCase *tcase = tcase_create("file");
    tcase_set_timeout(tcase, 120);
    tcase_add_checked_fixture(tcase, config_scene_start, config_scene_finish);
    tcase_add_test(tcase, without_settings_the_defaults_are_those_of_the_manual);
    tcase_add_test(tcase, the_example_of_the_design_is_read);
    tcase_add_test(tcase, a_server_overrides_single_defaults);
    tcase_add_test(tcase, a_server_can_go_back_to_what_the_program_has);
    tcase_add_loop_test(tcase, defaults_apply_whatever_the_order_of_sections, 0, COUNT_OF(orders));
    tcase_add_test(tcase, defaults_of_an_included_file_apply_to_the_first);
    tcase_add_test(tcase, defaults_of_the_first_file_apply_to_an_included_one);
    tcase_add_loop_test(tcase, a_name_has_letters_digits_dots_bars_and_dashes, 0, COUNT_OF(names));
    tcase_add_test(tcase, names_differ_by_case);
    tcase_add_test(tcase, a_name_of_128_characters_is_whole);
    tcase_add_test(tcase, a_line_as_long_as_may_be_is_a_whole_url);
    tcase_add_test(tcase, crlf_and_a_bom_are_no_matter);
    tcase_add_test(tcase, the_environment_is_expanded);
    tcase_add_test(tcase, a_hundred_thousand_servers_are_read);
    return tcase;
}

static TCase *url_tests(void)
{
    TCase *tcase = tcase_create("url");
    tcase_add_checked_fixture(tcase, config_scene_start, config_scene_finish);
    tcase_add_loop_test(tcase, a_bare_url_is_named_after_its_host_and_port, 0, COUNT_OF(bare));
    tcase_add_test(tcase, urls_come_after_the_servers_of_the_file_and_have_its_defaults);
    tcase_add_test(tcase, a_file_without_servers_will_do_where_there_are_urls);
    tcase_add_test(tcase, a_bare_url_is_not_expanded);
    tcase_add_test(tcase, a_long_host_can_be_polled_from_the_command_line);
    return tcase;
}

static Suite *suite(void)
{
    Suite *s = suite_create("config");
    suite_add_tcase(s, file_tests());
    suite_add_tcase(s, url_tests());
    return s;
}

CHECK_MAIN(suite())
