/*
 * Requests to servers far away leave when they are due, though each needs a
 * connection of its own with TLS: it is opened before.
 *
 * bench/lateness runs this with $AIOPOLL_TEST_STRICT, for figures: longer, and with the
 * bounds that hold on a machine that has nothing else to do.
 */
#include <stdio.h>
#include <stdlib.h>

#include "check_main.h"
#include "distant_scene.h"

static const int64_t MS = 1000000;

enum { PREPARED, UNPREPARED };

static const char *const settings[DISTANT_GROUPS] = {
    [PREPARED] = "keep-alive = 0\n",
    [UNPREPARED] = "keep-alive = 0\nconnect-early = no\n",
};

static void tell(const char *what, const struct distant_figures *figures)
{
    printf("%s: %zu polls, late by %.3f ms at least, %.3f ms in the median, %.3f ms at most\n",
           what, figures->count, (double)figures->least_ns / 1e6, (double)figures->median_ns / 1e6,
           (double)figures->most_ns / 1e6);
}

/* Without preparation, a round trip for the connect and one for TLS 1.3. */
START_TEST(a_request_leaves_when_it_is_due)
{
    bool strict = getenv("AIOPOLL_TEST_STRICT") != NULL;
    struct distant_figures with;
    struct distant_figures without;

    distant_scene_start(strict ? 20 : 10, strict ? 1000 : 500, settings);
    distant_scene_await(strict ? 400 : 50, 4 * SCENE_LIMIT_MS);
    rig_stop(rig);
    scene_check_all_good(NULL);
    with = distant_scene_figures(PREPARED);
    without = distant_scene_figures(UNPREPARED);
    tell("prepared", &with);
    tell("unprepared", &without);
    ck_assert_int_ge(with.least_ns, 0);
    ck_assert_int_ge(without.least_ns, DISTANT_ROUND_TRIP_MS * MS);
    ck_assert_int_lt(with.median_ns, without.median_ns / 2);
    if (strict)
        ck_assert_int_lt(with.median_ns, 2 * MS);
}
END_TEST

static Suite *suite(void)
{
    Suite *suite = suite_create("distance");
    TCase *tests = distant_scene_case(suite, "distance");

    tcase_add_test(tests, a_request_leaves_when_it_is_due);
    return suite;
}

CHECK_MAIN(suite())
