/*
 * The rounds of the watch, and what a task is judged by, with tasks that are made up;
 * the search in the heap of wake-ups, against one that looks at all. The program's
 * objects are linked as they are.
 */
#include "base/clock.h"
#include "base/container_of.h"
#include "base/duration.h"
#include "check_main.h"
#include "pace/watch.h"

/* Where a test is to find all well, though late, the machine may take some time away, too. */
enum { SERVERS = 1000, SPAN_MS = 40, LONG_SPAN_MS = 1200, LONG_ROUND_MS = LONG_SPAN_MS / 4 };

static uv_loop_t loop;
static struct wakeups wakeups;
static struct http_env *env;
static struct server_config config;
static struct generation generation = {.users = 1};
static struct server *list[SERVERS];

static void on_woken(struct wakeup *wakeup)
{
    (void)wakeup;
}

static void sleep_for(struct server *server, int64_t ns)
{
    server->state = SERVER_SLEEPING;
    server->due = clock_now() + ns;
    wakeup_set(&wakeups, &server->sleep, server->due, on_woken);
}

static void setup(void)
{
    static struct server_settings settings;

    ck_assert_int_eq(uv_loop_init(&loop), 0);
    ck_assert_int_eq(wakeups_init(&wakeups, &loop), 0);
    wakeups_reserve(&wakeups, 2 * SERVERS);
    env = calloc(1, sizeof(*env));
    ck_assert_ptr_nonnull(env);
    env->wakeups = &wakeups;
    slots_init(&env->slots, &wakeups, 1, &conn_slots_callbacks);
    config.settings = &settings;
    for (size_t i = 0; i < SERVERS; i++) {
        list[i] =
            server_new((uint32_t)i, &(struct server_plan){&generation, &config}, env, NULL, 0, 0);
        sleep_for(list[i], HOUR);
    }
}

static void teardown(void)
{
    wakeups_close(&wakeups);
    uv_run(&loop, UV_RUN_DEFAULT);
    for (size_t i = 0; i < SERVERS; i++)
        server_free(list[i]);
    wakeups_free(&wakeups);
    ck_assert_int_eq(uv_loop_close(&loop), 0);
    free(env);
}

/* --- what a task is judged by ------------------------------------------------------------ */

START_TEST(one_that_sleeps)
{
    struct server *server = list[0];

    ck_assert_ptr_null(server_stuck(server, clock_now()));
    ck_assert_ptr_null(server_stuck(server, server->due));
    ck_assert_ptr_nonnull(server_stuck(server, server->due + 1));
    server->state = SERVER_PREPARING;
    ck_assert_ptr_null(server_stuck(server, server->due));
    ck_assert_ptr_nonnull(server_stuck(server, server->due + 1));
    wakeup_set(&wakeups, &server->sleep, server->due + 1, on_woken);
    ck_assert_ptr_nonnull(server_stuck(server, clock_now()));
    wakeup_cancel(&wakeups, &server->sleep);
    ck_assert_ptr_nonnull(server_stuck(server, clock_now()));
}
END_TEST

START_TEST(one_that_was_never_started)
{
    struct server *server = list[0];

    server->state = SERVER_NEW;
    ck_assert_ptr_null(server_stuck(server, server->health.since));
    ck_assert_ptr_nonnull(server_stuck(server, server->health.since + 1));
}
END_TEST

START_TEST(one_that_has_ended)
{
    wakeup_cancel(&wakeups, &list[0]->sleep);
    list[0]->state = SERVER_ENDED;
    ck_assert_ptr_null(server_stuck(list[0], INT64_MAX));
}
END_TEST

START_TEST(one_that_waits_for_a_response)
{
    struct server *server = list[0];
    int64_t limit = clock_now() + HOUR;

    server->state = SERVER_FETCHING;
    server->http.busy = true;
    ck_assert_ptr_nonnull(server_stuck(server, clock_now()));
    wakeup_set(&wakeups, &server->http.limit, limit, on_woken);
    ck_assert_ptr_null(server_stuck(server, limit));
    ck_assert_ptr_nonnull(server_stuck(server, limit + 1));
    wakeup_cancel(&wakeups, &server->http.limit);
}
END_TEST

/* As long as others may have the descriptors. */
START_TEST(one_that_waits_for_a_descriptor)
{
    struct server *server = list[0];
    struct slot holder = {0};
    int64_t began;

    slots_allow(&env->slots, MINUTE);
    ck_assert(slot_take(&env->slots, &holder));
    began = clock_now();
    ck_assert(!slot_take(&env->slots, &server->http.conn.slot));
    server->state = SERVER_FETCHING;
    server->http.busy = true;
    server->http.conn.state = CONN_WAITING;
    ck_assert_ptr_null(server_stuck(server, began + MINUTE));
    ck_assert_ptr_nonnull(server_stuck(server, clock_now() + MINUTE + 1));
    slot_release(&env->slots, &server->http.conn.slot);
    ck_assert(!slots_are_stuck(&env->slots, INT64_MAX));
}
END_TEST

/* --- rounds ------------------------------------------------------------------------------ */

static struct watch watch;
static size_t well, again, stuck;
static const struct server *stuck_server;

static void on_well(void *user, bool is_again)
{
    ck_assert_ptr_eq(user, &watch);
    well++;
    again += is_again;
}

static void on_stuck(void *user, const struct server *server, const char *how)
{
    ck_assert_ptr_eq(user, &watch);
    ck_assert_ptr_nonnull(how);
    stuck++;
    stuck_server = server;
}

static void start_watch_for(size_t count, int64_t span)
{
    const struct watch_listener listener = {on_well, on_stuck, &watch};

    ck_assert_int_eq(watch_init(&watch, &loop, &wakeups, &listener), 0);
    watch_servers(&watch, list, count);
    watch_start(&watch, span);
}

static void start_watch(size_t count)
{
    start_watch_for(count, SPAN_MS * MILLISECOND);
}

static void pass_rounds(size_t count)
{
    while (count > 0) {
        int64_t before = watch.turned;

        uv_run(&loop, UV_RUN_ONCE);
        count -= watch.turned != before && watch.next == 0;
    }
}

START_TEST(each_round_that_finds_all_well_is_told)
{
    start_watch(SERVERS);
    pass_rounds(5);
    ck_assert_uint_ge(well, 5);
    ck_assert_uint_eq(again + stuck, 0);
    watch_close(&watch);
}
END_TEST

START_TEST(none_at_all_are_well)
{
    start_watch(0);
    pass_rounds(2);
    ck_assert_uint_ge(well, 2);
    watch_close(&watch);
}
END_TEST

/* The last of a part, the first of the next, the last of all. */
START_TEST(each_task_counts)
{
    static const size_t places[] = {0, 255, 256, SERVERS - 1};
    struct server *bad = list[places[_i]];

    wakeup_cancel(&wakeups, &bad->sleep);
    start_watch(SERVERS);
    pass_rounds(3);
    ck_assert_uint_eq(well, 0);
    ck_assert_uint_eq(stuck, 1);
    ck_assert_ptr_eq(stuck_server, bad);
    sleep_for(bad, HOUR);
    pass_rounds(3);
    ck_assert_uint_ge(well, 2);
    ck_assert_uint_eq(again, 1);
    watch_close(&watch);
}
END_TEST

START_TEST(a_list_that_changes_in_a_round)
{
    size_t before;

    wakeup_cancel(&wakeups, &list[900]->sleep);
    start_watch(SERVERS);
    while (watch.next == 0)
        uv_run(&loop, UV_RUN_ONCE);
    watch_servers(&watch, list + SERVERS - 2, 1); /* nearly all are gone */
    before = well;
    pass_rounds(2);
    ck_assert_uint_gt(well, before);
    watch_servers(&watch, list, SERVERS);
    stuck = 0;
    while (stuck == 0)
        pass_rounds(1);
    ck_assert_ptr_eq(stuck_server, list[900]);
    before = well;
    pass_rounds(2);
    ck_assert_uint_eq(well, before);
    watch_close(&watch);
}
END_TEST

/* While a reload is applied; that is not the time to say that all is well. */
START_TEST(without_a_list_nothing_is_well)
{
    start_watch_for(SERVERS, LONG_SPAN_MS * MILLISECOND);
    pass_rounds(2);
    watch_servers(&watch, NULL, 0);
    well = 0;
    while (watch.blind <= LONG_ROUND_MS * MILLISECOND)
        uv_run(&loop, UV_RUN_ONCE);
    ck_assert_uint_eq(well, 0);
    watch_servers(&watch, list, SERVERS);
    while (well == 0)
        uv_run(&loop, UV_RUN_ONCE);
    watch_close(&watch);
}
END_TEST

START_TEST(without_a_list_for_long_all_are_stuck)
{
    start_watch(SERVERS);
    pass_rounds(2);
    watch_servers(&watch, NULL, 0);
    well = stuck = 0;
    while (stuck == 0)
        uv_run(&loop, UV_RUN_ONCE);
    ck_assert_ptr_null(stuck_server);
    ck_assert_uint_eq(well, 0);
    watch_servers(&watch, list, SERVERS);
    while (again == 0)
        uv_run(&loop, UV_RUN_ONCE);
    ck_assert_uint_eq(stuck, 1);
    watch_close(&watch);
}
END_TEST

/* --- when all are late -------------------------------------------------------------------- */

static void wake(struct wakeup *wakeup)
{
    sleep_for(container_of(wakeup, struct server, sleep), HOUR);
}

static void make_all_due_soon(void)
{
    for (size_t i = 0; i < SERVERS; i++) {
        list[i]->due = clock_now() + MILLISECOND;
        wakeup_set(&wakeups, &list[i]->sleep, list[i]->due, wake);
    }
}

static void stand_still(int64_t ns)
{
    int64_t stop = clock_now() + ns;

    while (clock_now() < stop) {
    }
}

/* The tasks are woken before they are judged. */
START_TEST(a_loop_that_stood_still_makes_no_task_stuck)
{
    start_watch_for(SERVERS, LONG_SPAN_MS * MILLISECOND);
    for (int i = 0; i < 3; i++) {
        make_all_due_soon();
        stand_still(2 * LONG_ROUND_MS * MILLISECOND);
        pass_rounds(2);
    }
    ck_assert_uint_eq(stuck, 0);
    ck_assert_uint_ge(well, 6);
    watch_close(&watch);
}
END_TEST

/* A wake-up that sets itself again, for at once, comes before all others for ever. */
static void hog(struct wakeup *wakeup)
{
    wakeup_set(&wakeups, wakeup, 0, hog);
}

START_TEST(a_loop_in_which_no_task_has_its_turn_is_stuck)
{
    struct wakeup greedy = {0};
    int64_t began;
    size_t before;

    start_watch(SERVERS);
    pass_rounds(2);
    make_all_due_soon();
    wakeup_set(&wakeups, &greedy, 0, hog);
    began = clock_awake();
    while (stuck == 0)
        pass_rounds(1);
    ck_assert_int_ge(clock_awake() - began, SPAN_MS * MILLISECOND / 2);
    ck_assert_ptr_null(stuck_server);
    before = well;
    pass_rounds(5);
    ck_assert_uint_eq(well, before);
    wakeup_cancel(&wakeups, &greedy);
    while (again == 0)
        pass_rounds(1);
    ck_assert_uint_eq(stuck, 1);
    watch_close(&watch);
}
END_TEST

/* Each of a long queue has its turn, only late. */
START_TEST(a_crowd_that_has_its_turn_is_well)
{
    start_watch_for(SERVERS, LONG_SPAN_MS * MILLISECOND);
    pass_rounds(2);
    make_all_due_soon();
    stand_still(2 * LONG_ROUND_MS * MILLISECOND);
    for (size_t before = well; well < before + 2;) {
        uv_run(&loop, UV_RUN_ONCE);
        stand_still(MILLISECOND);
    }
    ck_assert_uint_eq(stuck, 0);
    watch_close(&watch);
}
END_TEST

START_TEST(what_is_reached_is_now_or_the_last_that_was_called)
{
    int64_t now = clock_now(), due;

    ck_assert_int_ge(wakeups_reached(&wakeups), now);
    make_all_due_soon();
    due = list[SERVERS - 1]->due;
    stand_still(2 * MILLISECOND);
    ck_assert_int_lt(wakeups_reached(&wakeups), due);
    uv_run(&loop, UV_RUN_ONCE);
    ck_assert_int_ge(wakeups_reached(&wakeups), now);
    ck_assert_int_le(wakeups_reached(&wakeups), due);
    while (wakeups_reached(&wakeups) <= due)
        uv_run(&loop, UV_RUN_ONCE);
    now = clock_now();
    ck_assert_int_ge(wakeups_reached(&wakeups), now);
}
END_TEST

/* --- the first wake-up of a kind ---------------------------------------------------------- */

static void other(struct wakeup *wakeup)
{
    (void)wakeup;
}

static uint32_t next_random(void)
{
    static uint32_t state = 1;

    state = state * 1664525 + 1013904223;
    return state >> 8;
}

/* Of a tenth of all, at random moments. */
START_TEST(the_first_of_a_kind_is_found)
{
    for (int round = 0; round < 200; round++) {
        const struct wakeup *first = NULL;
        int64_t earliest = INT64_MAX;

        for (size_t i = 0; i < SERVERS; i++) {
            bool wanted = next_random() % 10 == 0;
            int64_t due = clock_now() + HOUR + next_random();

            wakeup_set(&wakeups, &list[i]->sleep, due, wanted ? on_woken : other);
            if (wanted && due < earliest) {
                earliest = due;
                first = &list[i]->sleep;
            }
        }
        const struct wakeup *found = wakeups_first(&wakeups, on_woken);
        ck_assert_ptr_nonnull(found);
        ck_assert_int_eq(wakeup_due(&wakeups, found), wakeup_due(&wakeups, first));
    }
}
END_TEST

START_TEST(none_is_found_where_there_is_none)
{
    ck_assert_ptr_null(wakeups_first(&wakeups, other));
    for (size_t i = 0; i < SERVERS; i++)
        wakeup_cancel(&wakeups, &list[i]->sleep);
    ck_assert_ptr_null(wakeups_first(&wakeups, on_woken));
}
END_TEST

static Suite *suite(void)
{
    Suite *suite = suite_create("watch");
    TCase *tests = tcase_create("watch");

    tcase_add_checked_fixture(tests, setup, teardown);
    tcase_set_timeout(tests, 60);
    tcase_add_test(tests, one_that_sleeps);
    tcase_add_test(tests, one_that_was_never_started);
    tcase_add_test(tests, one_that_has_ended);
    tcase_add_test(tests, one_that_waits_for_a_response);
    tcase_add_test(tests, one_that_waits_for_a_descriptor);
    tcase_add_test(tests, each_round_that_finds_all_well_is_told);
    tcase_add_test(tests, none_at_all_are_well);
    tcase_add_loop_test(tests, each_task_counts, 0, 4);
    tcase_add_test(tests, a_list_that_changes_in_a_round);
    tcase_add_test(tests, without_a_list_nothing_is_well);
    tcase_add_test(tests, without_a_list_for_long_all_are_stuck);
    tcase_add_test(tests, a_loop_that_stood_still_makes_no_task_stuck);
    tcase_add_test(tests, a_loop_in_which_no_task_has_its_turn_is_stuck);
    tcase_add_test(tests, a_crowd_that_has_its_turn_is_well);
    tcase_add_test(tests, what_is_reached_is_now_or_the_last_that_was_called);
    tcase_add_test(tests, the_first_of_a_kind_is_found);
    tcase_add_test(tests, none_is_found_where_there_is_none);
    suite_add_tcase(suite, tests);
    return suite;
}

/* The linker calls this in place of main(), which is the program's. */
int __wrap_main(void);

int __wrap_main(void)
{
    return check_main(suite());
}
