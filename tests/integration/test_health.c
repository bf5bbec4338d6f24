/*
 * The states of a server: ok, failing and overdue. Each change is told once, and
 * after the poll that made it.
 */
#include <string.h>

#include "check_main.h"
#include "scene.h"

static const int64_t MS = 1000000;

enum { STORY_MAX = 4096 };

/*
 * What was told of a server, a letter an event: a Good poll, a Failed one, one that
 * was Canceled; a change to ok, failing or overdue is o, f or v.
 */
static char letter_of(json_t *event)
{
    const char *what = rig_string(event, "event");

    if (strcmp(what, "change") == 0) {
        const char *state = rig_string(event, "state");

        return strcmp(state, "overdue") == 0 ? 'v' : *state;
    }
    ck_assert_str_eq(what, "poll");
    if (scene_is_canceled(event))
        return 'C';
    return strcmp(rig_string(event, "result"), "ok") == 0 ? 'G' : 'F';
}

static const char *story(const char *server)
{
    static char letters[STORY_MAX];
    size_t cursor = 0;
    size_t length = 0;
    json_t *event;

    while ((event = rig_next_event(rig, &cursor, NULL, server)) != NULL && length < STORY_MAX - 1)
        if (strcmp(rig_string(event, "event"), "explain") != 0)
            letters[length++] = letter_of(event);
    letters[length] = '\0';
    return letters;
}

/* The same with each row of equal letters as one. */
static const char *short_story(const char *server)
{
    static char letters[STORY_MAX];
    size_t length = 0;

    for (const char *at = story(server); *at != '\0'; at++) {
        if (length == 0 || letters[length - 1] != *at)
            letters[length++] = *at;
    }
    letters[length] = '\0';
    return letters;
}

static void check_begins(const char *text, const char *beginning)
{
    ck_assert_msg(strncmp(text, beginning, strlen(beginning)) == 0, "%s does not begin with %s",
                  text, beginning);
}

static json_t *change(const char *server, size_t index, const char *level, const char *was,
                      const char *state)
{
    json_t *event = rig_event(rig, "change", server, index);

    ck_assert_str_eq(rig_string(event, "level"), level);
    ck_assert_str_eq(rig_string(event, "was"), was);
    ck_assert_str_eq(rig_string(event, "state"), state);
    ck_assert_int_gt(scene_ns(event, "for"), 0);
    return event;
}

static void check_without(json_t *event, const char *key)
{
    ck_assert_msg(json_object_get(event, key) == NULL, "there is a %s", key);
}

static void await_changes(const char *server, size_t count)
{
    rig_wait_events(rig, "change", server, count, SCENE_LIMIT_MS);
}

/* --- the changes ----------------------------------------------------------------------- */

START_TEST(a_failure_makes_it_failing_and_a_good_poll_ok)
{
    json_t *event;

    scene_start("[defaults]\nretry = 20ms\n"
                "[servers]\na = @/a?delay=0.02&status=200,200,500,404,200,200\n");
    await_changes("a", 2);
    scene_await_polls("a", 6);
    rig_stop(rig);
    check_begins(story("a"), "GGFfFGoG");

    event = change("a", 0, "warning", "ok", "failing");
    ck_assert_int_ge(scene_ns(event, "for"), 40 * MS);
    ck_assert_str_eq(rig_string(event, "error"), "status");
    ck_assert_str_eq(rig_string(event, "detail"), rig_string(scene_poll("a", 2), "detail"));
    check_without(event, "silent");
    event = change("a", 1, "info", "failing", "ok");
    ck_assert_int_ge(scene_ns(event, "for"), 45 * MS); /* 20 and 40 ms, less a quarter */
    check_without(event, "error");
    check_without(event, "detail");
    check_without(event, "silent");
}
END_TEST

START_TEST(failures_for_too_long_make_it_overdue)
{
    static const char failures[] = "500,500,500,500,500,500,500,500,500,500,500,500,500,500,500,"
                                   "500,500,500,500,500,500,500,500,500,500,500,500,500,500,500";
    json_t *event;

    scene_start("[defaults]\nretry = 20ms\nretry-max = 20ms\noverdue-after = 150ms\n"
                "[servers]\na = @/a?delay=0.1&status=200,%s,200\n",
                failures);
    await_changes("a", 3);
    rig_stop(rig);
    check_begins(short_story("a"), "GFfFvFGo");

    change("a", 0, "warning", "ok", "failing");
    event = change("a", 1, "error", "failing", "overdue");
    ck_assert_int_ge(scene_ns(event, "silent"), 250 * MS);
    ck_assert_int_lt(scene_ns(event, "for"), scene_ns(event, "silent") - 90 * MS);
    ck_assert_str_eq(rig_string(event, "error"), "status");
    event = change("a", 2, "info", "overdue", "ok");
    check_without(event, "error");
    check_without(event, "silent");
}
END_TEST

START_TEST(a_server_that_hangs_is_overdue_before_its_timeout)
{
    json_t *event;

    scene_start("[defaults]\ntimeout = 1h\noverdue-after = 100ms\n"
                "[servers]\na = @/a?silent\n");
    await_changes("a", 1);
    event = change("a", 0, "error", "ok", "overdue");
    ck_assert_int_ge(scene_ns(event, "for"), 100 * MS);
    check_without(event, "error");
    check_without(event, "detail");
    check_without(event, "silent");
    rig_stop(rig);
    ck_assert_str_eq(story("a"), "vC");
}
END_TEST

START_TEST(a_slow_server_is_overdue_until_it_answers)
{
    scene_start("[defaults]\noverdue-after = 100ms\n"
                "[servers]\na = @/a?delay=0.05&slow=250\n");
    await_changes("a", 4);
    check_begins(story("a"), "vGovGo");
    check_without(change("a", 0, "error", "ok", "overdue"), "silent");
    ck_assert_int_ge(scene_ns(change("a", 2, "error", "ok", "overdue"), "silent"), 150 * MS);
}
END_TEST

START_TEST(what_is_overdue_does_not_become_failing)
{
    json_t *event;

    scene_start("[defaults]\ntimeout = 200ms\nretry = 20ms\noverdue-after = 50ms\n"
                "[servers]\na = @/a?silent\n");
    scene_await_polls("a", 4);
    check_begins(story("a"), "vFFFF");
    event = change("a", 0, "error", "ok", "overdue");
    ck_assert_int_ge(scene_ns(event, "for"), 50 * MS);
}
END_TEST

START_TEST(one_that_waits_for_a_descriptor_is_overdue)
{
    rig_set_shell(rig, "ulimit -n 16; exec \"$@\"");
    scene_start("[defaults]\noverdue-after = 100ms\n"
                "[servers]\na = @/a?silent\nb = @/b?silent\n");
    await_changes("a", 1);
    await_changes("b", 1);
    ck_assert_uint_eq(mock_server_requests(mock, NULL), 1);
    change("a", 0, "error", "ok", "overdue");
    change("b", 0, "error", "ok", "overdue");
}
END_TEST

START_TEST(a_long_delay_is_no_silence)
{
    scene_start_count(2, "[defaults]\noverdue-after = 500ms\n[servers]\na = @/a?delay=0.8\n");
    scene_await_exit(0);
    ck_assert_str_eq(story("a"), "GG");
}
END_TEST

/* --- without grace --------------------------------------------------------------------- */

START_TEST(without_grace_a_failure_makes_it_overdue)
{
    json_t *event;

    scene_start("[defaults]\nretry = 20ms\noverdue-after = 0\n"
                "[servers]\na = @/a?delay=0.02&slow=20&status=200,500,500,200,200\n");
    scene_await_polls("a", 5);
    rig_stop(rig);
    check_begins(story("a"), "GFvFGoG");
    event = change("a", 0, "error", "ok", "overdue");
    ck_assert_str_eq(rig_string(event, "error"), "status");
    ck_assert_str_eq(rig_string(event, "detail"), rig_string(scene_poll("a", 1), "detail"));
    ck_assert_int_ge(scene_ns(event, "silent"), 40 * MS);
    change("a", 1, "info", "overdue", "ok");
}
END_TEST

/* --- each once ------------------------------------------------------------------------- */

START_TEST(a_long_run_of_failures_is_two_changes)
{
    scene_start("[defaults]\nretry = 10ms\nretry-max = 10ms\noverdue-after = 200ms\n"
                "[servers]\na = @/a?delay=0.01&status=200,500\n");
    scene_await_polls("a", 100);
    await_changes("a", 2);
    rig_stop(rig);
    ck_assert_uint_eq(rig_count_events(rig, "change", "a"), 2);
    check_begins(short_story("a"), "GFfFvF");
}
END_TEST

START_TEST(every_server_has_states_of_its_own)
{
    scene_start("[defaults]\nretry = 20ms\n"
                "[servers]\n"
                "a = @/a?delay=0.02&status=200,500,200\n"
                "b = @/b?delay=0.02\n"
                "c = @/c?delay=0.02&status=500,200\n");
    await_changes("a", 2);
    await_changes("c", 2);
    scene_await_polls("b", 4);
    rig_stop(rig);
    check_begins(story("a"), "GFfGo");
    check_begins(story("c"), "FfGo");
    ck_assert_uint_eq(rig_count_events(rig, "change", "b"), 0);
}
END_TEST

/* Its count is reached long before it would be overdue, and `b` keeps the program going. */
START_TEST(after_its_count_a_server_does_not_become_overdue)
{
    scene_start_count(2, "[defaults]\nretry = 10ms\noverdue-after = 400ms\n"
                         "[servers]\n"
                         "a = @/a?status=500\n"
                         "b = @/b?delay=0.8\n");
    scene_await_exit(1);
    ck_assert_str_eq(story("a"), "FfF");
    ck_assert_str_eq(story("b"), "GG");
}
END_TEST

START_TEST(a_stop_changes_nothing)
{
    scene_start("[servers]\na = @/a?silent\n");
    rig_wait_requests(rig, mock, "a", 1, SCENE_LIMIT_MS);
    rig_stop(rig);
    ck_assert_str_eq(story("a"), "C");
}
END_TEST

/* --- as text --------------------------------------------------------------------------- */

START_TEST(a_change_as_text)
{
    const char *path = scene_config("[defaults]\nretry = 20ms\n"
                                    "[servers]\na = @/a?delay=soon,%%1b,1\n");

    rig_start(rig, "-c", path, NULL);
    rig_wait_stdout(rig, " info change server=a state=ok was=failing for=0.", SCENE_LIMIT_MS);
    ck_assert_ptr_nonnull(
        strstr(rig_stdout(rig), " warning change server=a state=failing was=ok for=0."));
    ck_assert_ptr_nonnull(strstr(rig_stdout(rig), " error=no-delay detail=\"the body is not a "
                                                  "number of seconds: \\\"soon\\\\n\\\"\"\n"));
}
END_TEST

static Suite *suite(void)
{
    Suite *suite = suite_create("health");
    TCase *tests = scene_case(suite, "changes");

    tcase_add_test(tests, a_failure_makes_it_failing_and_a_good_poll_ok);
    tcase_add_test(tests, failures_for_too_long_make_it_overdue);
    tcase_add_test(tests, a_server_that_hangs_is_overdue_before_its_timeout);
    tcase_add_test(tests, a_slow_server_is_overdue_until_it_answers);
    tcase_add_test(tests, what_is_overdue_does_not_become_failing);
    tcase_add_test(tests, one_that_waits_for_a_descriptor_is_overdue);
    tcase_add_test(tests, a_long_delay_is_no_silence);
    tests = scene_case(suite, "without grace");
    tcase_add_test(tests, without_grace_a_failure_makes_it_overdue);
    tests = scene_case(suite, "each once");
    tcase_add_test(tests, a_long_run_of_failures_is_two_changes);
    tcase_add_test(tests, every_server_has_states_of_its_own);
    tcase_add_test(tests, after_its_count_a_server_does_not_become_overdue);
    tcase_add_test(tests, a_stop_changes_nothing);
    tests = scene_case(suite, "text");
    tcase_add_test(tests, a_change_as_text);
    return suite;
}

CHECK_MAIN(suite())
