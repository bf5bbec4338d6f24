#include "check_main.h"
#include "effort.h"

#include "base/duration.h"
#include "pace/delay.h"

#define COUNT_OF(array) ((int)(sizeof(array) / sizeof(array)[0]))

static struct server_settings settings_of(int64_t retry, int64_t retry_max, int64_t max_delay)
{
    return (struct server_settings){.retry = retry, .retry_max = retry_max, .max_delay = max_delay};
}

/* Without chance and Retry-After: the wait as it is before any of it is taken off. */
static int64_t full_wait(const struct server_settings *settings, unsigned failures, int64_t last)
{
    return delay_after_failure(settings, failures, last, -1, 0).wait;
}

static const struct {
    int64_t retry, retry_max, last;
    unsigned failures;
    int64_t wait;
} back_offs[] = {
    {SECOND, MINUTE, -1, 1, SECOND},
    {SECOND, MINUTE, -1, 2, 2 * SECOND},
    {SECOND, MINUTE, -1, 3, 4 * SECOND},
    {SECOND, MINUTE, -1, 6, 32 * SECOND},
    {SECOND, MINUTE, -1, 7, MINUTE},
    {SECOND, MINUTE, -1, 8, MINUTE},
    {SECOND, MINUTE, -1, 200, MINUTE},
    {SECOND, MINUTE, -1, UINT32_MAX, MINUTE},
    {SECOND, SECOND, -1, 1, SECOND},
    {SECOND, SECOND, -1, 200, SECOND},
    {10 * MILLISECOND, MINUTE, -1, 1, 10 * MILLISECOND},
    {10 * MILLISECOND, MINUTE, -1, 13, 40960 * MILLISECOND},
    {10 * MILLISECOND, MINUTE, -1, 14, MINUTE},
    {10 * MILLISECOND, 3650 * DAY, -1, 200, 3650 * DAY},
    {3650 * DAY, 3650 * DAY, -1, 200, 3650 * DAY},
    /* A server paced at 5 s is retried every 5 s at the latest. */
    {SECOND, MINUTE, 5 * SECOND, 1, SECOND},
    {SECOND, MINUTE, 5 * SECOND, 3, 4 * SECOND},
    {SECOND, MINUTE, 5 * SECOND, 4, 5 * SECOND},
    {SECOND, MINUTE, 5 * SECOND, 200, 5 * SECOND},
    {SECOND, MINUTE, SECOND + 1, 2, SECOND + 1},
    {SECOND, MINUTE, 2 * SECOND, 1, SECOND},
    {SECOND, MINUTE, DAY, 200, MINUTE},
    {SECOND, MINUTE, INT64_MAX, 200, MINUTE},
    /* One paced at `retry` or less is not hammered. */
    {SECOND, MINUTE, SECOND, 2, 2 * SECOND},
    {SECOND, MINUTE, SECOND, 200, MINUTE},
    {SECOND, MINUTE, 500 * MILLISECOND, 1, SECOND},
    {SECOND, MINUTE, 0, 1, SECOND},
    {SECOND, MINUTE, 0, 200, MINUTE},
};

START_TEST(the_wait_doubles_up_to_its_bound)
{
    struct server_settings settings =
        settings_of(back_offs[_i].retry, back_offs[_i].retry_max, DAY);
    struct delay delay =
        delay_after_failure(&settings, back_offs[_i].failures, back_offs[_i].last, -1, 0);
    ck_assert_int_eq(delay.wait, back_offs[_i].wait);
    ck_assert_int_eq(delay.said, -1);
    ck_assert(!delay.clamped);
}
END_TEST

START_TEST(more_failures_never_shorten_the_wait)
{
    static const int64_t lasts[] = {-1, 0, SECOND, 5 * SECOND, DAY};
    struct server_settings settings = settings_of(SECOND, 10 * MINUTE, DAY);
    for (int i = 0; i < COUNT_OF(lasts); i++)
        for (unsigned failures = 1; failures < 200; failures++)
            ck_assert_int_ge(full_wait(&settings, failures + 1, lasts[i]),
                             full_wait(&settings, failures, lasts[i]));
}
END_TEST

static const uint32_t chances[] = {
    0, 1, 1000, UINT32_C(1) << 31, 0xc0000000, UINT32_MAX - 1, UINT32_MAX};

static void assert_jitter(const struct server_settings *settings, unsigned failures, int64_t last)
{
    int64_t full = full_wait(settings, failures, last);
    for (int i = 0; i < COUNT_OF(chances); i++) {
        int64_t wait = delay_after_failure(settings, failures, last, -1, chances[i]).wait;
        ck_assert_int_gt(wait, 0);
        ck_assert_int_le(wait, full);
        ck_assert_int_ge(wait, full - full / 4);
    }
}

START_TEST(jitter_takes_off_at_most_a_quarter_and_adds_nothing)
{
    static const int64_t retries[] = {10 * MILLISECOND, 999 * MILLISECOND, SECOND, DAY};
    static const int64_t lasts[] = {-1, 0, SECOND, 5 * SECOND, DAY};
    for (int i = 0; i < COUNT_OF(retries); i++) {
        struct server_settings settings = settings_of(retries[i], 3650 * DAY, DAY);
        for (int j = 0; j < COUNT_OF(lasts); j++)
            for (unsigned failures = 1; failures <= 200; failures++)
                assert_jitter(&settings, failures, lasts[j]);
    }
}
END_TEST

START_TEST(jitter_uses_nearly_all_of_the_quarter)
{
    struct server_settings settings = settings_of(SECOND, MINUTE, DAY);
    int64_t middle = delay_after_failure(&settings, 200, -1, -1, UINT32_C(1) << 31).wait;
    ck_assert_int_eq(delay_after_failure(&settings, 200, -1, -1, 0).wait, MINUTE);
    ck_assert_int_eq(middle, MINUTE - MINUTE / 8);
    ck_assert_int_lt(delay_after_failure(&settings, 200, -1, -1, UINT32_MAX).wait,
                     45 * SECOND + 10 * MILLISECOND);
}
END_TEST

/* retry 1 s, retry-max 60 s, max-delay 1 h, no chance. */
static const struct {
    unsigned failures;
    int64_t last, retry_after, wait;
    bool clamped;
} asked[] = {
    {1, -1, -1, SECOND, false},
    {1, -1, 0, SECOND, false}, /* the longer one counts */
    {1, -1, 500 * MILLISECOND, SECOND, false},
    {1, -1, SECOND, SECOND, false},
    {1, -1, 2 * SECOND, 2 * SECOND, false},
    {3, -1, 2 * SECOND, 4 * SECOND, false},
    {200, -1, 2 * SECOND, MINUTE, false},
    {200, -1, 2 * MINUTE, 2 * MINUTE, false},
    {200, 5 * SECOND, 3 * SECOND, 5 * SECOND, false},
    {200, 5 * SECOND, 2 * MINUTE, 2 * MINUTE, false}, /* beyond the last delay too */
    {1, -1, HOUR, HOUR, false},
    {1, -1, HOUR + 1, HOUR, true},
    {1, -1, DAY, HOUR, true},
    {200, 5 * SECOND, INT64_MAX, HOUR, true},
};

START_TEST(retry_after_counts_where_it_is_longer)
{
    struct server_settings settings = settings_of(SECOND, MINUTE, HOUR);
    struct delay delay = delay_after_failure(&settings, asked[_i].failures, asked[_i].last,
                                             asked[_i].retry_after, 0);
    ck_assert_int_eq(delay.wait, asked[_i].wait);
    ck_assert_int_eq(delay.said, asked[_i].retry_after);
    ck_assert_int_eq(delay.clamped, asked[_i].clamped);
}
END_TEST

START_TEST(jitter_does_not_shorten_what_the_server_asked_for)
{
    struct server_settings settings = settings_of(SECOND, MINUTE, HOUR);
    for (int i = 0; i < COUNT_OF(chances); i++) {
        ck_assert_int_eq(delay_after_failure(&settings, 1, -1, MINUTE, chances[i]).wait, MINUTE);
        ck_assert_int_eq(delay_after_failure(&settings, 1, -1, DAY, chances[i]).wait, HOUR);
        ck_assert_int_ge(delay_after_failure(&settings, 1, -1, SECOND, chances[i]).wait, SECOND);
    }
}
END_TEST

/* xorshift64*: the same numbers on every machine. */
static uint64_t random_state;

static uint64_t random_number(void)
{
    random_state ^= random_state >> 12;
    random_state ^= random_state << 25;
    random_state ^= random_state >> 27;
    return random_state * UINT64_C(0x2545f4914f6cdd1d);
}

/* From `least` to `most`, all magnitudes alike. */
static int64_t random_span(int64_t least, int64_t most)
{
    uint64_t range = (uint64_t)(most - least);
    uint64_t bits = random_number() >> (random_number() % 64);
    return least + (int64_t)(range == UINT64_MAX ? bits : bits % (range + 1));
}

static int64_t random_span_or_none(void)
{
    return random_number() % 4 == 0 ? -1 : random_span(0, INT64_MAX);
}

/* Any settings that the configuration lets pass. */
static struct server_settings random_settings(void)
{
    struct server_settings settings;
    settings.retry = random_span(10 * MILLISECOND, 3650 * DAY);
    settings.retry_max = random_span(settings.retry, 3650 * DAY);
    settings.delay_scale = random_span(DELAY_SCALE_ONE / 1000, DELAY_SCALE_ONE * 1000);
    settings.min_delay = random_span(0, 3650 * DAY);
    settings.max_delay = random_span(settings.min_delay, 3650 * DAY);
    return settings;
}

static int64_t smaller(int64_t a, int64_t b)
{
    return a < b ? a : b;
}

static int64_t larger(int64_t a, int64_t b)
{
    return a > b ? a : b;
}

static const uint64_t seeds[] = {1, 42, 2026, UINT64_C(0x9e3779b97f4a7c15)};

enum { ROUNDS = 20000 };

START_TEST(any_wait_after_a_failure_is_within_its_bounds)
{
    random_state = seeds[_i];
    for (int round = effort(ROUNDS); round > 0; round--) {
        struct server_settings settings = random_settings();
        unsigned failures = (unsigned)random_span(1, UINT32_MAX);
        int64_t last = random_span_or_none(), retry_after = random_span_or_none();
        struct delay delay =
            delay_after_failure(&settings, failures, last, retry_after, (uint32_t)random_number());
        int64_t bound = settings.retry_max;
        if (last > settings.retry)
            bound = smaller(bound, last);
        int64_t wanted = smaller(retry_after, settings.max_delay);

        ck_assert_int_gt(delay.wait, 0);
        ck_assert_int_le(delay.wait, larger(bound, wanted));
        ck_assert_int_ge(delay.wait, larger(settings.retry - settings.retry / 4, wanted));
        ck_assert_int_eq(delay.said, retry_after);
    }
}
END_TEST

START_TEST(any_wait_after_success_is_within_min_and_max_delay)
{
    random_state = seeds[_i];
    for (int round = effort(ROUNDS); round > 0; round--) {
        struct server_settings settings = random_settings();
        int64_t said = random_span(0, INT64_MAX);
        struct delay delay = delay_after_success(&settings, said);
        ck_assert_int_ge(delay.wait, settings.min_delay);
        ck_assert_int_le(delay.wait, settings.max_delay);
        __int128 product = (__int128)said * settings.delay_scale;
        ck_assert((__int128)delay.said * DELAY_SCALE_ONE >= product || delay.said == INT64_MAX);
        ck_assert((__int128)(delay.said - 1) * DELAY_SCALE_ONE < product || said == INT64_MAX);
        ck_assert(delay.wait == delay.said || delay.clamped);
        ck_assert(delay.said < settings.min_delay || delay.said > settings.max_delay ||
                  !delay.clamped);
    }
}
END_TEST

static Suite *suite(void)
{
    Suite *s = suite_create("delay_failure");
    TCase *tcase = tcase_create("delay_failure");
    tcase_set_timeout(tcase, 60);
    tcase_add_loop_test(tcase, the_wait_doubles_up_to_its_bound, 0, COUNT_OF(back_offs));
    tcase_add_test(tcase, more_failures_never_shorten_the_wait);
    tcase_add_test(tcase, jitter_takes_off_at_most_a_quarter_and_adds_nothing);
    tcase_add_test(tcase, jitter_uses_nearly_all_of_the_quarter);
    tcase_add_loop_test(tcase, retry_after_counts_where_it_is_longer, 0, COUNT_OF(asked));
    tcase_add_test(tcase, jitter_does_not_shorten_what_the_server_asked_for);
    tcase_add_loop_test(tcase, any_wait_after_a_failure_is_within_its_bounds, 0, COUNT_OF(seeds));
    tcase_add_loop_test(tcase, any_wait_after_success_is_within_min_and_max_delay, 0,
                        COUNT_OF(seeds));
    suite_add_tcase(s, tcase);
    return s;
}

CHECK_MAIN(suite())
