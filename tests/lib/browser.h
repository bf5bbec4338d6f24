/*
 * A headless Chromium on the rig's loop, with one tab, driven by its DevTools
 * protocol over a pipe.
 *
 *     struct browser *browser = browser_new(rig);
 *     browser_open(browser, "http://127.0.0.1:9914/");
 *     browser_await(browser, "document.title === '(1) aiopoll'");
 *     browser_key(browser, "Enter");
 *     ck_assert_str_eq(browser_complaints(browser), "");
 *     browser_free(browser);
 *
 * What goes wrong fails the test. The browser ends with the pipe, and so with
 * the test's process at the latest. It looks up no names.
 */
#ifndef TESTS_LIB_BROWSER_H
#define TESTS_LIB_BROWSER_H

#include <stdbool.h>

#include "check_main.h"
#include "rig.h"

struct browser;

/* Whether there is one in PATH; says on stderr if not. */
bool browser_is_installed(void);

/* The main() of tests that need it; meson takes 77 for skipped. */
#define BROWSER_MAIN(suite)                                                                        \
    int main(void)                                                                                 \
    {                                                                                              \
        return browser_is_installed() ? check_main(suite) : 77;                                    \
    }

/* 1280 by 800 pixels, light. browser_free() is to be called before rig_free(). */
struct browser *browser_new(struct rig *rig);
void browser_free(struct browser *browser);

/* Any command of the protocol; params are stolen, and NULL is none. The result is the browser's
 * until the next command. */
json_t *browser_call(struct browser *browser, const char *method, json_t *params);

/* Leads the tab there, and waits until its page is loaded. What was noted before is forgotten. */
void browser_open(struct browser *browser, const char *url);

/* The value of an expression of JavaScript in the page, which may be a promise; as of the call. */
json_t *browser_value(struct browser *browser, const char *expression);

/* The same for a string, and for a number. */
const char *browser_text(struct browser *browser, const char *expression);
double browser_number(struct browser *browser, const char *expression);

/* Until the expression, which is looked at every few milliseconds, is true. */
#define browser_await(browser, expression) browser_await_at(RIG_HERE, browser, expression)
void browser_await_at(const char *where, struct browser *browser, const char *expression);

/* A key as in KeyboardEvent.key: "Enter", "ArrowDown", "a". */
void browser_key(struct browser *browser, const char *key);
void browser_type(struct browser *browser, const char *text);

/* In pixels; a narrow one as a phone has it, where it is narrow. */
void browser_resize(struct browser *browser, int width, int height);

/* A feature of media queries, as "prefers-color-scheme" "dark"; one at a time. */
void browser_prefer(struct browser *browser, const char *feature, const char *value);

/* Writes what is on the screen as PNG. */
void browser_screenshot(struct browser *browser, const char *path);

/* What the page has logged as a warning or an error, its uncaught exceptions, and what was
 * violated of its policy, a line each; "": nothing. */
const char *browser_complaints(struct browser *browser);
void browser_forget_complaints(struct browser *browser);

/* How many requests there were, and the URLs of those that do not begin so, a line each. */
size_t browser_requests(const struct browser *browser);
const char *browser_requests_beyond(struct browser *browser, const char *url_begin);

#endif
