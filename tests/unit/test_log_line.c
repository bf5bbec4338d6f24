#include "check_main.h"
#include "effort.h"

#include <jansson.h>
#include <string.h>

#include "base/duration.h"
#include "report/log_line.h"

#define COUNT_OF(array) ((int)(sizeof(array) / sizeof(array)[0]))

/* 2026-11-23T14:50:00.123Z */
#define WALL (INT64_C(1795445400) * SECOND + 123 * MILLISECOND)

/* In its own memory, so that a sanitizer sees a byte too far. */
static char *buffer;
static struct log_line line;

static void start(void)
{
    buffer = malloc(LOG_LINE_MAX);
}

static void finish(void)
{
    free(buffer);
}

static void begin(enum log_format format)
{
    log_line_begin(&line, buffer, format, false, WALL, LOG_INFO, "poll");
}

/* The line as a string, without the newline that has to be at its end only. */
static const char *ended(void)
{
    size_t length = log_line_end(&line);
    ck_assert_uint_ge(length, 1);
    ck_assert_uint_le(length, LOG_LINE_MAX);
    ck_assert_int_eq(buffer[length - 1], '\n');
    for (size_t i = 0; i < length - 1; i++)
        if (buffer[i] < ' ' || buffer[i] >= 0x7f) /* an assertion a byte would take long */
            ck_abort_msg("byte %zu is %d", i, buffer[i]);
    buffer[length - 1] = '\0';
    return buffer;
}

/* The same as an object; to be released with json_decref(). */
static json_t *parsed(void)
{
    json_error_t error;
    const char *text = ended();
    json_t *object = json_loads(text, JSON_REJECT_DUPLICATES | JSON_ALLOW_NUL, &error);
    ck_assert_msg(object != NULL, "%s: ...%s", error.text,
                  text + (strlen(text) > 60) * (strlen(text) - 60));
    return object;
}

static void add_poll(void)
{
    log_line_string(&line, "server", "alpha");
    log_line_string(&line, "url", "http://127.0.0.1:8001/?a=b");
    log_line_integer(&line, "status", 200);
    log_line_seconds(&line, "delay", 5 * SECOND);
    log_line_seconds(&line, "took", 1200 * MICROSECOND);
    log_line_true(&line, "reused");
}

START_TEST(a_poll_as_text)
{
    begin(LOG_FORMAT_TEXT);
    add_poll();
    ck_assert_str_eq(ended(), "2026-11-23T14:50:00.123Z info poll server=alpha "
                              "url=\"http://127.0.0.1:8001/?a=b\" status=200 delay=5 "
                              "took=0.0012 reused=yes");
}
END_TEST

START_TEST(a_poll_as_json)
{
    begin(LOG_FORMAT_JSON);
    add_poll();
    ck_assert_str_eq(ended(), "{\"time\":\"2026-11-23T14:50:00.123Z\",\"level\":\"info\","
                              "\"event\":\"poll\",\"server\":\"alpha\","
                              "\"url\":\"http://127.0.0.1:8001/?a=b\",\"status\":200,"
                              "\"delay\":5,\"took\":0.0012,\"reused\":true}");
}
END_TEST

START_TEST(a_line_without_fields_is_whole)
{
    begin(LOG_FORMAT_TEXT);
    ck_assert_str_eq(ended(), "2026-11-23T14:50:00.123Z info poll");
    begin(LOG_FORMAT_JSON);
    ck_assert_str_eq(
        ended(), "{\"time\":\"2026-11-23T14:50:00.123Z\",\"level\":\"info\",\"event\":\"poll\"}");
}
END_TEST

static const struct {
    enum log_level level;
    const char *text, *json;
} journald_lines[] = {
    {LOG_ERROR, "<3>error x n=1", "<3>{\"level\":\"error\",\"event\":\"x\",\"n\":1}"},
    {LOG_WARNING, "<4>warning x n=1", "<4>{\"level\":\"warning\",\"event\":\"x\",\"n\":1}"},
    {LOG_INFO, "<6>info x n=1", "<6>{\"level\":\"info\",\"event\":\"x\",\"n\":1}"},
    {LOG_DEBUG, "<7>debug x n=1", "<7>{\"level\":\"debug\",\"event\":\"x\",\"n\":1}"},
};

START_TEST(journald_gets_a_priority_and_no_time)
{
    log_line_begin(&line, buffer, LOG_FORMAT_TEXT, true, WALL, journald_lines[_i].level, "x");
    log_line_integer(&line, "n", 1);
    ck_assert_str_eq(ended(), journald_lines[_i].text);
    log_line_begin(&line, buffer, LOG_FORMAT_JSON, true, WALL, journald_lines[_i].level, "x");
    log_line_integer(&line, "n", 1);
    ck_assert_str_eq(ended(), journald_lines[_i].json);
}
END_TEST

/* In this order: the text of a second is kept from one line to the next. */
static const struct {
    int64_t wall;
    const char *text;
} times[] = {
    {0, "1970-01-01T00:00:00.000Z"},
    {999999, "1970-01-01T00:00:00.000Z"}, /* cut, not rounded */
    {MILLISECOND, "1970-01-01T00:00:00.001Z"},
    {SECOND - 1, "1970-01-01T00:00:00.999Z"},
    {SECOND, "1970-01-01T00:00:01.000Z"},
    {DAY - 1, "1970-01-01T23:59:59.999Z"},
    {DAY, "1970-01-02T00:00:00.000Z"},
    {DAY - MILLISECOND, "1970-01-01T23:59:59.999Z"}, /* the clock was set back */
    {INT64_C(951782399) * SECOND + 90 * MILLISECOND, "2000-02-28T23:59:59.090Z"},
    {INT64_C(951782400) * SECOND, "2000-02-29T00:00:00.000Z"},
    {WALL, "2026-11-23T14:50:00.123Z"},
    {WALL + 877 * MILLISECOND, "2026-11-23T14:50:01.000Z"},
    {WALL, "2026-11-23T14:50:00.123Z"},
    {INT64_C(4102444799) * SECOND, "2099-12-31T23:59:59.000Z"},
};

START_TEST(time_has_milliseconds_and_follows_the_clock)
{
    for (int i = 0; i < COUNT_OF(times); i++) {
        log_line_begin(&line, buffer, LOG_FORMAT_TEXT, false, times[i].wall, LOG_INFO, "x");
        const char *text = ended();
        ck_assert_int_eq(strncmp(text, times[i].text, strlen(times[i].text)), 0);
        ck_assert_str_eq(text + strlen(times[i].text), " info x");
    }
}
END_TEST

static const struct {
    int64_t value;
    const char *integer, *seconds;
} numbers[] = {
    {0, " n=0", " n=0"},
    {1, " n=1", " n=0.000000001"},
    {-1, " n=-1", " n=-0.000000001"},
    {1500000000, " n=1500000000", " n=1.5"},
    {-1500000000, " n=-1500000000", " n=-1.5"},
    {9223372036, " n=9223372036", " n=9.223372036"},
    {9223372037, " n=9223372037", " n=9.223372037"},
    {INT64_MAX, " n=9223372036854775807", " n=9223372036.854775807"},
    {INT64_MIN, " n=-9223372036854775808", " n=-9223372036.854775808"},
};

START_TEST(numbers_are_written_in_full)
{
    begin(LOG_FORMAT_TEXT);
    log_line_integer(&line, "n", numbers[_i].value);
    ck_assert_str_eq(strstr(ended(), " n="), numbers[_i].integer);
    begin(LOG_FORMAT_TEXT);
    log_line_seconds(&line, "n", numbers[_i].value);
    ck_assert_str_eq(strstr(ended(), " n="), numbers[_i].seconds);
    begin(LOG_FORMAT_JSON);
    log_line_integer(&line, "i", numbers[_i].value);
    log_line_seconds(&line, "s", numbers[_i].value);
    json_t *object = parsed();
    ck_assert_int_eq(json_integer_value(json_object_get(object, "i")), numbers[_i].value);
    ck_assert(json_is_number(json_object_get(object, "s")));
    json_decref(object);
}
END_TEST

static const struct {
    const char *value, *text;
} text_values[] = {
    {"plain", " v=plain"},
    {"", " v=\"\""},
    {" ", " v=\" \""},
    {"two words", " v=\"two words\""},
    {"a=b", " v=\"a=b\""},
    {"say \"hi\"", " v=\"say \\\"hi\\\"\""},
    {"back\\slash", " v=\"back\\\\slash\""},
    {"\r\n\t", " v=\"\\r\\n\\t\""},
    {"\x1b[31m", " v=\"\\x1b[31m\""},
    {"\xc3\xa9", " v=\"\\xc3\\xa9\""},
    {"line\nlevel=error", " v=\"line\\nlevel=error\""},
    {"\x7f", " v=\"\\x7f\""},
    {"{[<'>]}", " v={[<'>]}"},
};

START_TEST(a_text_value_is_bare_or_quoted)
{
    begin(LOG_FORMAT_TEXT);
    log_line_string(&line, "v", text_values[_i].value);
    ck_assert_str_eq(strstr(ended(), " v="), text_values[_i].text);
}
END_TEST

#define BAD "\xef\xbf\xbd" /* U+FFFD */

static const struct {
    const char *value, *decoded; /* what a reader of the JSON gets */
} json_values[] = {
    {"", ""},
    {"a b=c", "a b=c"},
    {"\"\\/", "\"\\/"},
    {"\b\f\n\r\t\x01\x1f\x7f", "\b\f\n\r\t\x01\x1f\x7f"},
    /* Well-formed, at the first and last code of each length. */
    {"\xc2\x80", "\xc2\x80"},
    {"\xdf\xbf", "\xdf\xbf"},
    {"\xe0\xa0\x80", "\xe0\xa0\x80"},
    {"\xed\x9f\xbf", "\xed\x9f\xbf"},
    {"\xee\x80\x80", "\xee\x80\x80"},
    {"\xef\xbf\xbf", "\xef\xbf\xbf"},
    {"\xf0\x90\x80\x80", "\xf0\x90\x80\x80"},
    {"\xf0\x9f\x98\x80", "\xf0\x9f\x98\x80"},
    {"\xf4\x8f\xbf\xbf", "\xf4\x8f\xbf\xbf"},
    {"\xc3\xa9t\xc3\xa9 \xe2\x82\xac", "\xc3\xa9t\xc3\xa9 \xe2\x82\xac"},
    /* Continuations without a lead. */
    {"\x80", BAD},
    {"\xbf\xbf", BAD BAD},
    {"a\x80z", "a" BAD "z"},
    /* Bytes that never stand in UTF-8. */
    {"\xf8\x88\x80\x80\x80", BAD BAD BAD BAD BAD},
    {"\xfe\xff", BAD BAD},
    /* Overlong. */
    {"\xc0\x80", BAD BAD},
    {"\xc1\xbf", BAD BAD},
    {"\xc0\xa2", BAD BAD}, /* a quote in disguise */
    {"\xe0\x80\x80", BAD BAD BAD},
    {"\xe0\x9f\xbf", BAD BAD BAD},
    {"\xf0\x80\x80\x80", BAD BAD BAD BAD},
    {"\xf0\x8f\xbf\xbf", BAD BAD BAD BAD},
    /* Surrogates, single and in a pair. */
    {"\xed\xa0\x80", BAD BAD BAD},
    {"\xed\xbf\xbf", BAD BAD BAD},
    {"\xed\xa0\xbd\xed\xb8\x80", BAD BAD BAD BAD BAD BAD},
    /* Beyond U+10FFFF. */
    {"\xf4\x90\x80\x80", BAD BAD BAD BAD},
    {"\xf7\xbf\xbf\xbf", BAD BAD BAD BAD},
    /* Truncated: at the end, and by a character that is not swallowed. */
    {"\xc3", BAD},
    {"\xe2\x82", BAD BAD},
    {"\xf0\x9f\x98", BAD BAD BAD},
    {"\xc3\"", BAD "\""},
    {"\xe2\x82z", BAD BAD "z"},
    {"\xf0\x9f\xc3\xa9", BAD BAD "\xc3\xa9"},
};

START_TEST(json_holds_utf8_and_a_mark_for_what_is_none)
{
    begin(LOG_FORMAT_JSON);
    log_line_string(&line, "v", json_values[_i].value);
    json_t *object = parsed();
    ck_assert_str_eq(json_string_value(json_object_get(object, "v")), json_values[_i].decoded);
    json_decref(object);
}
END_TEST

static void assert_any_value(const char *value)
{
    begin(LOG_FORMAT_TEXT);
    log_line_string(&line, "v", value);
    log_line_integer(&line, "after", 1);
    ck_assert_ptr_nonnull(strstr(ended(), " after=1"));

    begin(LOG_FORMAT_JSON);
    log_line_string(&line, "v", value);
    log_line_integer(&line, "after", 1);
    json_t *object = parsed();
    ck_assert_uint_eq(json_object_size(object), 5);
    if ((value[0] & 0x80) == 0 && (value[0] == '\0' || (value[1] & 0x80) == 0))
        ck_assert_str_eq(json_string_value(json_object_get(object, "v")), value);
    json_decref(object);
}

START_TEST(every_byte_and_every_pair_of_bytes_is_one_line)
{
    int step = 256 / effort(256);
    for (int first = 1; first < 256; first++)
        for (int second = first % step; second < 256; second += step)
            assert_any_value((const char[]){(char)first, (char)second, '\0'});
}
END_TEST

/* What fills a line: escapes of each length, so that the end falls on each place. */
static const char *const fillings[] = {
    "x", "\"", "\x01", "\xff", "\xc3\xa9", "\xe2\x82\xac", "\xf0\x9f\x98\x80", "\xf0\x9f\x98\x80z"};

static void assert_overlong(enum log_format format, const char *filling, size_t before)
{
    static char value[4 * LOG_LINE_MAX];
    size_t length = strlen(filling), at = before;
    memset(value, 'a', before);
    for (; at < 2 * LOG_LINE_MAX; at += length)
        memcpy(value + at, filling, length);
    value[at] = '\0';

    begin(format);
    log_line_string(&line, "v", value);
    log_line_string(&line, "next", "dropped, but whole");
    log_line_integer(&line, "number", INT64_MIN);
    log_line_true(&line, "flag");
    if (format == LOG_FORMAT_TEXT) {
        const char *text = ended();
        ck_assert_uint_gt(strlen(text), LOG_LINE_MAX - 64);
        ck_assert_msg(text[strlen(text) - 1] == '"', "...%s", text + strlen(text) - 40);
        return;
    }
    json_t *object = parsed();
    const char *cut = json_string_value(json_object_get(object, "v"));
    ck_assert_int_eq(strncmp(cut, value, before), 0);
    json_decref(object);
}

START_TEST(a_value_longer_than_the_line_is_cut_and_valid)
{
    for (int before = effort(30) - 1; before >= 0; before--) {
        assert_overlong(LOG_FORMAT_TEXT, fillings[_i], (size_t)before);
        assert_overlong(LOG_FORMAT_JSON, fillings[_i], (size_t)before);
    }
}
END_TEST

START_TEST(more_fields_than_a_line_holds_are_left_out_whole)
{
    for (int format = LOG_FORMAT_TEXT; format <= LOG_FORMAT_JSON; format++) {
        char key[16];
        begin((enum log_format)format);
        for (unsigned i = 0; i < 2000; i++) {
            snprintf(key, sizeof key, "key%u", i);
            log_line_string(&line, key, "\xf0\x9f\x98\x80");
            log_line_seconds(&line, key + 1, INT64_MIN);
        }
        if (format == LOG_FORMAT_JSON)
            json_decref(parsed());
        else
            ended();
    }
}
END_TEST

START_TEST(the_longest_url_fits)
{
    char url[4096 + 1];
    memset(url, 'u', sizeof url - 1);
    url[sizeof url - 1] = '\0';
    begin(LOG_FORMAT_JSON);
    log_line_string(&line, "url", url);
    add_poll();
    json_t *object = json_loads(ended(), 0, NULL);
    ck_assert_ptr_nonnull(object);
    ck_assert_ptr_nonnull(strstr(buffer, url));
    ck_assert(json_is_true(json_object_get(object, "reused")));
    json_decref(object);
}
END_TEST

static Suite *suite(void)
{
    Suite *s = suite_create("log_line");
    TCase *tcase = tcase_create("log_line");
    tcase_set_timeout(tcase, 120);
    tcase_add_checked_fixture(tcase, start, finish);
    tcase_add_test(tcase, a_poll_as_text);
    tcase_add_test(tcase, a_poll_as_json);
    tcase_add_test(tcase, a_line_without_fields_is_whole);
    tcase_add_loop_test(tcase, journald_gets_a_priority_and_no_time, 0, COUNT_OF(journald_lines));
    tcase_add_test(tcase, time_has_milliseconds_and_follows_the_clock);
    tcase_add_loop_test(tcase, numbers_are_written_in_full, 0, COUNT_OF(numbers));
    tcase_add_loop_test(tcase, a_text_value_is_bare_or_quoted, 0, COUNT_OF(text_values));
    tcase_add_loop_test(tcase, json_holds_utf8_and_a_mark_for_what_is_none, 0,
                        COUNT_OF(json_values));
    tcase_add_test(tcase, every_byte_and_every_pair_of_bytes_is_one_line);
    tcase_add_loop_test(tcase, a_value_longer_than_the_line_is_cut_and_valid, 0,
                        COUNT_OF(fillings));
    tcase_add_test(tcase, more_fields_than_a_line_holds_are_left_out_whole);
    tcase_add_test(tcase, the_longest_url_fits);
    suite_add_tcase(s, tcase);
    return s;
}

CHECK_MAIN(suite())
