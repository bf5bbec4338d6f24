#include "check_main.h"

#include <string.h>

#include "http/http_field.h"

/* Adds name and value in pieces of `piece` bytes. */
static void read_line(struct http_field_line *line, const char *wanted, const char *name,
                      const char *value, size_t piece)
{
    size_t name_length = strlen(name), value_length = strlen(value);
    static const char *names[1];
    names[0] = wanted;
    http_field_line_begin(line, names, wanted != NULL);
    for (size_t at = 0; at < name_length; at += piece)
        http_field_line_add_name(line, name + at,
                                 name_length - at < piece ? name_length - at : piece);
    for (size_t at = 0; at < value_length; at += piece)
        http_field_line_add_value(line, value + at,
                                  value_length - at < piece ? value_length - at : piece);
}

#define TEXT_32 "0123456789abcdefghijklmnopqrstuv"

static const struct {
    const char *wanted, *name, *value;
    enum http_field_state state;
    const char *taken;
} lines[] = {
    {"X-Next", "X-Next", "5", HTTP_FIELD_PRESENT, "5"},
    {"X-Next", "x-NEXT", "5", HTTP_FIELD_PRESENT, "5"},
    {"X-Next", "X-Next", "", HTTP_FIELD_PRESENT, ""},
    {"X-Next", "X-Next", " \t ", HTTP_FIELD_PRESENT, ""},
    {"X-Next", "X-Next", "5 \t 6 \t ", HTTP_FIELD_PRESENT, "5 \t 6"},
    {"X-Next", "X-Next", TEXT_32 "0123456789abcdefghijklmnopqrstu \t ", HTTP_FIELD_PRESENT,
     TEXT_32 "0123456789abcdefghijklmnopqrstu"},
    {"X-Next", "X-Next", TEXT_32 TEXT_32, HTTP_FIELD_TOO_LONG, ""},
    {"X-Next", "X-Next", TEXT_32 "                                   5", HTTP_FIELD_TOO_LONG, ""},
    {"X-Next", "X-Nex", "5", HTTP_FIELD_ABSENT, ""},
    {"X-Next", "X-Nexts", "5", HTTP_FIELD_ABSENT, ""},
    {"X-Next", "Y-Next", "5", HTTP_FIELD_ABSENT, ""},
    {"X-Next", "", "5", HTTP_FIELD_ABSENT, ""},
    {NULL, "X-Next", "5", HTTP_FIELD_ABSENT, ""},
    {TEXT_32 TEXT_32, TEXT_32 TEXT_32, "5", HTTP_FIELD_PRESENT, "5"},
    {TEXT_32 TEXT_32, TEXT_32 TEXT_32 "x", "5", HTTP_FIELD_ABSENT, ""},
    {TEXT_32 TEXT_32 "x", TEXT_32 TEXT_32, "5", HTTP_FIELD_ABSENT, ""},
    {TEXT_32 TEXT_32 "x", TEXT_32 TEXT_32 "y", "5", HTTP_FIELD_ABSENT, ""},
};

START_TEST(is_taken_where_it_is_wanted)
{
    for (size_t piece = 1; piece < 70; piece++) {
        struct http_field field = {.state = HTTP_FIELD_ABSENT};
        struct http_field_line line;
        read_line(&line, lines[_i].wanted, lines[_i].name, lines[_i].value, piece);
        http_field_take(&field, &line);
        ck_assert_int_eq(field.state, lines[_i].state);
        ck_assert_str_eq(field.value, lines[_i].taken);
    }
}
END_TEST

START_TEST(a_second_one_is_told)
{
    struct http_field field = {.state = HTTP_FIELD_ABSENT};
    struct http_field_line line;
    for (int i = 0; i < 3; i++) {
        read_line(&line, "a", "A", "5", 1);
        http_field_take(&field, &line);
        read_line(&line, "a", "b", "6", 1);
        http_field_take(&field, &line);
        ck_assert_int_eq(field.state, i == 0 ? HTTP_FIELD_PRESENT : HTTP_FIELD_REPEATED);
    }
}
END_TEST

/* One name may begin another, and each has its own place. */
START_TEST(several_are_wanted)
{
    static const char *const names[HTTP_WANTED_MAX] = {"a",   "ab",  "abc",  "b",
                                                       "abd", "Abe", "abcd", TEXT_32};
    for (size_t i = 0; i < HTTP_WANTED_MAX; i++) {
        for (size_t cut = 0; cut <= strlen(names[i]); cut++) {
            struct http_field fields[HTTP_WANTED_MAX] = {0};
            struct http_field_line line;
            http_field_line_begin(&line, names, HTTP_WANTED_MAX);
            http_field_line_add_name(&line, names[i], cut);
            http_field_line_add_name(&line, names[i] + cut, strlen(names[i]) - cut);
            http_field_line_add_value(&line, "5", 1);
            http_field_take(fields, &line);
            for (size_t j = 0; j < HTTP_WANTED_MAX; j++)
                ck_assert_int_eq(fields[j].state, i == j ? HTTP_FIELD_PRESENT : HTTP_FIELD_ABSENT);
        }
    }
}
END_TEST

START_TEST(is_compared_whole)
{
    struct http_field_line line;
    read_line(&line, NULL, "Transfer-Encoding", "Chunked  ", 2);
    ck_assert(http_field_line_is(&line, "transfer-encoding"));
    ck_assert(http_field_line_says(&line, "chunked"));
    ck_assert(!http_field_line_is(&line, "transfer-encodin"));
    ck_assert(!http_field_line_is(&line, "transfer-encodings"));
    ck_assert(!http_field_line_says(&line, "chunke"));
    ck_assert(!http_field_line_says(&line, "chunkeds"));
    read_line(&line, NULL, TEXT_32, TEXT_32 TEXT_32 "x", 5);
    ck_assert(!http_field_line_is(&line, "0123456789abcdefghijklm"));
    ck_assert(!http_field_line_says(&line, TEXT_32 TEXT_32));
}
END_TEST

static Suite *suite(void)
{
    Suite *s = suite_create("http_field");
    TCase *tcase = tcase_create("http_field");
    tcase_add_loop_test(tcase, is_taken_where_it_is_wanted, 0, sizeof lines / sizeof lines[0]);
    tcase_add_test(tcase, a_second_one_is_told);
    tcase_add_test(tcase, several_are_wanted);
    tcase_add_test(tcase, is_compared_whole);
    suite_add_tcase(s, tcase);
    return s;
}

CHECK_MAIN(suite())
