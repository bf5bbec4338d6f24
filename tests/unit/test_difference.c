/* What differs between two configurations, server by server. */
#include "check_main.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "config/difference.h"
#include "config_scene.h"

static struct config *old, *new;
static struct difference difference;
static bool files_differ;
static int files_asked;

static void start(void)
{
    config_scene_start();
    files_differ = false;
    files_asked = 0;
}

static void finish(void)
{
    difference_free(&difference);
    config_free(old);
    config_free(new);
    old = new = NULL;
    config_scene_finish();
}

static struct config *read_text(const char *text)
{
    struct config *read = config_read(file("f.ini", "%s", text), NULL, 0, &problems);
    ck_assert_msg(problems.count == 0, "%s", problems.count == 0 ? "" : problems.list[0].text);
    return read;
}

static bool ask_files(void *user, const struct server_settings *a, const struct server_settings *b)
{
    ck_assert_ptr_null(user);
    ck_assert_ptr_nonnull(a);
    ck_assert_ptr_nonnull(b);
    files_asked++;
    return files_differ;
}

static void compare(const char *before, const char *after)
{
    difference_free(&difference);
    config_free(old);
    config_free(new);
    old = read_text(before);
    new = read_text(after);
    difference_find(&difference, old, new, ask_files, NULL);
    ck_assert_uint_eq(difference.count, new->server_count);
}

static enum fate fate_of(const char *name)
{
    for (size_t i = 0; i < new->server_count; i++) {
        const struct difference_entry *entry = &difference.entries[i];
        if (strcmp(new->servers[i].name, name) != 0)
            continue;
        if (entry->fate != FATE_ADDED)
            ck_assert_str_eq(old->servers[entry->old].name, name);
        return entry->fate;
    }
    ck_abort_msg("there is no server %s", name);
    return FATE_SAME;
}

static void assert_counts(size_t added, size_t changed, size_t moved, size_t removed)
{
    ck_assert_uint_eq(difference.added, added);
    ck_assert_uint_eq(difference.changed, changed);
    ck_assert_uint_eq(difference.moved, moved);
    ck_assert_uint_eq(difference.removed, removed);
}

START_TEST(the_order_does_not_count)
{
    compare("[servers]\na = http://h/a\nb = http://h/b\n[server c]\nurl = http://h/c\n",
            "[server c]\nurl = http://h/c\n[servers]\nb = http://h/b\na = http://h/a\n");
    assert_counts(0, 0, 0, 0);
    ck_assert_int_eq(fate_of("a"), FATE_SAME);
    ck_assert_int_eq(fate_of("c"), FATE_SAME);
}
END_TEST

/* A setting of its own that says what it would inherit is no other. */
START_TEST(where_it_stands_does_not_count)
{
    compare("[defaults]\ntimeout = 3s\n[servers]\na = http://h/a\n",
            "[server a]\nurl = http://h/a\ntimeout = 3000ms\n");
    assert_counts(0, 0, 0, 0);
}
END_TEST

START_TEST(all_that_can_become_of_them)
{
    compare("[servers]\nsame = http://h/s\nmoved = http://h/m\ngone = http://h/g\n"
            "[server changed]\nurl = http://h/c\ntimeout = 3s\n",
            "[servers]\nnew = http://h/n\nmoved = http://h/other\nsame = http://h/s\n"
            "[server changed]\nurl = http://h/c\ntimeout = 4s\n[server zero]\nurl = http://h/z\n");
    assert_counts(2, 1, 1, 1);
    ck_assert_int_eq(fate_of("same"), FATE_SAME);
    ck_assert_int_eq(fate_of("moved"), FATE_MOVED);
    ck_assert_int_eq(fate_of("changed"), FATE_CHANGED);
    ck_assert_int_eq(fate_of("new"), FATE_ADDED);
    ck_assert_int_eq(fate_of("zero"), FATE_ADDED);
}
END_TEST

START_TEST(defaults_change_all_that_inherit)
{
    compare(
        "[servers]\na = http://h/a\nb = http://h/b\n[server c]\nurl = http://h/c\ntimeout = 3s\n",
        "[defaults]\ntimeout = 9s\n"
        "[servers]\na = http://h/a\nb = http://h/b\n[server c]\nurl = http://h/c\ntimeout = 3s\n");
    assert_counts(0, 2, 0, 0);
    ck_assert_int_eq(fate_of("c"), FATE_SAME);
}
END_TEST

/* A value that is not the default, for each key. */
static const char *const values[][2] = {
    {"method", "PUT"},
    {"body", "x\nmethod = PUT"},
    {"header", "X-A: b"},
    {"bearer-token-file", "token"},
    {"basic-auth-file", "password"},
    {"timeout", "11s"},
    {"connect-timeout", "4s"},
    {"connect-early", "no"},
    {"keep-alive", "0"},
    {"redirects", "0"},
    {"max-body", "1k"},
    {"unix-socket", "/s"},
    {"address-family", "4"},
    {"verify", "no"},
    {"ca-file", "/ca"},
    {"cert-file", "/c"},
    {"key-file", "/k\ncert-file = /c"},
    {"server-name", "h.example"},
    {"delay-from", "header:X-B"},
    {"delay-unit", "m"},
    {"delay-scale", "0.5"},
    {"min-delay", "1s"},
    {"max-delay", "1h"},
    {"retry", "2s"},
    {"retry-max", "2m"},
    {"overdue-after", "1m"},
};

enum { VALUES = sizeof values / sizeof *values };

static const char *value_of(const char *key)
{
    for (size_t i = 0; i < VALUES; i++)
        if (strcmp(values[i][0], key) == 0)
            return values[i][1];
    ck_abort_msg("there is no value for %s here", key);
    return NULL;
}

START_TEST(each_key_counts)
{
    const char *names[SETTING_NAMES_MAX];
    char text[400];
    file("token", "secret\n");
    file("password", "user:secret\n");
    setting_names(server_setting_table, names);
    for (size_t i = 0; names[i] != NULL; i++) {
        snprintf(text, sizeof text, "[server a]\nurl = http://h/a\n%s = %s\n", names[i],
                 value_of(names[i]));
        compare("[server a]\nurl = http://h/a\n", text);
        ck_assert_msg(fate_of("a") == FATE_CHANGED, "%s does not count", names[i]);
        compare(text, text);
        ck_assert_msg(fate_of("a") == FATE_SAME, "%s is never the same", names[i]);
    }
}
END_TEST

START_TEST(fields_and_their_order_count)
{
    const char *text = "[server a]\nurl = http://h/a\nheader = A: 1\nheader = B: 2\n";
    compare(text, "[server a]\nurl = http://h/a\nheader = B: 2\nheader = A: 1\n");
    assert_counts(0, 1, 0, 0);
    compare(text, "[server a]\nurl = http://h/a\nheader = A: 1\nheader = B: 3\n");
    assert_counts(0, 1, 0, 0);
    compare(text, text);
    assert_counts(0, 0, 0, 0);
}
END_TEST

START_TEST(the_content_of_a_token_counts)
{
    const char *text = "[server a]\nurl = http://h/a\nbearer-token-file = token\n";
    file("token", "first\n");
    old = read_text(text);
    file("token", "second\n");
    new = read_text(text);
    difference_find(&difference, old, new, ask_files, NULL);
    assert_counts(0, 1, 0, 0);
}
END_TEST

/* Asked once for all that share their settings, and not at all where the settings differ. */
START_TEST(the_content_of_other_files_is_asked_for)
{
    const char *text = "[defaults]\nca-file = /ca\n"
                       "[servers]\na = http://h/a\nb = http://h/b\nc = http://h/c\n";
    compare(text, text);
    ck_assert_int_eq(files_asked, 1);
    assert_counts(0, 0, 0, 0);
    files_differ = true;
    compare(text, text);
    assert_counts(0, 3, 0, 0);
    files_asked = 0;
    compare(text, "[servers]\na = http://h/a\n");
    ck_assert_int_eq(files_asked, 0);
    assert_counts(0, 1, 0, 2);
}
END_TEST

static Suite *suite(void)
{
    Suite *s = suite_create("difference");
    TCase *tcase = tcase_create("difference");
    tcase_add_checked_fixture(tcase, start, finish);
    tcase_add_test(tcase, the_order_does_not_count);
    tcase_add_test(tcase, where_it_stands_does_not_count);
    tcase_add_test(tcase, all_that_can_become_of_them);
    tcase_add_test(tcase, defaults_change_all_that_inherit);
    tcase_add_test(tcase, each_key_counts);
    tcase_add_test(tcase, fields_and_their_order_count);
    tcase_add_test(tcase, the_content_of_a_token_counts);
    tcase_add_test(tcase, the_content_of_other_files_is_asked_for);
    suite_add_tcase(s, tcase);
    return s;
}

CHECK_MAIN(suite())
