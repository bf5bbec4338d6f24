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
#include "must.h"
#include "page_site.h"

static struct rig *rig;
static struct page_site *site;
static struct browser *browser;

/* Of the rows in the document: that of a server, and the text of its cell of that class. */
#define ROW(name)         "document.querySelector('.row[data-name=\"" name "\"]')"
#define CELL(name, class) ROW(name) "?.querySelector('." class "').textContent"

/* The names in the first rows. */
#define NAMES(count)                                                                               \
    "[...document.querySelectorAll('.row .name')].slice(0, " #count                                \
    ").map((name) => name.textContent).join(' ')"

static void begin(size_t servers)
{
    site = page_site_new(rig, servers);
}

static void open_page(void)
{
    browser_open(browser, page_site_url(site));
    browser_await(browser, "document.querySelectorAll('.row').length > 0");
}

/* One browser for all tests of a case, as its start takes longer than most of them. */
static void start(void)
{
    rig = rig_new();
    browser = browser_new(rig);
}

static void finish(void)
{
    browser_free(browser);
    rig_free(rig);
}

static void setup(void)
{
    browser_resize(browser, 1280, 800);
    browser_prefer(browser, "prefers-color-scheme", "light");
}

static void teardown(void)
{
    char *complaints = must_strdup(browser_complaints(browser));
    char *strangers = must_strdup(browser_requests_beyond(browser, page_site_url(site)));
    size_t requests = browser_requests(browser);

    browser_open(browser, "about:blank");
    page_site_free(site);
    site = NULL;
    ck_assert_str_eq(complaints, "");
    ck_assert_str_eq(strangers, "");
    ck_assert_uint_gt(requests, 0);
    free(complaints);
    free(strangers);
}

static void take_picture(const char *name)
{
    struct bytes path = {0};

    bytes_print(&path, "%s/%s.png", getenv("AIOPOLL_TEST_PICTURES"), name);
    browser_screenshot(browser, path.data);
    bytes_finish(&path);
}

static void take_pictures(const char *name)
{
    static const char *const schemes[] = {"light", "dark"};
    static const int widths[] = {360, 800, 1000, 1280};
    char picture[100];

    for (size_t i = 0; i < 2 * sizeof widths / sizeof *widths; i++) {
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

START_TEST(what_is_wrong_is_on_top)
{
    begin(100);
    page_site_say(site, 20, (struct page_said){.state = "failing", .detail = "no answer"});
    page_site_say(site, 60, (struct page_said){.state = "overdue", .detail = "no answer"});
    open_page();
    ck_assert_str_eq(browser_text(browser, NAMES(3)), "s00060 s00020 s00000");
    ck_assert_str_eq(browser_text(browser, CELL("s00060", "state")), "Overdue");
    ck_assert_str_eq(browser_text(browser, CELL("s00020", "result")), "timeout: no answer");
    ck_assert_str_eq(browser_text(browser, "document.title"), "(2) aiopoll");
    browser_value(browser, "const s = document.querySelector('#sort'); s.value = 'next';"
                           "s.dispatchEvent(new Event('change'))");
    ck_assert_str_eq(browser_text(browser, NAMES(2)), "s00060 s00020");
    browser_await(browser, "(() => { const left = [...document.querySelectorAll('.next')].slice(2)"
                           ".map((e) => parseFloat(e.textContent) || 0);"
                           "return left.every((n, i) => i === 0 || n >= left[i - 1]); })()");
}
END_TEST

/* The next poll of s00029, which is polled every half a minute, is this far away. */
#define LEFT "parseFloat(" CELL("s00029", "next") ")"

static void check_countdown(void)
{
    double left;

    browser_resize(browser, 1280, 1600);
    open_page();
    browser_await(browser, LEFT " > 1");
    left = browser_number(browser, LEFT);
    ck_assert_double_le(left, 30);
    ck_assert_str_eq(browser_text(browser, CELL("s00029", "next") ".slice(-2)"), "\u00a0s");
    browser_await(browser, LEFT " < 1 || " LEFT " > 2");
    browser_value(browser, "globalThis.before = " LEFT);
    browser_await(browser, LEFT " < before && " LEFT " > before - 5");
}

START_TEST(the_countdown_moves)
{
    begin(30);
    check_countdown();
}
END_TEST

START_TEST(the_daemons_clock_is_another)
{
    begin(30);
    page_site_set_clock(site, _i == 0 ? 5000 : -5000);
    check_countdown();
}
END_TEST

#define WIDTH(class) "document.querySelector('.row ." class "').getBoundingClientRect().width"

START_TEST(what_names_do_not_need_is_for_results)
{
    begin(20);
    page_site_say(site, 3,
                  (struct page_said){.name = "one-of-twenty-has-a-very-long-name-of-that-form"});
    browser_resize(browser, 1000, 800);
    open_page();
    ck_assert_double_gt(browser_number(browser, WIDTH("result")), 290);
    page_site_say(site, 4,
                  (struct page_said){.name = "and-a-second-one-which-is-as-long-as-the-other"});
    page_site_reload(site, 20);
    browser_await(browser, WIDTH("name") " > 250");
    ck_assert_double_gt(browser_number(browser, WIDTH("result")), 190);
}
END_TEST

START_TEST(with_reduced_motion_it_counts_seconds)
{
    begin(30);
    browser_prefer(browser, "prefers-reduced-motion", "reduce");
    check_countdown();
    ck_assert(json_is_false(browser_value(browser, CELL("s00029", "next") ".includes('.')")));
}
END_TEST

START_TEST(a_change_is_seen_without_a_reload_of_the_page)
{
    begin(100);
    open_page();
    browser_value(browser, "globalThis.stayed = 'yes'");
    page_site_say(site, 50,
                  (struct page_said){.state = "failing", .status = 503, .detail = "503, it said"});
    browser_await(browser, CELL("s00050", "state") " === 'Failing'");
    ck_assert_str_eq(browser_text(browser, NAMES(2)), "s00050 s00000");
    ck_assert_str_eq(browser_text(browser, CELL("s00050", "result")), "status 503");
    ck_assert_str_eq(browser_text(browser, "document.title"), "(1) aiopoll");
    page_site_say(site, 50, (struct page_said){0});
    browser_await(browser, "document.title === 'aiopoll'");
    ck_assert_str_eq(browser_text(browser, NAMES(2)), "s00000 s00001");
    ck_assert_str_eq(browser_text(browser, "globalThis.stayed"), "yes");
}
END_TEST

START_TEST(a_change_is_announced)
{
    begin(10);
    open_page();
    browser_await(browser, "document.querySelector('#announcement').textContent ==="
                           "'0 overdue, 0 failing, 10 ok.'");
    page_site_say(site, 5, (struct page_said){.state = "overdue"});
    browser_await(browser, "document.querySelector('#announcement').textContent ==="
                           "'1 overdue, 0 failing, 9 ok.'");
}
END_TEST

START_TEST(another_configuration_is_taken_over)
{
    begin(10);
    open_page();
    browser_value(browser, ROW("s00009") ".click()");
    browser_await(browser, "document.querySelector('.detail') !== null");
    page_site_reload(site, 5);
    browser_await(browser, "document.querySelectorAll('.row').length === 5");
    ck_assert(json_is_null(browser_value(browser, "document.querySelector('.detail')")));
    page_site_reload(site, 8);
    browser_await(browser, "document.querySelectorAll('.row').length === 8");
    browser_forget_complaints(
        browser); /* that the opened one was asked for once more, and not there */
}
END_TEST

START_TEST(it_shows_that_the_daemon_is_gone_and_when_it_is_back)
{
    begin(10);
    open_page();
    ck_assert(json_is_true(browser_value(browser, "document.querySelector('#gone').hidden")));
    page_site_stop(site);
    browser_await(browser, "!document.querySelector('#gone').hidden");
    ck_assert_str_eq(browser_text(browser, "document.title"), "No answer – aiopoll");
    ck_assert_str_eq(browser_text(browser, "document.querySelector('#gone-why').textContent"),
                     "aiopoll cannot be reached.");
    ck_assert_str_eq(browser_text(browser, CELL("s00009", "next")), "–");
    page_site_start(site);
    browser_await(browser, "document.querySelector('#gone').hidden");
    browser_await(browser, "document.title === 'aiopoll'");
    browser_await(browser, CELL("s00009", "next") " !== '–'");
    browser_forget_complaints(browser); /* that requests were refused */
}
END_TEST

static const char *const nonsense[] = {"", "{}", "null", "[1]", "{\"servers\":[{}]}", "<html>"};

START_TEST(it_shows_that_an_answer_is_none)
{
    begin(10);
    open_page();
    page_site_answer(site, nonsense[_i]);
    browser_await(browser, "!document.querySelector('#gone').hidden");
    ck_assert_str_eq(browser_text(browser, "document.querySelector('#gone-why').textContent"),
                     "aiopoll's answer cannot be read.");
    page_site_answer(site, NULL);
    browser_await(browser, "document.querySelector('#gone').hidden");
    browser_await(browser, CELL("s00009", "next") " !== '–'");
}
END_TEST

/* It goes on, and with what it knew, whatever is filtered meanwhile. */
START_TEST(an_answer_that_is_none_changes_nothing)
{
    begin(10);
    open_page();
    browser_value(browser, "document.querySelector('#filter').value = 's0000';"
                           "document.querySelector('#filter').dispatchEvent(new Event('input'))");
    page_site_reload(site, 10); /* so that all is asked for */
    page_site_answer(site, "{\"servers\":[{}]}");
    browser_await(browser, "!document.querySelector('#gone').hidden");
    browser_await(browser, "document.querySelector('#gone-since').textContent"
                           ".startsWith('Shown is what was known')");
    page_site_answer(site, NULL);
    browser_await(browser, "document.querySelector('#gone').hidden");
    ck_assert_double_eq(browser_number(browser, "document.querySelectorAll('.row').length"), 10);
}
END_TEST

/* --- an opened server ---------------------------------------------------------------- */

#define BARS(plot, bars)                                                                           \
    "[...document.querySelectorAll('.plot')[" plot "].querySelectorAll('" bars "')]"               \
    ".filter((bar) => bar.getAttribute('height') > 0).length"

START_TEST(an_opened_server_is_explained_and_drawn)
{
    begin(10);
    page_site_say(site, 9, (struct page_said){.state = "failing", .detail = "no answer"});
    open_page();
    browser_value(browser, ROW("s00009") ".click()");
    browser_await(browser, "document.querySelectorAll('.why li').length === 3");
    ck_assert_str_eq(browser_text(browser, "document.querySelector('.why li').textContent"),
                     "The server said 10 s, in its body.");
    browser_await(browser, "document.querySelector('.facts').textContent.includes("
                           "'http://127.0.0.1:8001/s00009')");
    /* It has had 12 polls or 13, of which the last three failed; those sent no request. */
    ck_assert_double_ge(browser_number(browser, BARS("0", "rect")), 12);
    ck_assert_double_eq(browser_number(browser, BARS("1", ".bad")), 3);
    ck_assert_double_ge(browser_number(browser, BARS("2", "rect:not(.bad)")), 9);
    ck_assert(json_is_true(
        browser_value(browser, "document.querySelector('.plot').ariaLabel.startsWith('Delay')")));
}
END_TEST

START_TEST(an_opened_server_is_kept_up_to_date)
{
    begin(10);
    open_page();
    browser_value(browser, ROW("s00000") ".click()");
    browser_await(browser, "document.querySelectorAll('.why li').length === 3");
    browser_value(browser, "globalThis.before = document.querySelector('.facts').textContent"
                           ".match(/Polls([0-9]+)/)[1]");
    browser_await(browser, "document.querySelector('.facts').textContent"
                           ".match(/Polls([0-9]+)/)[1] > Number(before) + 1");
}
END_TEST

/* --- many of them ---------------------------------------------------------------- */

START_TEST(ten_thousand_are_scrolled_through)
{
    static const char scroll[] =
        "new Promise((done) => {"
        "  globalThis.tasks = [0];"
        "  new PerformanceObserver((all) => all.getEntries().forEach((e) => "
        "tasks.push(e.duration)))"
        "    .observe({ type: 'longtask', buffered: true });"
        "  globalThis.most = 0;"
        "  const step = () => {"
        "    most = Math.max(most, document.querySelectorAll('#grid *').length);"
        "    const y = scrollY; scrollBy(0, 4000);"
        "    scrollY > y ? requestAnimationFrame(step) : requestAnimationFrame(done); };"
        "  step(); })";

    begin(10000);
    page_site_say(site, 9999, (struct page_said){.name = "zzz"});
    open_page();
    ck_assert_str_eq(browser_text(browser, "document.querySelector('#grid').ariaRowCount"),
                     "10001");
    browser_value(browser, scroll);
    browser_await(browser, ROW("zzz") " !== null");
    browser_await(browser, ROW("zzz") ".getBoundingClientRect().bottom < innerHeight + 1");
    ck_assert_str_eq(browser_text(browser, ROW("zzz") ".ariaRowIndex"), "10001");
    ck_assert_double_lt(browser_number(browser, "most"), 1000);
    rig_pass(rig, 2500);
    fprintf(stderr, "10,000 servers: the longest task took %.0f ms\n",
            browser_number(browser, "Math.max(...tasks)"));
}
END_TEST

START_TEST(what_is_read_stays_where_it_is)
{
    begin(1000);
    open_page();
    browser_value(browser, "scrollTo(0, 20000)");
    browser_await(browser, ROW("s00510") " !== null");
    browser_value(browser, "globalThis.y = " ROW("s00510") ".getBoundingClientRect().top");
    page_site_say(site, 900, (struct page_said){.state = "failing", .detail = "no answer"});
    browser_await(browser, "document.title === '(1) aiopoll'");
    browser_await(browser, "Math.abs(" ROW("s00510") ".getBoundingClientRect().top - y) < 2");
}
END_TEST

/* --- filters and keys ---------------------------------------------------------------- */

START_TEST(servers_are_filtered_by_name)
{
    begin(1000);
    open_page();
    browser_key(browser, "/");
    browser_type(browser, "S0012");
    ck_assert_str_eq(browser_text(browser, "document.activeElement.value"), "S0012");
    ck_assert_double_eq(browser_number(browser, "document.querySelectorAll('.row').length"), 10);
    ck_assert_str_eq(browser_text(browser, NAMES(2)), "s00120 s00121");
    browser_type(browser, "x");
    ck_assert_double_eq(browser_number(browser, "document.querySelectorAll('.row').length"), 0);
    ck_assert_str_eq(browser_text(browser, "document.querySelector('#none').textContent"),
                     "No server matches the filter.");
    ck_assert(json_is_false(browser_value(browser, "document.querySelector('#none').hidden")));
    browser_key(browser, "Escape");
    ck_assert_str_eq(browser_text(browser, NAMES(1)), "s00000");
}
END_TEST

#define STATE_BUTTON(state) "document.querySelector('button[data-state=\"" state "\"]')"

START_TEST(servers_are_filtered_by_state)
{
    begin(1000);
    page_site_say(site, 500, (struct page_said){.state = "failing", .detail = "no answer"});
    page_site_say(site, 600, (struct page_said){.state = "failing", .detail = "no answer"});
    open_page();
    ck_assert_str_eq(browser_text(browser, STATE_BUTTON("failing") ".textContent.trim()"),
                     "Failing 2");
    browser_value(browser, STATE_BUTTON("failing") ".click()");
    ck_assert_str_eq(browser_text(browser, NAMES(9)), "s00500 s00600");
    ck_assert_str_eq(browser_text(browser, STATE_BUTTON("failing") ".ariaPressed"), "true");
    ck_assert_str_eq(browser_text(browser, STATE_BUTTON("") ".ariaPressed"), "false");
    page_site_say(site, 500, (struct page_said){0});
    browser_await(browser, NAMES(9) " === 's00600'");
    browser_value(browser, STATE_BUTTON("") ".click()");
    ck_assert_str_eq(browser_text(browser, NAMES(3)), "s00600 s00000 s00001");
}
END_TEST

/* The row that the focus is on, as a screen reader is told. */
#define ACTIVE                                                                                     \
    "document.getElementById(document.querySelector('#grid')"                                      \
    ".getAttribute('aria-activedescendant'))?.dataset.name"

START_TEST(the_keyboard_is_enough)
{
    begin(1000);
    open_page();
    browser_key(browser, "/");
    browser_key(browser, "ArrowDown");
    ck_assert_str_eq(browser_text(browser, "document.activeElement.id"), "grid");
    ck_assert_str_eq(browser_text(browser, ACTIVE), "s00000");
    browser_key(browser, "ArrowDown");
    ck_assert_str_eq(browser_text(browser, ACTIVE), "s00001");
    ck_assert_str_ne(browser_text(browser, "getComputedStyle(" ROW("s00001") ").outlineStyle"),
                     "none");
    browser_key(browser, "Enter");
    ck_assert_str_eq(browser_text(browser, ROW("s00001") ".ariaExpanded"), "true");
    browser_await(browser, ROW("s00001") ".nextElementSibling.className === 'detail'");
    browser_key(browser, "Escape");
    ck_assert_str_eq(browser_text(browser, ROW("s00001") ".ariaExpanded"), "false");
    browser_key(browser, "End");
    ck_assert_str_eq(browser_text(browser, ACTIVE), "s00999");
    browser_await(browser, ROW("s00999") ".getBoundingClientRect().bottom < innerHeight + 1");
    browser_key(browser, "ArrowUp");
    ck_assert_str_eq(browser_text(browser, ACTIVE), "s00998");
    browser_key(browser, "Home");
    ck_assert_str_eq(browser_text(browser, ACTIVE), "s00000");
    browser_await(browser, "scrollY < 2");
}
END_TEST

/* --- what is hostile ---------------------------------------------------------------- */

static const char script[] = "<script>alert(1)</script>\"'`&amp;<img src=x onerror=alert(2)>";

START_TEST(text_is_text)
{
    begin(10);
    page_site_say(site, 0,
                  (struct page_said){.name = script,
                                     .state = "failing",
                                     .detail = script,
                                     .url = "javascript:alert(3)//\u202eevil"});
    open_page();
    ck_assert_str_eq(browser_text(browser, "document.querySelector('.row .name').textContent"),
                     script);
    browser_value(browser, "document.querySelector('.row').click()");
    browser_await(browser, "document.querySelectorAll('.why li').length === 3");
    ck_assert_str_eq(browser_text(browser, "document.querySelectorAll('.facts dd')[0].textContent"),
                     script);
    ck_assert_str_eq(browser_text(browser, "document.querySelectorAll('.facts dd')[1].textContent"),
                     "javascript:alert(3)//\\u{202e}evil");
    ck_assert(json_is_true(browser_value(
        browser, "document.querySelector('.facts').textContent.includes('<img src=x')")));
    ck_assert_double_eq(browser_number(browser, "document.querySelectorAll('script').length"), 1);
    ck_assert_double_eq(
        browser_number(browser, "document.querySelectorAll('img, a, iframe, object').length"), 0);
}
END_TEST

START_TEST(long_text_is_cut_in_its_row_and_whole_where_it_is_opened)
{
    struct bytes text = {0};

    bytes_append_byte(&text, 'x', 3000);
    begin(10);
    page_site_say(
        site, 0,
        (struct page_said){
            .name = text.data, .state = "overdue", .detail = text.data, .url = text.data});
    open_page();
    for (int width = 320; width <= 2560; width *= 2) {
        browser_resize(browser, width, 740);
        browser_value(browser, "document.querySelector('.row').click()");
        browser_await(browser, "document.documentElement.scrollWidth <= innerWidth");
        browser_await(browser, "document.querySelector('.row').offsetHeight < 70");
        browser_await(browser, "document.querySelector('.row .next').getBoundingClientRect().right"
                               " <= innerWidth");
        browser_value(browser, "document.querySelector('.row').click()");
    }
    browser_value(browser, "document.querySelector('.row').click()");
    browser_await(browser, "document.querySelector('.facts dd').textContent.length === 3000");
    page_site_say(site, 0, (struct page_said){0});
    bytes_finish(&text);
}
END_TEST

/* --- for people ---------------------------------------------------------------- */

START_TEST(pictures)
{
    begin(10000);
    page_site_say(site, 7, (struct page_said){.state = "failing", .detail = script});
    page_site_say(site, 77,
                  (struct page_said){.state = "overdue",
                                     .name = "billing.heartbeat.eu-central-1",
                                     .status = 503,
                                     .detail = "the server answered with status 503"});
    page_site_say(
        site, 777,
        (struct page_said){.state = "failing", .detail = "127.0.0.1:45199: connection refused"});
    page_site_say(site, 7777,
                  (struct page_said){.state = "failing",
                                     .status = 500,
                                     .name = "renewal-of-the-leases.rack-3.eu-west-1"});
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

static TCase *page_case(Suite *suite, const char *name)
{
    TCase *tcase = tcase_create(name);

    suite_add_tcase(suite, tcase);
    tcase_add_unchecked_fixture(tcase, start, finish);
    tcase_add_checked_fixture(tcase, setup, teardown);
    return tcase;
}

static Suite *suite(void)
{
    Suite *suite = suite_create("page");
    TCase *tcase = page_case(suite, "shown");

    tcase_add_test(tcase, each_server_has_a_row);
    tcase_add_test(tcase, what_is_wrong_is_on_top);
    tcase_add_test(tcase, the_countdown_moves);
    tcase_add_loop_test(tcase, the_daemons_clock_is_another, 0, 2);
    tcase_add_test(tcase, what_names_do_not_need_is_for_results);
    tcase_add_test(tcase, with_reduced_motion_it_counts_seconds);
    tcase = page_case(suite, "changes");
    tcase_add_test(tcase, a_change_is_seen_without_a_reload_of_the_page);
    tcase_add_test(tcase, a_change_is_announced);
    tcase_add_test(tcase, another_configuration_is_taken_over);
    tcase_add_test(tcase, it_shows_that_the_daemon_is_gone_and_when_it_is_back);
    tcase_add_loop_test(tcase, it_shows_that_an_answer_is_none, 0, 6);
    tcase_add_test(tcase, an_answer_that_is_none_changes_nothing);
    tcase_add_test(tcase, an_opened_server_is_explained_and_drawn);
    tcase_add_test(tcase, an_opened_server_is_kept_up_to_date);
    tcase_add_test(tcase, ten_thousand_are_scrolled_through);
    tcase_add_test(tcase, what_is_read_stays_where_it_is);
    tcase = page_case(suite, "used");
    tcase_add_test(tcase, servers_are_filtered_by_name);
    tcase_add_test(tcase, servers_are_filtered_by_state);
    tcase_add_test(tcase, the_keyboard_is_enough);
    tcase = page_case(suite, "hostile");
    tcase_add_test(tcase, text_is_text);
    tcase_add_test(tcase, long_text_is_cut_in_its_row_and_whole_where_it_is_opened);
    if (getenv("AIOPOLL_TEST_PICTURES") != NULL)
        tcase_add_test(page_case(suite, "pictures"), pictures);
    return suite;
}

int main(void)
{
    if (!browser_is_installed())
        return 77;
    /* A process for each test could not share the browser. */
    setenv("CK_FORK", "no", 1);
    return check_main(suite());
}
