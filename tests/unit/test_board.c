/* What is remembered of polls, over years of them. */
#include <string.h>

#include "base/clock.h"
#include "base/duration.h"
#include "check_main.h"
#include "report/board.h"

static const int64_t YEAR = 365 * 24 * 3600 * SECOND;

static struct board board;

static void setup(void)
{
    board_init(&board, clock_now());
    board_added(&board, 0);
}

static void teardown(void)
{
    board_free(&board);
}

/* One that ended so long after the beginning; what it says of itself is its number. */
static void note(int64_t after, unsigned number, bool good)
{
    static const struct server_settings settings = {0};
    static const struct delay_reading reading = {0};
    const struct server_config config = {.settings = &settings};
    const struct http_result result = {.started = board.began + after,
                                       .finished = board.began + after};
    board_polled(&board, &(struct poll){.server = &config,
                                        .http = &result,
                                        .reading = &reading,
                                        .failure.reason = good ? FAILURE_NONE : FAILURE_CLOSED,
                                        .delay.wait = number * SECOND});
}

static void check(unsigned age, int64_t after, unsigned number, bool good)
{
    int64_t finished;
    bool was_good;
    const struct board_poll *poll =
        board_poll(&board, board_row(&board, 0), age, &finished, &was_good);
    ck_assert_int_le(finished - board.began, after);
    ck_assert_int_gt(finished - board.began, after - 17 * MILLISECOND);
    ck_assert_float_eq_tol(poll->delay, (float)number, 1e-3F);
    ck_assert_int_eq(was_good, good);
}

START_TEST(the_newest_are_kept_in_their_order)
{
    for (unsigned i = 0; i < 100; i++) {
        note(i * SECOND, i, i % 3 != 0);
        ck_assert_uint_eq(board_row(&board, 0)->count, i < BOARD_HISTORY ? i + 1 : BOARD_HISTORY);
        for (unsigned age = 0; age < board_row(&board, 0)->count; age++)
            check(age, (i - age) * SECOND, i - age, (i - age) % 3 != 0);
    }
    ck_assert_uint_eq(board_row(&board, 0)->good, 66);
    ck_assert_uint_eq(board_row(&board, 0)->failed, 34);
}
END_TEST

/* The count of units wraps after 2^32 of 2^24 ns, which is some 834 days. */
START_TEST(years_go_by)
{
    for (int year = 0; year < 20; year++) {
        note(year * YEAR, 1, true);
        note(year * YEAR + 1 * SECOND, 2, false);
        note(year * YEAR + YEAR / 2, 3, true);
        check(0, year * YEAR + YEAR / 2, 3, true);
        check(1, year * YEAR + 1 * SECOND, 2, false);
        check(2, year * YEAR, 1, true);
    }
}
END_TEST

START_TEST(a_change_has_a_number)
{
    const struct board_row *row = board_row(&board, 0);
    ck_assert_uint_eq(row->added, 1);
    ck_assert_uint_eq(row->changed, 1);
    board_added(&board, 1);
    ck_assert_uint_eq(board_row(&board, 1)->added, 2);
    note(0, 1, true);
    ck_assert_uint_eq(row->changed, 3);
    board_changed(&board, &(struct server_change){.id = 1});
    ck_assert_uint_eq(board_row(&board, 1)->changed, 4);
    ck_assert_uint_eq(board.changes, 4);
    ck_assert_uint_eq(row->added, 1);
}
END_TEST

START_TEST(a_number_that_is_given_again_has_nothing_of_before)
{
    note(0, 1, true);
    board_added(&board, 0);
    ck_assert_uint_eq(board_row(&board, 0)->good, 0);
    ck_assert_uint_eq(board_row(&board, 0)->count, 0);
    ck_assert_uint_eq(board.good, 1);
    ck_assert_ptr_null(board_row(&board, 1));
    ck_assert_ptr_null(board_row(&board, 1000000));
}
END_TEST

static Suite *suite(void)
{
    Suite *suite = suite_create("board");
    TCase *tests = tcase_create("rows");
    tcase_add_checked_fixture(tests, setup, teardown);
    tcase_add_test(tests, the_newest_are_kept_in_their_order);
    tcase_add_test(tests, years_go_by);
    tcase_add_test(tests, a_change_has_a_number);
    tcase_add_test(tests, a_number_that_is_given_again_has_nothing_of_before);
    suite_add_tcase(suite, tests);
    return suite;
}

CHECK_MAIN(suite())
