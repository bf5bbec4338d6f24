/* Which hook is next, and what it is told. */
#include "check_main.h"

#include <stdio.h>
#include <string.h>

#include "report/hook_queue.h"

static struct hook_queue queue;

static void setup(void)
{
    hook_queue_init(&queue);
}

/* Nothing may be left: the sanitizers look. */
static void teardown(void)
{
    hook_queue_clear(&queue);
    ck_assert(hook_queue_is_empty(&queue));
    ck_assert_ptr_null(queue.by_name);
}

static void add(const char *name, enum health from, enum health to)
{
    struct hook_event event = {.from = from, .to = to, .variables = strdup(name)};
    event.length = strlen(name) + 1;
    ck_assert(hook_queue_add(&queue, name, &event));
}

/* The next one is of `name`, goes from `was` to `to`, and runs from here on. */
static struct hook_server *take(const char *name, enum health was, enum health to)
{
    struct hook_event event;
    enum health told;
    struct hook_server *server = hook_queue_take(&queue, &event, &told);
    ck_assert_msg(server != NULL, "nothing waits");
    ck_assert_str_eq(server->name, name);
    ck_assert_str_eq(event.variables, name);
    ck_assert_int_eq(told, was);
    ck_assert_int_eq(event.to, to);
    hook_event_finish(&event);
    return server;
}

static void assert_nothing_to_take(void)
{
    struct hook_event event;
    enum health told;
    ck_assert_ptr_null(hook_queue_take(&queue, &event, &told));
}

START_TEST(first_come_first_served)
{
    struct hook_server *server[3];
    add("b", HEALTH_OK, HEALTH_FAILING);
    add("a", HEALTH_OK, HEALTH_OVERDUE);
    add("c", HEALTH_FAILING, HEALTH_OK);
    server[0] = take("b", HEALTH_OK, HEALTH_FAILING);
    server[1] = take("a", HEALTH_OK, HEALTH_OVERDUE);
    server[2] = take("c", HEALTH_FAILING, HEALTH_OK);
    assert_nothing_to_take();
    ck_assert(!hook_queue_is_empty(&queue));
    for (int i = 0; i < 3; i++)
        hook_queue_ran(&queue, server[i]);
    ck_assert(hook_queue_is_empty(&queue));
}
END_TEST

START_TEST(one_of_a_server_at_a_time)
{
    add("a", HEALTH_OK, HEALTH_FAILING);
    struct hook_server *server = take("a", HEALTH_OK, HEALTH_FAILING);
    add("a", HEALTH_FAILING, HEALTH_OK);
    add("b", HEALTH_OK, HEALTH_FAILING);
    hook_queue_ran(&queue, take("b", HEALTH_OK, HEALTH_FAILING));
    assert_nothing_to_take();
    hook_queue_ran(&queue, server);
    hook_queue_ran(&queue, take("a", HEALTH_FAILING, HEALTH_OK));
}
END_TEST

/* The one that waits keeps its place, and is told what is newest. */
START_TEST(what_piles_up_becomes_the_newest)
{
    add("a", HEALTH_OK, HEALTH_FAILING);
    add("b", HEALTH_OK, HEALTH_FAILING);
    add("a", HEALTH_FAILING, HEALTH_OVERDUE);
    hook_queue_ran(&queue, take("a", HEALTH_OK, HEALTH_OVERDUE));
    hook_queue_ran(&queue, take("b", HEALTH_OK, HEALTH_FAILING));
    assert_nothing_to_take();
}
END_TEST

START_TEST(what_is_as_it_was_told_is_not_told_again)
{
    add("a", HEALTH_OK, HEALTH_FAILING);
    add("a", HEALTH_FAILING, HEALTH_OK);
    assert_nothing_to_take();
    ck_assert(hook_queue_is_empty(&queue));
    add("a", HEALTH_OK, HEALTH_FAILING);
    struct hook_server *server = take("a", HEALTH_OK, HEALTH_FAILING);
    add("a", HEALTH_FAILING, HEALTH_OVERDUE);
    add("a", HEALTH_OVERDUE, HEALTH_FAILING);
    hook_queue_ran(&queue, server);
    assert_nothing_to_take();
}
END_TEST

START_TEST(what_is_forgotten_is_not_told)
{
    add("a", HEALTH_OK, HEALTH_FAILING);
    add("b", HEALTH_OK, HEALTH_FAILING);
    hook_queue_forget(&queue, "a");
    hook_queue_forget(&queue, "never seen");
    struct hook_server *server = take("b", HEALTH_OK, HEALTH_FAILING);
    add("b", HEALTH_FAILING, HEALTH_OK);
    hook_queue_forget(&queue, "b");
    ck_assert_str_eq(server->name, "b"); /* its hook still runs */
    hook_queue_ran(&queue, server);
    assert_nothing_to_take();
}
END_TEST

START_TEST(all_are_dropped_but_what_runs)
{
    add("a", HEALTH_OK, HEALTH_FAILING);
    struct hook_server *server = take("a", HEALTH_OK, HEALTH_FAILING);
    add("a", HEALTH_FAILING, HEALTH_OK);
    add("b", HEALTH_OK, HEALTH_FAILING);
    ck_assert_uint_eq(hook_queue_clear(&queue), 2);
    ck_assert(!hook_queue_is_empty(&queue));
    hook_queue_ran(&queue, server);
    ck_assert(hook_queue_is_empty(&queue));
}
END_TEST

static Suite *suite(void)
{
    Suite *s = suite_create("hook_queue");
    TCase *tcase = tcase_create("hook_queue");
    tcase_add_checked_fixture(tcase, setup, teardown);
    tcase_add_test(tcase, first_come_first_served);
    tcase_add_test(tcase, one_of_a_server_at_a_time);
    tcase_add_test(tcase, what_piles_up_becomes_the_newest);
    tcase_add_test(tcase, what_is_as_it_was_told_is_not_told_again);
    tcase_add_test(tcase, what_is_forgotten_is_not_told);
    tcase_add_test(tcase, all_are_dropped_but_what_runs);
    suite_add_tcase(s, tcase);
    return s;
}

CHECK_MAIN(suite())
