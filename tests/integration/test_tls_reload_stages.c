/* A reload in the TLS handshake, and while a connection is opened or kept ready for a request that
 * is not due yet. See test_reload_under_way.c. */
#include <string.h>

#include "check_main.h"
#include "distant_relay.h"
#include "reload_scene.h"
#include "tls_scene.h"

/* --- the handshake of a poll ------------------------------------------------------------ */

START_TEST(in_the_handshake)
{
    char url[100];

    tls_scene_relay(&(struct tls_relay_setup){0});
    tls_scene_wire(&(struct cutting_relay_setup){.after = SIZE_MAX});
    ducts_hold(&wire->ducts);
    snprintf(url, sizeof(url), "https://127.0.0.1:%d/a?delay=0.3", cutting_relay_port(wire));
    reload_scene_start("connect-timeout = 60s\ntimeout = 60s\n", RELOAD_SCENE_Z, url);
    scene_await_connections("handshaking", 1);
    reload_scene_apply((enum reload_change)_i);
    if (_i == RELOAD_SAME || _i == RELOAD_CHANGED)
        ck_assert_uint_eq(rig_count_events(rig, "poll", "a"), 0);
    ducts_go_on(&wire->ducts);
    reload_scene_check((enum reload_change)_i, true);
    ck_assert_uint_eq(wire->ducts.count, 1);
}
END_TEST

/* --- ahead of the next poll --------------------------------------------------------------- */

/* Connection number 0 takes so long that number 1 is begun at least a second before its time. */
enum { FIRST_ROUND_TRIP_MS = 250 };

static struct distant_relay *far;

static void setup(void)
{
    far = NULL;
}

static void teardown(void)
{
    if (rig_is_running(rig))
        rig_stop(rig);
    if (far != NULL)
        distant_relay_free(far);
}

/* Until the next connection has come so far; where it shakes hands, it does so for ever. */
static void start(const char *state)
{
    static char url[100];

    tls_scene_relay(&(struct tls_relay_setup){.tickets = 1});
    far = distant_relay_new(rig_loop(rig), tls_relay_port(tls), FIRST_ROUND_TRIP_MS);
    snprintf(url, sizeof(url), "https://127.0.0.1:%d/a?delay=1.5,0.3&connection=close",
             distant_relay_port(far));
    reload_scene_start("", RELOAD_SCENE_Z, url);
    scene_await_polls("a", 1);
    far->round_trip_ms = 0;
    if (strcmp(state, "handshaking") == 0)
        ducts_hold(&far->ducts);
    scene_await_connections(state, strcmp(state, "open") == 0 ? 3 : 2); /* "z" has one as well */
    ck_assert_uint_eq(far->ducts.count, 2);
}

/* Its connection is older than the moment when it was due. */
static bool is_second_prepared(void)
{
    return scene_request("a", 1)->accepted_ns < scene_request("a", 0)->answered_ns + 1500000000;
}

/* What is prepared fits a request with another field. */
START_TEST(ahead_of_time)
{
    static const char *const states[] = {"handshaking", "open"};
    enum reload_change change = (enum reload_change)(_i % RELOAD_CHANGES);

    start(states[_i / RELOAD_CHANGES]);
    reload_scene_apply(change);
    ducts_go_on(&far->ducts);
    reload_scene_check(change, false);
    if (change == RELOAD_MOVED || change == RELOAD_REMOVED)
        return;
    ck_assert(is_second_prepared());
}
END_TEST

static json_t *reload_a(const char *setting)
{
    return scene_reload("[servers]\n" RELOAD_SCENE_Z "[server a]\n"
                        "url = https://127.0.0.1:%d/a?delay=1.5,0.3&connection=close\n%s",
                        distant_relay_port(far), setting);
}

/* It is opened anew at once, and not when the request is due. */
START_TEST(one_that_does_not_fit_any_more_is_replaced_at_once)
{
    static const char *const states[] = {"handshaking", "open"};

    start(states[_i]);
    ck_assert_int_eq((int)rig_number(reload_a("keep-alive = 50s\n"), "changed"), 1);
    scene_await_connections(states[_i], _i == 0 ? 3 : 4);
    ck_assert_uint_eq(rig_count_events(rig, "poll", "a"), 1);
    ducts_go_on(&far->ducts);
    scene_await_polls("a", 2);
    ck_assert_uint_eq(far->ducts.count, 3);
    ck_assert(is_second_prepared());
    scene_check_all_good("a");
    scene_check_never_early("a");
}
END_TEST

START_TEST(and_not_at_all_where_that_is_not_wanted_any_more)
{
    start("open");
    reload_a("keep-alive = 50s\nconnect-early = no\n");
    scene_await_polls("a", 2);
    ck_assert_uint_eq(far->ducts.count, 3);
    ck_assert(!is_second_prepared());
    scene_check_all_good("a");
    scene_check_never_early("a");
}
END_TEST

static Suite *make_suite(void)
{
    Suite *suite = suite_create("tls_reload_stages");
    TCase *tests = tls_scene_case(suite, "handshake");

    tcase_add_loop_test(tests, in_the_handshake, 0, RELOAD_CHANGES);
    tests = tls_scene_case(suite, "ahead");
    tcase_add_checked_fixture(tests, setup, teardown);
    tcase_add_loop_test(tests, ahead_of_time, 0, 2 * RELOAD_CHANGES);
    tcase_add_loop_test(tests, one_that_does_not_fit_any_more_is_replaced_at_once, 0, 2);
    tcase_add_test(tests, and_not_at_all_where_that_is_not_wanted_any_more);
    return suite;
}

CHECK_MAIN(make_suite())
