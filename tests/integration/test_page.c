/*
 * The browser's page, in a browser, of a daemon that is made up: what it shows,
 * how it keeps up, what its keys do, and that nothing that it is told harms it.
 *
 * AIOPOLL_TEST_PICTURES=DIRECTORY has it leave pictures of the page there.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "browser.h"
#include "bytes.h"
#include "page_site.h"

static struct rig *rig;
static struct page_site *site;
static struct browser *browser;

/* Of the rows in the document: that of a server, and the text of its cell of that class. */
#define ROW(name)         "document.querySelector('.row[data-name=\"" name "\"]')"
#define CELL(name, class) ROW(name) "?.querySelector('." class "').textContent"

static void begin(size_t servers)
{
    site = page_site_new(rig, servers);
}

static void open_page(void)
{
    browser_open(browser, page_site_url(site));
    browser_await(browser, "document.querySelectorAll('.row').length > 0");
}

static void setup(void)
{
    rig = rig_new();
    browser = browser_new(rig);
}

static void teardown(void)
{
    ck_assert_str_eq(browser_complaints(browser), "");
    ck_assert_str_eq(browser_requests_beyond(browser, page_site_url(site)), "");
    browser_free(browser);
    page_site_free(site);
    rig_free(rig);
}

static void take_picture(const char *name)
{
    const char *directory = getenv("AIOPOLL_TEST_PICTURES");
    struct bytes path = {0};

    if (directory == NULL)
        return;
    bytes_print(&path, "%s/%s.png", directory, name);
    browser_screenshot(browser, path.data);
    bytes_finish(&path);
}

static void take_pictures(const char *name)
{
    static const char *const schemes[] = {"light", "dark"};
    static const int widths[] = {360, 800, 1280};
    char picture[100];

    for (size_t i = 0; i < 6; i++) {
        browser_prefer(browser, "prefers-color-scheme", schemes[i % 2]);
        browser_resize(browser, widths[i / 2], i / 2 == 0 ? 740 : 800);
        snprintf(picture, sizeof(picture), "%s-%d-%s", name, widths[i / 2], schemes[i % 2]);
        rig_pass(rig, 300);
        take_picture(picture);
    }
}

/* --- what is shown ---------------------------------------------------------------- */

START_TEST(each_server_has_a_row)
{
    begin(3);
    open_page();
    ck_assert_str_eq(browser_text(browser, CELL("s00002", "name")), "s00002");
    ck_assert_str_eq(browser_text(browser, CELL("s00002", "state")), "Ok");
    ck_assert_str_eq(browser_text(browser, CELL("s00002", "result")), "200 in 2.4\u00a0ms");
    ck_assert_str_eq(browser_text(browser, CELL("s00002", "delay")), "3\u00a0s");
    ck_assert_str_eq(browser_text(browser, CELL("s00002", "late")), "100\u00a0µs");
    ck_assert_str_eq(browser_text(browser, "document.title"), "aiopoll");
    ck_assert_str_eq(browser_text(browser, "document.querySelector('#grid').ariaRowCount"), "4");
}
END_TEST

START_TEST(a_pretty_picture)
{
    begin(10000);
    page_site_say(
        site, 7,
        (struct page_said){.state = "failing", .detail = "the server answered with status 503"});
    page_site_say(site, 77,
                  (struct page_said){.state = "overdue",
                                     .name = "billing.heartbeat.eu-central",
                                     .detail = "127.0.0.1:8001: connection refused"});
    open_page();
    take_pictures("list");
    browser_value(browser, "document.querySelector('.row').click()");
    browser_await(browser, "document.querySelectorAll('.why li').length === 3");
    take_pictures("open");
    page_site_stop(site);
    browser_await(browser, "document.title === 'No answer – aiopoll'");
    take_pictures("gone");
    browser_forget_complaints(browser);
}
END_TEST

static Suite *suite(void)
{
    Suite *suite = suite_create("page");
    TCase *tcase = tcase_create("page");

    suite_add_tcase(suite, tcase);
    tcase_set_timeout(tcase, 60);
    tcase_add_checked_fixture(tcase, setup, teardown);
    tcase_add_test(tcase, each_server_has_a_row);
    tcase_add_test(tcase, a_pretty_picture);
    return suite;
}

BROWSER_MAIN(suite())
