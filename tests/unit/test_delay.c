#include "check_main.h"

#include "base/duration.h"
#include "pace/delay.h"

#define COUNT_OF(array) ((int)(sizeof(array) / sizeof(array)[0]))

static const struct {
    int64_t least, most, said, wait;
} clamps[] = {
    {0, DAY, 0, 0},
    {0, DAY, 5 * SECOND, 5 * SECOND},
    {0, DAY, DAY, DAY},
    {0, DAY, DAY + 1, DAY},
    {0, DAY, INT64_MAX, DAY},
    {SECOND, DAY, 0, SECOND},
    {SECOND, DAY, SECOND - 1, SECOND},
    {SECOND, DAY, SECOND, SECOND},
    {5 * SECOND, 5 * SECOND, 0, 5 * SECOND},
    {5 * SECOND, 5 * SECOND, 5 * SECOND, 5 * SECOND},
    {5 * SECOND, 5 * SECOND, 6 * SECOND, 5 * SECOND},
    {0, 0, 5 * SECOND, 0},
    {0, 3650 * DAY, INT64_MAX, 3650 * DAY},
};

START_TEST(what_the_server_said_is_clamped_and_that_is_told)
{
    struct server_settings settings = {.min_delay = clamps[_i].least,
                                       .max_delay = clamps[_i].most,
                                       .delay_scale = DELAY_SCALE_ONE};
    struct delay delay = delay_after_success(&settings, clamps[_i].said);
    ck_assert_int_eq(delay.wait, clamps[_i].wait);
    ck_assert_int_eq(delay.said, clamps[_i].said);
    ck_assert_int_eq(delay.clamped, clamps[_i].wait != clamps[_i].said);
}
END_TEST

#define PERCENT (DELAY_SCALE_ONE / 100)

static const struct {
    int64_t scale, said, scaled;
} scales[] = {
    {DELAY_SCALE_ONE, 1, 1},
    {DELAY_SCALE_ONE, INT64_MAX, INT64_MAX},
    {33 * PERCENT, 30 * SECOND, 9900 * MILLISECOND},
    {33 * PERCENT, 0, 0},
    {33 * PERCENT, 1, 1}, /* rounded up: never early */
    {50 * PERCENT, 3, 2},
    {200 * PERCENT, SECOND, 2 * SECOND},
    {200 * PERCENT, INT64_MAX, INT64_MAX},
    {1000 * DELAY_SCALE_ONE, INT64_MAX / 1000 + 1, INT64_MAX},
    {DELAY_SCALE_ONE / 1000, INT64_MAX - 1, INT64_MAX / 1000 + 1},
    {DELAY_SCALE_ONE / 1000, INT64_MAX, INT64_MAX}, /* too much to hold, and who knows how much */
};

START_TEST(what_the_server_said_is_scaled_before_it_is_clamped)
{
    struct server_settings settings = {.max_delay = INT64_MAX, .delay_scale = scales[_i].scale};
    struct delay delay = delay_after_success(&settings, scales[_i].said);
    ck_assert_int_eq(delay.wait, scales[_i].scaled);
    ck_assert_int_eq(delay.said, scales[_i].scaled);
    ck_assert(!delay.clamped);
    if (scales[_i].scaled == 0)
        return;
    settings.max_delay = scales[_i].scaled - 1;
    delay = delay_after_success(&settings, scales[_i].said);
    ck_assert_int_eq(delay.wait, scales[_i].scaled - 1);
    ck_assert(delay.clamped);
}
END_TEST

static Suite *suite(void)
{
    Suite *s = suite_create("delay");
    TCase *tcase = tcase_create("delay");
    tcase_add_loop_test(tcase, what_the_server_said_is_clamped_and_that_is_told, 0,
                        COUNT_OF(clamps));
    tcase_add_loop_test(tcase, what_the_server_said_is_scaled_before_it_is_clamped, 0,
                        COUNT_OF(scales));
    suite_add_tcase(s, tcase);
    return s;
}

CHECK_MAIN(suite())
