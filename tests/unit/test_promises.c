/* What a state file says about servers, whatever became of the file and of the clocks. */
#include "check_main.h"

#include <stdio.h>
#include <string.h>

#include "base/duration.h"
#include "pace/promises.h"

enum { SERVERS = 3, ALPHA = 0, BETA, GAMMA };

static char url_texts[SERVERS][32] = {"http://alpha/", "http://beta/", "http://gamma/"};
static char *names[SERVERS] = {"alpha", "beta", "gamma"};
static struct server_config servers[SERVERS];
static struct promises *promises;
static char text[4096];
static size_t length;

/* At the writing, ten minutes after boot: the wall clock was at ZERO when the other was at 0. */
static const int64_t zero = INT64_C(1764000000000000000), written_at = 10 * MINUTE;
static const char boot[] = "20e86363-1d07-4438-a7d7-b83be47454d1";

static void setup(void)
{
    for (int i = 0; i < SERVERS; i++)
        servers[i] = (struct server_config){.name = names[i], .url.text = url_texts[i]};
    promises = promises_new(servers, SERVERS);
}

static void teardown(void)
{
    promises_free(promises);
}

static void promise(size_t index, int64_t wait, int64_t last)
{
    const struct promise given = {written_at + wait, wait, last};
    promises_set(promises, index, &given);
}

static void begin_text(const char *id)
{
    struct schedule_boot written = {.zero = zero};
    snprintf(written.id, sizeof written.id, "%s", id);
    strcpy(text, SCHEDULE_HEADER);
    length = strlen(text);
    length += schedule_write_boot(text + length, &written);
}

static void add_line(size_t index)
{
    size_t written = promises_write(promises, index, zero, text + length);
    ck_assert_uint_gt(written, 0);
    length += written;
}

/* Alpha is due a minute after the writing, beta two hours; gamma has no promise. */
static void write_text(const char *id)
{
    promise(ALPHA, MINUTE, MINUTE);
    promise(BETA, 2 * HOUR, -1);
    begin_text(id);
    add_line(ALPHA);
    add_line(BETA);
}

/* `passed` ns later, with a wall clock that was set by `set`. */
static struct promises_reading read_later(const char *id, int64_t passed, int64_t set)
{
    struct promises_now now = {.boot.zero = zero + set, .now = written_at + passed};
    snprintf(now.boot.id, sizeof now.boot.id, "%s", id);
    promises_free(promises);
    promises = promises_new(servers, SERVERS);
    return promises_read(promises, text, length, &now);
}

static void assert_promise(size_t index, int64_t due, int64_t wait, int64_t last)
{
    const struct promise *found = promises_get(promises, index);
    ck_assert_int_eq(found->wait, wait);
    ck_assert_int_eq(found->due, due);
    ck_assert_int_eq(found->last_delay, last);
}

static void assert_none(size_t index)
{
    ck_assert_int_lt(promises_get(promises, index)->wait, 0);
}

static void assert_both(void)
{
    assert_promise(ALPHA, written_at + MINUTE, MINUTE, MINUTE);
    assert_promise(BETA, written_at + 2 * HOUR, 2 * HOUR, -1);
    assert_none(GAMMA);
}

START_TEST(what_was_promised_is_known_again)
{
    write_text(boot);
    struct promises_reading reading = read_later(boot, SECOND, 0);
    ck_assert_int_eq(reading.form, PROMISES_RIGHT);
    ck_assert_uint_eq(reading.taken, 2);
    ck_assert_uint_eq(reading.damaged, 0);
    assert_both();
}
END_TEST

START_TEST(what_has_passed_meanwhile_has_passed)
{
    write_text(boot);
    read_later(boot, 3 * HOUR, 0);
    assert_both();
}
END_TEST

START_TEST(an_empty_file_says_nothing)
{
    length = 0;
    struct promises_reading reading = read_later(boot, 0, 0);
    ck_assert_int_eq(reading.form, PROMISES_RIGHT);
    ck_assert_uint_eq(reading.taken, 0);
    ck_assert_uint_eq(reading.damaged, 0);
}
END_TEST

START_TEST(without_a_promise_there_is_no_line)
{
    ck_assert_uint_eq(promises_write(promises, GAMMA, zero, text), 0);
}
END_TEST

START_TEST(the_last_line_of_a_server_counts)
{
    write_text(boot);
    promise(ALPHA, HOUR, 7);
    add_line(ALPHA);
    ck_assert_uint_eq(read_later(boot, 0, 0).taken, 2);
    assert_promise(ALPHA, written_at + HOUR, HOUR, 7);
}
END_TEST

START_TEST(another_url_is_another_server)
{
    write_text(boot);
    servers[ALPHA].url.text = "http://alpha/?else";
    ck_assert_uint_eq(read_later(boot, 0, 0).taken, 1);
    assert_none(ALPHA);
    assert_promise(BETA, written_at + 2 * HOUR, 2 * HOUR, -1);
}
END_TEST

START_TEST(a_server_that_is_gone_is_no_damage)
{
    write_text(boot);
    servers[ALPHA].name = "delta";
    struct promises_reading reading = read_later(boot, 0, 0);
    ck_assert_uint_eq(reading.taken, 1);
    ck_assert_uint_eq(reading.damaged, 0);
    assert_none(ALPHA);
}
END_TEST

/* --- clocks ----------------------------------------------------------------------- */

START_TEST(in_the_same_boot_a_wall_clock_that_was_set_changes_nothing)
{
    static const int64_t jumps[] = {DAY, -DAY, 50 * 365 * DAY, -50 * 365 * DAY};
    for (size_t i = 0; i < 4; i++) {
        write_text(boot);
        read_later(boot, SECOND, jumps[i]);
        assert_both();
    }
}
END_TEST

/* The other clock began anew, at a moment that the wall clock knows. */
START_TEST(after_another_boot_the_wall_clock_counts)
{
    static const char *const ids[] = {"00000000-0000-0000-0000-000000000000", ""};
    for (size_t i = 0; i < 2; i++) {
        write_text(boot);
        struct promises_now now = {.boot.zero = zero + written_at + 20 * SECOND, .now = 5 * SECOND};
        strcpy(now.boot.id, ids[i]);
        promises_free(promises);
        promises = promises_new(servers, SERVERS);
        promises_read(promises, text, length, &now);
        assert_promise(ALPHA, 40 * SECOND, MINUTE, MINUTE);
        assert_promise(BETA, 2 * HOUR - 20 * SECOND, 2 * HOUR, -1);
    }
}
END_TEST

START_TEST(two_unknown_boots_are_not_the_same)
{
    write_text("");
    read_later("", 0, SECOND);
    assert_promise(ALPHA, written_at + MINUTE - SECOND, MINUTE, MINUTE);
}
END_TEST

START_TEST(no_clock_makes_a_wait_longer_than_it_was)
{
    write_text("another");
    read_later(boot, 0, -DAY);
    assert_both();
    read_later(boot, 10 * SECOND, -50 * 365 * DAY);
    assert_promise(ALPHA, written_at + 10 * SECOND + MINUTE, MINUTE, MINUTE);
    assert_promise(BETA, written_at + 10 * SECOND + 2 * HOUR, 2 * HOUR, -1);
}
END_TEST

START_TEST(moments_at_the_end_of_time_are_held)
{
    static const int64_t extremes[] = {INT64_C(9223372035999999999), -INT64_C(9223372035999999999)};
    for (size_t i = 0; i < 2; i++) {
        struct schedule_line line = {.due = extremes[i],
                                     .wait = extremes[0],
                                     .last = -1,
                                     .url =
                                         schedule_crc(url_texts[ALPHA], strlen(url_texts[ALPHA])),
                                     .name = "alpha",
                                     .name_length = 5};
        begin_text("another");
        length += schedule_write_line(text + length, &line);
        ck_assert_uint_eq(read_later(boot, 0, -zero - DAY).taken, 1);
        ck_assert_uint_gt(promises_write(promises, ALPHA, zero, text), 0);
    }
}
END_TEST

/* --- damage ------------------------------------------------------------------------ */

START_TEST(a_damaged_line_costs_only_itself)
{
    write_text(boot);
    char *alpha = strstr(text, "alpha");
    *alpha = 'x';
    struct promises_reading reading = read_later(boot, 0, 0);
    ck_assert_uint_eq(reading.damaged, 1);
    ck_assert_uint_eq(reading.first_damaged, 3);
    ck_assert_uint_eq(reading.taken, 1);
    assert_none(ALPHA);
    assert_promise(BETA, written_at + 2 * HOUR, 2 * HOUR, -1);
}
END_TEST

START_TEST(without_the_boot_the_wall_clock_counts)
{
    write_text(boot);
    *strstr(text, "boot") = 'f';
    struct promises_reading reading = read_later(boot, 0, SECOND);
    ck_assert_uint_eq(reading.damaged, 1);
    ck_assert_uint_eq(reading.first_damaged, 2);
    assert_promise(ALPHA, written_at + MINUTE - SECOND, MINUTE, MINUTE);
}
END_TEST

/* Either it is found, or all is as before. */
START_TEST(each_change_of_a_byte_of_a_file_is_found)
{
    static char right[sizeof text];
    write_text(boot);
    memcpy(right, text, sizeof text);
    for (size_t i = 0; i < length; i++) {
        for (int byte = 0; byte < 256; byte++) {
            memcpy(text, right, sizeof text);
            text[i] = (char)byte;
            struct promises_reading reading = read_later(boot, 0, 0);
            bool found = reading.form != PROMISES_RIGHT || reading.damaged > 0;
            ck_assert_msg(found == (text[i] != right[i]), "byte %zu as %d", i, byte);
            for (size_t server = 0; server < SERVERS; server++)
                ck_assert_int_le(promises_get(promises, server)->due, written_at + 2 * HOUR);
        }
    }
}
END_TEST

/* A file that was cut anywhere: all lines that are whole count, and no other. */
START_TEST(a_file_that_is_cut_anywhere_says_what_is_left)
{
    write_text(boot);
    size_t whole = length, alpha_end = (size_t)(strstr(text, "alpha\n") + 6 - text);
    size_t header = strlen(SCHEDULE_HEADER);
    for (length = 1; length < whole; length++) {
        struct promises_reading reading = read_later(boot, 0, 0);
        ck_assert_int_eq(reading.form, length < header ? PROMISES_FOREIGN : PROMISES_RIGHT);
        ck_assert_uint_eq(reading.taken, length >= alpha_end);
        if (length >= header)
            ck_assert_uint_eq(reading.damaged, text[length - 1] != '\n');
    }
}
END_TEST

START_TEST(zeros_at_the_end_are_one_damaged_line)
{
    write_text(boot);
    memset(text + length, 0, 1000);
    length += 1000;
    struct promises_reading reading = read_later(boot, 0, 0);
    ck_assert_uint_eq(reading.damaged, 1);
    ck_assert_uint_eq(reading.first_damaged, 5);
    assert_both();
}
END_TEST

START_TEST(another_version_is_not_read)
{
    static const char *const headers[] = {"aiopoll schedule 2\n", "aiopoll schedule 10\n"};
    for (size_t i = 0; i < 2; i++) {
        strcpy(text, headers[i]);
        length = strlen(text);
        ck_assert_int_eq(read_later(boot, 0, 0).form, PROMISES_VERSION);
    }
}
END_TEST

START_TEST(what_is_no_state_file_is_not_read)
{
    static const char *const others[] = {
        "\n",
        "root:x:0:0:root:/root:/bin/bash\n",
        "aiopoll schedule 1",
        "aiopoll schedule 1\r\n",
        "aiopoll schedule \n",
        "aiopoll schedule 1 \n",
        "Aiopoll schedule 1\n",
        ("\xef\xbb\xbf"
         "aiopoll schedule 1\n"),
    };
    for (size_t i = 0; i < sizeof others / sizeof *others; i++) {
        strcpy(text, others[i]);
        length = strlen(text);
        ck_assert_msg(read_later(boot, 0, 0).form == PROMISES_FOREIGN, "%s", others[i]);
    }
}
END_TEST

/* --- settings ------------------------------------------------------------------------ */

START_TEST(stricter_settings_bound_a_promise)
{
    const struct server_settings settings = {.max_delay = HOUR, .retry_max = MINUTE};
    const struct promise given = {.due = 3 * HOUR, .wait = 2 * HOUR, .last_delay = 2 * HOUR};
    struct promise now = promise_within(&given, &settings, 30 * MINUTE);
    ck_assert_int_eq(now.due, 90 * MINUTE);
    ck_assert_int_eq(now.last_delay, HOUR);
    now = promise_within(&given, &settings, 2 * HOUR);
    ck_assert_int_eq(now.due, 3 * HOUR);
}
END_TEST

START_TEST(a_retry_longer_than_any_delay_is_a_promise_too)
{
    const struct server_settings settings = {.max_delay = SECOND, .retry_max = HOUR};
    const struct promise given = {.due = 30 * MINUTE, .wait = HOUR, .last_delay = -1};
    struct promise now = promise_within(&given, &settings, 0);
    ck_assert_int_eq(now.due, 30 * MINUTE);
    ck_assert_int_eq(now.last_delay, -1);
}
END_TEST

/* --- rows ------------------------------------------------------------------------- */

static void rename_row(size_t row, const char *name, const char *url)
{
    char *copy = name == NULL ? NULL : strdup(name);
    const struct server_config server = {.url.text = (char *)url};
    promises_name(promises, row, copy, name == NULL ? 0 : promises_url(&server));
}

START_TEST(a_row_that_is_renamed_is_promised_nothing)
{
    promise(ALPHA, MINUTE, MINUTE);
    rename_row(ALPHA, "delta", "http://delta/");
    ck_assert_int_eq(promises_get(promises, ALPHA)->wait, -1);
    ck_assert_uint_eq(promises_write(promises, ALPHA, zero, text), 0);
}
END_TEST

START_TEST(nobodys_row_has_no_line)
{
    promise(BETA, MINUTE, MINUTE);
    rename_row(BETA, NULL, NULL);
    ck_assert_uint_eq(promises_write(promises, BETA, zero, text), 0);
}
END_TEST

START_TEST(rows_that_were_renamed_and_added_are_known_again)
{
    rename_row(ALPHA, NULL, NULL);
    rename_row(BETA, "delta", "http://delta/");
    rename_row(SERVERS, "epsilon", "http://epsilon/");
    ck_assert_uint_eq(promises_count(promises), SERVERS + 1);
    promise(BETA, MINUTE, MINUTE);
    promise(SERVERS, HOUR, MINUTE);
    begin_text(boot);
    add_line(BETA);
    add_line(SERVERS);
    rename_row(BETA, "delta", "http://delta/");
    rename_row(SERVERS, "epsilon", "http://epsilon/");
    const struct promises_now now = {.boot.zero = zero, .now = written_at};
    struct promises_reading reading = promises_read(promises, text, length, &now);
    ck_assert_uint_eq(reading.taken, 2);
    ck_assert_uint_eq(reading.damaged, 0);
    ck_assert_int_eq(promises_get(promises, ALPHA)->wait, -1);
    ck_assert_int_eq(promises_get(promises, BETA)->wait, MINUTE);
    ck_assert_int_eq(promises_get(promises, SERVERS)->wait, HOUR);
}
END_TEST

static Suite *suite(void)
{
    Suite *s = suite_create("promises");
    TCase *tcase = tcase_create("promises");
    tcase_add_checked_fixture(tcase, setup, teardown);
    tcase_add_test(tcase, what_was_promised_is_known_again);
    tcase_add_test(tcase, what_has_passed_meanwhile_has_passed);
    tcase_add_test(tcase, an_empty_file_says_nothing);
    tcase_add_test(tcase, without_a_promise_there_is_no_line);
    tcase_add_test(tcase, the_last_line_of_a_server_counts);
    tcase_add_test(tcase, another_url_is_another_server);
    tcase_add_test(tcase, a_server_that_is_gone_is_no_damage);
    tcase_add_test(tcase, in_the_same_boot_a_wall_clock_that_was_set_changes_nothing);
    tcase_add_test(tcase, after_another_boot_the_wall_clock_counts);
    tcase_add_test(tcase, two_unknown_boots_are_not_the_same);
    tcase_add_test(tcase, no_clock_makes_a_wait_longer_than_it_was);
    tcase_add_test(tcase, moments_at_the_end_of_time_are_held);
    tcase_add_test(tcase, a_damaged_line_costs_only_itself);
    tcase_add_test(tcase, without_the_boot_the_wall_clock_counts);
    tcase_add_test(tcase, each_change_of_a_byte_of_a_file_is_found);
    tcase_add_test(tcase, a_file_that_is_cut_anywhere_says_what_is_left);
    tcase_add_test(tcase, zeros_at_the_end_are_one_damaged_line);
    tcase_add_test(tcase, another_version_is_not_read);
    tcase_add_test(tcase, what_is_no_state_file_is_not_read);
    tcase_add_test(tcase, stricter_settings_bound_a_promise);
    tcase_add_test(tcase, a_retry_longer_than_any_delay_is_a_promise_too);
    tcase_add_test(tcase, a_row_that_is_renamed_is_promised_nothing);
    tcase_add_test(tcase, nobodys_row_has_no_line);
    tcase_add_test(tcase, rows_that_were_renamed_and_added_are_known_again);
    suite_add_tcase(s, tcase);
    return s;
}

CHECK_MAIN(suite())
