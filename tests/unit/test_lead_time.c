/*
 * How long before a request its connection is begun: quick to rise, slow to
 * fall, with a margin, and never more than the limit.
 */
#include "check_main.h"
#include "http/lead_time.h"

#define MS (INT64_C(1000000))

static const int64_t limit = 5000 * MS;

static int64_t lead_after(const int64_t *took, size_t count)
{
    struct lead_time lead = {0};

    for (size_t i = 0; i < count; i++)
        lead_time_add(&lead, took[i]);
    return lead_time_get(&lead, limit);
}

START_TEST(without_a_measurement_it_is_a_guess)
{
    ck_assert_int_eq(lead_after(NULL, 0), 250 * MS);
}
END_TEST

START_TEST(it_is_half_as_much_again_and_a_margin)
{
    ck_assert_int_eq(lead_after((int64_t[]){80 * MS}, 1), 130 * MS);
    ck_assert_int_eq(lead_after((int64_t[]){1 * MS}, 1), 11 * MS + MS / 2);
}
END_TEST

START_TEST(one_that_took_no_time_was_measured_all_the_same)
{
    ck_assert_int_eq(lead_after((int64_t[]){0}, 1), 10 * MS + 1);
    ck_assert_int_eq(lead_after((int64_t[]){-5}, 1), 10 * MS + 1);
}
END_TEST

START_TEST(it_rises_at_once)
{
    ck_assert_int_eq(lead_after((int64_t[]){MS, MS, MS, 100 * MS}, 4), 160 * MS);
}
END_TEST

START_TEST(it_falls_slowly)
{
    struct lead_time lead = {0};
    int64_t last;

    lead_time_add(&lead, 800 * MS);
    last = lead_time_get(&lead, limit);
    ck_assert_int_eq(last, 1210 * MS);
    lead_time_add(&lead, 400 * MS);
    ck_assert_int_eq(lead_time_get(&lead, limit), 1135 * MS);
    for (int i = 0; i < 100; i++) {
        ck_assert_int_lt(lead_time_get(&lead, limit), last);
        last = lead_time_get(&lead, limit);
        lead_time_add(&lead, MS);
    }
    ck_assert_int_lt(last, 13 * MS);
    ck_assert_int_gt(last, 11 * MS);
}
END_TEST

START_TEST(it_covers_what_was_measured_last)
{
    struct lead_time lead = {0};
    uint32_t random = 1;

    for (int i = 0; i < 1000; i++) {
        random = random * 1664525 + 1013904223;
        int64_t took = (int64_t)(random >> 8) % (3000 * MS);
        lead_time_add(&lead, took);
        ck_assert_int_gt(lead_time_get(&lead, limit), took);
        ck_assert_int_le(lead_time_get(&lead, limit), limit);
    }
}
END_TEST

START_TEST(it_is_never_more_than_the_limit)
{
    struct lead_time lead = {0};

    ck_assert_int_eq(lead_time_get(&lead, 100 * MS), 100 * MS);
    lead_time_add(&lead, 80 * MS);
    ck_assert_int_eq(lead_time_get(&lead, 100 * MS), 100 * MS);
    lead_time_add(&lead, INT64_MAX);
    ck_assert_int_eq(lead_time_get(&lead, 100 * MS), 100 * MS);
    ck_assert_int_eq(lead_time_get(&lead, MS), MS);
}
END_TEST

static Suite *suite(void)
{
    Suite *suite = suite_create("lead time");
    TCase *tests = tcase_create("lead time");

    tcase_add_test(tests, without_a_measurement_it_is_a_guess);
    tcase_add_test(tests, it_is_half_as_much_again_and_a_margin);
    tcase_add_test(tests, one_that_took_no_time_was_measured_all_the_same);
    tcase_add_test(tests, it_rises_at_once);
    tcase_add_test(tests, it_falls_slowly);
    tcase_add_test(tests, it_covers_what_was_measured_last);
    tcase_add_test(tests, it_is_never_more_than_the_limit);
    suite_add_tcase(suite, tests);
    return suite;
}

CHECK_MAIN(suite())
