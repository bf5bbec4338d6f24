/* The lines of the state file, byte by byte. */
#include "check_main.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/duration.h"
#include "pace/schedule_line.h"

static char text[SCHEDULE_LINE_MAX + 1];

static struct schedule_line a_line(void)
{
    return (struct schedule_line){.due = INT64_C(1764061022123456789),
                                  .wait = 20 * SECOND,
                                  .last = 2500 * MILLISECOND,
                                  .url = 0x0badcafe,
                                  .name = "alpha",
                                  .name_length = 5};
}

/* Without its newline. */
static size_t write_line(const struct schedule_line *line)
{
    size_t length = schedule_write_line(text, line);
    ck_assert_uint_le(length, SCHEDULE_LINE_MAX);
    ck_assert_int_eq(text[length - 1], '\n');
    text[length - 1] = '\0';
    return length - 1;
}

static void assert_same(const struct schedule_line *a, const struct schedule_line *b)
{
    ck_assert_int_eq(a->due, b->due);
    ck_assert_int_eq(a->wait, b->wait);
    ck_assert_int_eq(a->last, b->last);
    ck_assert_uint_eq(a->url, b->url);
    ck_assert_uint_eq(a->name_length, b->name_length);
    ck_assert_mem_eq(a->name, b->name, a->name_length);
}

/* The check sum of a line that is put together here. */
static bool read_sealed(const char *rest)
{
    struct schedule_line line;
    int length =
        snprintf(text, sizeof text, "%08" PRIx32 " %s", schedule_crc(rest, strlen(rest)), rest);
    return schedule_read_line(text, (size_t)length, &line);
}

static bool read_sealed_boot(const char *rest)
{
    struct schedule_boot boot;
    int length =
        snprintf(text, sizeof text, "%08" PRIx32 " %s", schedule_crc(rest, strlen(rest)), rest);
    return schedule_read_boot(text, (size_t)length, &boot);
}

START_TEST(a_line_is_as_documented)
{
    struct schedule_line line = a_line();
    static const char rest[] = "1764061022.123456789 20.000000000 2.500000000 0badcafe alpha";
    char expected[SCHEDULE_LINE_MAX];
    snprintf(expected, sizeof expected, "%08" PRIx32 " %s", schedule_crc(rest, strlen(rest)), rest);
    write_line(&line);
    ck_assert_str_eq(text, expected);
    line.last = -1;
    write_line(&line);
    ck_assert_ptr_nonnull(strstr(text, " 20.000000000 - 0badcafe alpha"));
}
END_TEST

/* So that a file can be checked with other tools: the check value of CRC-32/ISO-HDLC. */
START_TEST(the_check_sum_is_the_usual_one)
{
    ck_assert_uint_eq(schedule_crc("123456789", 9), 0xcbf43926);
}
END_TEST

START_TEST(what_is_written_is_read)
{
    static const int64_t moments[] = {0,
                                      1,
                                      -1,
                                      -5 * SECOND - 7,
                                      999999999,
                                      SECOND,
                                      INT64_C(1764061022123456789),
                                      INT64_C(9223372035999999999)};
    for (size_t i = 0; i < sizeof moments / sizeof *moments; i++) {
        struct schedule_line line = a_line(), read;
        line.due = moments[i];
        line.wait = moments[i] < 0 ? 0 : moments[i];
        line.last = i % 2 == 0 ? -1 : line.wait;
        ck_assert(schedule_read_line(text, write_line(&line), &read));
        assert_same(&line, &read);
    }
}
END_TEST

START_TEST(the_longest_line_has_room)
{
    static char name[SCHEDULE_NAME_MAX];
    memset(name, 'n', sizeof name);
    struct schedule_line read, line = {.due = -INT64_C(9223372035999999999),
                                       .wait = INT64_C(9223372035999999999),
                                       .last = INT64_C(9223372035999999999),
                                       .url = UINT32_MAX,
                                       .name = name,
                                       .name_length = sizeof name};
    ck_assert(schedule_read_line(text, write_line(&line), &read));
    assert_same(&line, &read);
}
END_TEST

/* Also one in the check sum's own digits, such as another case. */
START_TEST(each_change_of_a_byte_is_found)
{
    struct schedule_line line = a_line(), read;
    size_t length = write_line(&line);
    for (size_t i = 0; i < length; i++) {
        char right = text[i];
        for (int byte = 0; byte < 256; byte++) {
            text[i] = (char)byte;
            ck_assert_msg(schedule_read_line(text, length, &read) == (text[i] == right),
                          "byte %zu as %d", i, byte);
        }
        text[i] = right;
    }
}
END_TEST

START_TEST(each_torn_line_is_found)
{
    struct schedule_line line = a_line(), read;
    size_t length = write_line(&line);
    for (size_t n = 0; n < length; n++) {
        ck_assert(!schedule_read_line(text, n, &read));
        ck_assert(!schedule_read_line(text + length - n, n, &read));
    }
}
END_TEST

START_TEST(a_line_is_read_strictly_even_where_its_check_sum_is_right)
{
    static const char *const wrong[] = {
        "",
        "alpha",
        " 1.000000000 1.000000000 - 0badcafe alpha",
        "1.000000000 1.000000000 - 0badcafe ",
        "1.000000000 1.000000000 - 0badcafe",
        "1.000000000  1.000000000 - 0badcafe alpha",
        "1.000000000 1.000000000 -1.000000000 0badcafe alpha",
        "1.000000000 -1.000000000 - 0badcafe alpha",
        "1.000000000 1.000000000 -- 0badcafe alpha",
        "+1.000000000 1.000000000 - 0badcafe alpha",
        "--1.000000000 1.000000000 - 0badcafe alpha",
        "1.00000000 1.000000000 - 0badcafe alpha",
        "1.0000000000 1.000000000 - 0badcafe alpha",
        ".000000000 1.000000000 - 0badcafe alpha",
        "1 1.000000000 - 0badcafe alpha",
        "1.000000000 1.000000000 - 0BADCAFE alpha",
        "1.000000000 1.000000000 - badcafe alpha",
        "9223372036.000000000 1.000000000 - 0badcafe alpha",
        "10000000000.000000000 1.000000000 - 0badcafe alpha",
        "1.000000000 99999999999999999999.000000000 - 0badcafe alpha",
        "nan 1.000000000 - 0badcafe alpha",
        "boot 1.000000000",
    };
    ck_assert(read_sealed("1.000000000 1.000000000 - 0badcafe alpha"));
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++)
        ck_assert_msg(!read_sealed(wrong[i]), "%s", wrong[i]);
}
END_TEST

START_TEST(a_boot_is_read_as_it_was_written)
{
    static const struct schedule_boot boots[] = {
        {"20e86363-1d07-4438-a7d7-b83be47454d1", INT64_C(1764000000000000001)},
        {"", -3 * SECOND},
    };
    for (size_t i = 0; i < 2; i++) {
        struct schedule_boot read;
        size_t length = schedule_write_boot(text, &boots[i]);
        ck_assert_uint_le(length, SCHEDULE_LINE_MAX);
        ck_assert(schedule_read_boot(text, length - 1, &read));
        ck_assert_str_eq(read.id, boots[i].id);
        ck_assert_int_eq(read.zero, boots[i].zero);
    }
}
END_TEST

START_TEST(a_boot_is_read_strictly_even_where_its_check_sum_is_right)
{
    static const char *const wrong[] = {
        "",
        "boot",
        "boot ",
        "boot x",
        "boot x ",
        "boot  1.000000000",
        "boot x 1.000000000 ",
        "boot x 1",
        "boots x 1.000000000",
        "boot 0123456789012345678901234567890123456789 1.000000000",
        "1.000000000 1.000000000 - 0badcafe alpha",
    };
    ck_assert(read_sealed_boot("boot x 1.000000000"));
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++)
        ck_assert_msg(!read_sealed_boot(wrong[i]), "%s", wrong[i]);
}
END_TEST

static Suite *suite(void)
{
    Suite *s = suite_create("schedule_line");
    TCase *tcase = tcase_create("schedule_line");
    tcase_add_test(tcase, a_line_is_as_documented);
    tcase_add_test(tcase, the_check_sum_is_the_usual_one);
    tcase_add_test(tcase, what_is_written_is_read);
    tcase_add_test(tcase, the_longest_line_has_room);
    tcase_add_test(tcase, each_change_of_a_byte_is_found);
    tcase_add_test(tcase, each_torn_line_is_found);
    tcase_add_test(tcase, a_line_is_read_strictly_even_where_its_check_sum_is_right);
    tcase_add_test(tcase, a_boot_is_read_as_it_was_written);
    tcase_add_test(tcase, a_boot_is_read_strictly_even_where_its_check_sum_is_right);
    suite_add_tcase(s, tcase);
    return s;
}

CHECK_MAIN(suite())
