/* From a response to the next wait: every source with every form, unit, scale, clamp, history of
 * failures and Retry-After; and the same with random numbers. */
#include "check_main.h"
#include "effort.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/duration.h"
#include "pace/delay.h"
#include "pace/delay_form.h"
#include "pace/delay_reading.h"

#define COUNT_OF(array) (sizeof(array) / sizeof(array)[0])

static const char *const sources[] = {"body", "header:A", "json:/a"};

/* What each source makes of it, in seconds with a unit of seconds; -1: nothing. */
static const struct {
    const char *text;
    double body, field, json_string, json_bare;
    bool unit_counts;
} forms[] = {
    {"0", 0, 0, 0, 0, true},
    {"5", 5, 5, 5, 5, true},
    {"2.5", 2.5, 2.5, 2.5, 2.5, true},
    {"1e1", -1, -1, -1, 10, true},
    {"00:01:40", -1, 100, 100, -1, false},
    {"1:00:00:00", -1, 86400, 86400, -1, false},
    {"1m30s", -1, 90, 90, -1, false},
    {"\"7\"", -1, 7, -1, 7, true}, /* bare, it is the string 7 */
    {"-5", -1, -1, -1, -1, true},
    {"soon", -1, -1, -1, -1, true},
    {"9e18", -1, -1, -1, 9e18, true},
};

static const int64_t units[] = {MILLISECOND, SECOND, MINUTE, HOUR, DAY};
static const double scales[] = {0.001, 0.33, 1, 2, 1000};
static const int64_t clamps[][2] = {
    {0, DAY}, {0, 0}, {10 * SECOND, 10 * SECOND}, {SECOND, MINUTE}, {0, 3650 * DAY}};

/* --- good polls ---------------------------------------------------------------------------- */

static const struct delay_sources *sources_of(struct pool *pool, const char *text)
{
    const struct written written = {.value = text, .shown = text};
    const struct delay_sources *list = NULL;
    char why[256];
    ck_assert_msg(delay_sources_read(&written, pool, &list, why, sizeof why), "%s", why);
    return list;
}

/* One way in which a response may carry a form. */
static int64_t read_form(const struct server_settings *settings, size_t source, bool quoted,
                         const char *text)
{
    struct http_response response = {.fields = {{.state = HTTP_FIELD_ABSENT}}};
    struct delay_reading reading;
    char body[128];
    if (source == 1) {
        response.fields[0].state = HTTP_FIELD_PRESENT;
        strcpy(response.fields[0].value, text);
    }
    snprintf(body, sizeof body, source == 2 ? quoted ? "{\"a\":\"%s\"}" : "{\"a\":%s}" : "%s",
             text);
    response.body = body;
    response.body_length = strlen(body);
    delay_read(&reading, settings, &response, true, 0);
    ck_assert_int_eq(reading.said < 0, reading.why[0] != '\0');
    return reading.said;
}

static double expected_seconds(size_t source, bool quoted, size_t form)
{
    if (source == 0)
        return forms[form].body;
    if (source == 1)
        return forms[form].field;
    return quoted ? forms[form].json_string : forms[form].json_bare;
}

static int64_t bounded(double ns, int64_t least, int64_t most)
{
    return ns <= (double)least ? least : ns >= (double)most ? most : (int64_t)ceil(ns);
}

static void check_good(struct server_settings *settings, int64_t said, double seconds)
{
    for (size_t i = 0; i < COUNT_OF(scales); i++) {
        for (size_t j = 0; j < COUNT_OF(clamps); j++) {
            settings->delay_scale = (int64_t)llround(scales[i] * (double)DELAY_SCALE_ONE);
            settings->min_delay = clamps[j][0];
            settings->max_delay = clamps[j][1];
            struct delay delay = delay_after_success(settings, said);
            double ns = seconds * (double)SECOND * scales[i];
            int64_t wanted = bounded(ns, settings->min_delay, settings->max_delay);
            ck_assert_int_le(llabs(delay.wait - wanted), 1 + wanted / 1000000000000);
            ck_assert_int_ge(delay.wait, settings->min_delay);
            ck_assert_int_le(delay.wait, settings->max_delay);
        }
    }
}

START_TEST(each_source_form_unit_scale_and_clamp)
{
    bool quoted = _i == 3; /* JSON strings are like a source of their own */
    size_t source = quoted ? 2 : (size_t)_i;
    struct server_settings settings = {.delay_scale = DELAY_SCALE_ONE};
    struct pool pool = {0};
    settings.delay_from = sources_of(&pool, sources[source]);
    for (size_t form = 0; form < COUNT_OF(forms); form++) {
        for (size_t unit = 0; unit < COUNT_OF(units); unit++) {
            double seconds = expected_seconds(source, quoted, form);
            settings.delay_unit = (int64_t)unit;
            int64_t said = read_form(&settings, source, quoted, forms[form].text);
            ck_assert_msg((said < 0) == (seconds < 0), "%s from %s", forms[form].text,
                          sources[source]);
            if (forms[form].unit_counts)
                seconds *= (double)units[unit] / (double)SECOND;
            if (said >= 0)
                check_good(&settings, said, seconds);
        }
    }
    pool_free(&pool);
}
END_TEST

/* --- failures --------------------------------------------------------------------------------- */

static const int64_t retries[][2] = {
    {SECOND, MINUTE}, {10 * MILLISECOND, 10 * MILLISECOND}, {5 * SECOND, HOUR}};
static const unsigned histories[] = {1, 2, 3, 7, 100, UINT32_MAX};
static const int64_t lasts[] = {-1, 0, SECOND, 5 * SECOND, DAY};
static const int64_t asked[] = {-1, 0, SECOND, 2 * MINUTE, INT64_MAX};
static const uint32_t chances[] = {0, UINT32_C(1) << 31, UINT32_MAX};

/* Told anew, in other words than the code's. */
static int64_t expected_back_off(int64_t retry, int64_t most, unsigned failures, int64_t last)
{
    double wait = failures > 62 ? (double)most : (double)retry * pow(2, failures - 1);
    if (wait > (double)most)
        wait = (double)most;
    if (last > retry && (double)last < wait)
        wait = (double)last;
    return (int64_t)wait;
}

static void check_failed(const struct server_settings *settings, unsigned failures, int64_t last,
                         int64_t retry_after, uint32_t chance)
{
    struct delay delay = delay_after_failure(settings, failures, last, retry_after, chance);
    int64_t back_off = expected_back_off(settings->retry, settings->retry_max, failures, last);
    int64_t wanted = retry_after < settings->max_delay ? retry_after : settings->max_delay;
    ck_assert_int_eq(delay.back_off, back_off);
    ck_assert_int_ge(delay.jitter, 0);
    ck_assert_int_le(delay.jitter, back_off / 4);
    int64_t shortened = back_off - delay.jitter;
    ck_assert_int_eq(delay.wait, wanted > shortened ? wanted : shortened);
    ck_assert_int_eq(delay.asked, wanted > shortened);
    ck_assert_int_eq(delay.clamped, wanted > shortened && wanted != retry_after);
    ck_assert_int_gt(delay.wait, 0);
}

START_TEST(each_history_pace_and_retry_after)
{
    for (size_t i = 0; i < COUNT_OF(retries); i++)
        for (size_t j = 0; j < COUNT_OF(clamps); j++)
            for (size_t k = 0; k < COUNT_OF(histories); k++)
                for (size_t l = 0; l < COUNT_OF(lasts); l++)
                    for (size_t m = 0; m < COUNT_OF(asked); m++)
                        for (size_t n = 0; n < COUNT_OF(chances); n++) {
                            struct server_settings settings = {.retry = retries[i][0],
                                                               .retry_max = retries[i][1],
                                                               .min_delay = clamps[j][0],
                                                               .max_delay = clamps[j][1],
                                                               .delay_scale = DELAY_SCALE_ONE};
                            check_failed(&settings, histories[k], lasts[l], asked[m], chances[n]);
                        }
}
END_TEST

/* --- random numbers ----------------------------------------------------------------------------
 */

static uint64_t state;

/* xorshift64: the same numbers everywhere. */
static uint64_t random_bits(void)
{
    state ^= state << 13;
    state ^= state >> 7;
    return state ^= state << 17;
}

static double random_double(void)
{
    uint64_t bits = random_bits();
    double number;
    memcpy(&number, &bits, sizeof number);
    return number;
}

static const uint64_t seeds[] = {1, 42, 2026, UINT64_C(0x9e3779b97f4a7c15)};

enum { ROUNDS = 30000 };

START_TEST(any_number_of_json_gives_a_wait_within_bounds)
{
    state = seeds[_i];
    for (int round = effort(ROUNDS); round > 0; round--) {
        struct server_settings settings = {
            .max_delay = (int64_t)(random_bits() % (uint64_t)(3650 * DAY)),
            .delay_scale = 1 + (int64_t)(random_bits() % (1000 * (uint64_t)DELAY_SCALE_ONE))};
        double number = random_double();
        int64_t said = -1;
        bool good = delay_form_real(number, units[random_bits() % COUNT_OF(units)], &said);
        ck_assert_int_eq(good, number >= 0 && !signbit(number));
        ck_assert_int_eq(good, said >= 0);
        if (!good)
            continue;
        struct delay delay = delay_after_success(&settings, said);
        ck_assert_int_ge(delay.wait, 0);
        ck_assert_int_le(delay.wait, settings.max_delay);
    }
}
END_TEST

static void random_text(char *out, size_t size)
{
    static const char alphabet[] = "0123456789.:smhd\"-+eE {}[],\\x";
    size_t length = random_bits() % size;
    for (size_t i = 0; i < length; i++)
        out[i] = alphabet[random_bits() % (sizeof alphabet - 1)];
    out[length] = '\0';
}

START_TEST(any_text_is_a_delay_or_is_told)
{
    state = seeds[_i];
    struct pool pool = {0};
    const struct delay_sources *lists[COUNT_OF(sources)];
    for (size_t i = 0; i < COUNT_OF(sources); i++)
        lists[i] = sources_of(&pool, sources[i]);
    for (int round = effort(ROUNDS); round > 0; round--) {
        char text[24];
        size_t source = random_bits() % COUNT_OF(sources);
        struct server_settings settings = {
            .delay_from = lists[source], .delay_unit = (int64_t)(random_bits() % COUNT_OF(units))};
        random_text(text, sizeof text);
        ck_assert_int_ge(read_form(&settings, source, round & 1, text), -1);
    }
    pool_free(&pool);
}
END_TEST

static Suite *suite(void)
{
    Suite *s = suite_create("delay_product");
    TCase *tcase = tcase_create("delay_product");
    tcase_set_timeout(tcase, 60);
    tcase_add_loop_test(tcase, each_source_form_unit_scale_and_clamp, 0, 4);
    tcase_add_test(tcase, each_history_pace_and_retry_after);
    tcase_add_loop_test(tcase, any_number_of_json_gives_a_wait_within_bounds, 0,
                        (int)COUNT_OF(seeds));
    tcase_add_loop_test(tcase, any_text_is_a_delay_or_is_told, 0, (int)COUNT_OF(seeds));
    suite_add_tcase(s, tcase);
    return s;
}

CHECK_MAIN(suite())
