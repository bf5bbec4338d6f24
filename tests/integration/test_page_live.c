/*
 * The browser's page of a daemon that runs: what test_page.c tries with one that is made up, as far
 * as it hangs on the daemon.
 */
#include <stdio.h>
#include <string.h>

#include "browser.h"
#include "clock_scene.h"
#include "scene.h"

static struct browser *browser;

static void setup(void)
{
    browser = browser_new(rig);
}

static const char *page_url(void)
{
    static char url[100];

    rig_wait_events(rig, "listen", NULL, 1, SCENE_LIMIT_MS);
    snprintf(url, sizeof(url), "http://%s/",
             rig_string(rig_event(rig, "listen", NULL, 0), "address"));
    return url;
}

static void teardown(void)
{
    ck_assert_str_eq(browser_complaints(browser), "");
    ck_assert_str_eq(browser_requests_beyond(browser, page_url()), "");
    browser_free(browser);
}

static void open_page(void)
{
    browser_open(browser, page_url());
    browser_await(browser, "document.querySelectorAll('.row').length > 0");
}

#define LISTEN            "[aiopoll]\nlisten = 127.0.0.1:0\n"
#define ROW(name)         "document.querySelector('.row[data-name=\"" name "\"]')"
#define CELL(name, class) ROW(name) "?.querySelector('." class "').textContent"

START_TEST(each_server_has_a_row_that_counts_down)
{
    scene_start(LISTEN "[servers]\nalpha = @/a?delay=60\nbeta = @/b?delay=0.2\n");
    scene_await_polls("alpha", 1);
    open_page();
    ck_assert_str_eq(browser_text(browser, CELL("alpha", "state")), "Ok");
    ck_assert_str_eq(browser_text(browser, CELL("alpha", "delay")), "1\u00a0min");
    browser_value(browser, "globalThis.before = parseFloat(" CELL("alpha", "next") ")");
    ck_assert_double_le(browser_number(browser, "before"), 60);
    browser_await(browser, "parseFloat(" CELL("alpha", "next") ") < before - 1");
    browser_key(browser, "/");
    browser_type(browser, "bet");
    browser_await(browser, "document.querySelectorAll('.row').length === 1");
    ck_assert_str_eq(browser_text(browser, CELL("beta", "name")), "beta");
}
END_TEST

START_TEST(a_server_fails_and_is_well_again_without_another_load)
{
    scene_start(LISTEN "[defaults]\nretry = 3s\n"
                       "[servers]\na = @/a?delay=1&status=200,200,200,503,200\n");
    scene_await_polls("a", 1);
    open_page();
    browser_value(browser, "globalThis.stayed = 'yes'");
    browser_await(browser, CELL("a", "state") " === 'Failing'");
    ck_assert_str_eq(browser_text(browser, "document.title"), "(1) aiopoll");
    browser_await(browser, CELL("a", "state") " === 'Ok'");
    browser_await(browser, "document.title === 'aiopoll'");
    ck_assert_str_eq(browser_text(browser, "globalThis.stayed"), "yes");
}
END_TEST

/* All that was told before is of another time then. */
START_TEST(the_daemons_clock_is_set)
{
    clock_scene_begin();
    scene_start(LISTEN "[servers]\na = @/a?delay=570\nb = @/b?delay=0.1\n");
    scene_await_polls("a", 1);
    open_page();
    ck_assert_int_eq(strncmp(browser_text(browser, CELL("a", "next")), "9\u00a0min", 6), 0);
    clock_scene_set_wall(INT64_C(300) * 1000000000);
    for (size_t before = browser_requests(browser); browser_requests(browser) < before + 4;)
        rig_pass(rig, 20);
    ck_assert_int_eq(strncmp(browser_text(browser, CELL("a", "next")), "9\u00a0min", 6), 0);
}
END_TEST

/* In what it sends for a delay, which the failure quotes. */
START_TEST(what_a_server_sends_is_text)
{
    scene_start(LISTEN "[defaults]\nretry = 20s\n[servers]\n"
                       "a = @/a?delay=%%3Cscript%%3Ealert(1)%%3C/script%%3E%%22'%%3Cblink%%3E\n");
    rig_wait_events(rig, "change", "a", 1, SCENE_LIMIT_MS);
    open_page();
    browser_value(browser, ROW("a") ".click()");
    browser_await(browser, "document.querySelectorAll('.why li').length > 1");
    ck_assert_ptr_nonnull(strstr(
        browser_text(browser, "document.querySelector('.why').textContent"), "<script>alert(1)<"));
    ck_assert_ptr_nonnull(strstr(browser_text(browser, CELL("a", "result")), "<script>alert(1)<"));
    ck_assert_double_eq(browser_number(browser, "document.scripts.length"), 1);
    ck_assert_double_eq(browser_number(browser, "document.querySelectorAll('blink').length"), 0);
}
END_TEST

START_TEST(ten_thousand_servers)
{
    struct bytes list = {0};

    for (int i = 0; i < 10000; i++)
        bytes_print(&list, "s%05d = @/%d?delay=60\n", i, i);
    scene_set_level("info");
    scene_start(LISTEN "start-rate = 20000\n[servers]\n%s", list.data);
    rig_wait_events(rig, "ready", NULL, 1, SCENE_LIMIT_MS);
    open_page();
    browser_await(browser, "document.querySelector('#grid').ariaRowCount === '10001'");
    browser_value(browser, "scrollTo(0, document.documentElement.scrollHeight)");
    browser_await(browser, ROW("s09999") " !== null");
    ck_assert_double_lt(browser_number(browser, "document.querySelectorAll('#grid *').length"),
                        2000);
    bytes_finish(&list);
}
END_TEST

START_TEST(a_reload_and_the_end_are_shown)
{
    scene_start(LISTEN "[servers]\na = @/a?delay=0.2\nb = @/b?delay=0.2\n");
    scene_await_polls("b", 1);
    open_page();
    scene_reload(LISTEN "[servers]\na = @/a?delay=0.2\nc = @/c?delay=0.2\n");
    browser_await(browser, ROW("c") " !== null && " ROW("b") " === null");
    rig_stop(rig);
    browser_await(browser, "!document.querySelector('#gone').hidden");
    browser_forget_complaints(browser); /* that a request failed */
}
END_TEST

static Suite *suite(void)
{
    Suite *suite = suite_create("page of a daemon");
    TCase *tests = scene_case(suite, "page");

    tcase_add_checked_fixture(tests, setup, teardown);
    tcase_set_timeout(tests, 60);
    tcase_add_test(tests, each_server_has_a_row_that_counts_down);
    tcase_add_test(tests, a_server_fails_and_is_well_again_without_another_load);
    tcase_add_test(tests, the_daemons_clock_is_set);
    tcase_add_test(tests, what_a_server_sends_is_text);
    tcase_add_test(tests, ten_thousand_servers);
    tcase_add_test(tests, a_reload_and_the_end_are_shown);
    return suite;
}

BROWSER_MAIN(suite())
