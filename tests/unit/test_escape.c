#include "check_main.h"

#include <string.h>

#include "base/escape.h"

static const struct {
    unsigned char byte;
    const char *escaped;
} bytes[] = {
    {'a', "a"},      {' ', " "},      {'~', "~"},      {'\'', "'"},     {'/', "/"},
    {'=', "="},      {'"', "\\\""},   {'\\', "\\\\"},  {'\n', "\\n"},   {'\r', "\\r"},
    {'\t', "\\t"},   {0x00, "\\x00"}, {0x01, "\\x01"}, {'\v', "\\x0b"}, {'\f', "\\x0c"},
    {0x1b, "\\x1b"}, {0x1f, "\\x1f"}, {0x7f, "\\x7f"}, {0x80, "\\x80"}, {0x9b, "\\x9b"},
    {0xc3, "\\xc3"}, {0xff, "\\xff"},
};

START_TEST(a_byte_is_escaped)
{
    char out[5] = {0};
    size_t length = escape_byte(out, bytes[_i].byte);
    ck_assert_str_eq(out, bytes[_i].escaped);
    ck_assert_uint_eq(length, strlen(bytes[_i].escaped));
}
END_TEST

static void assert_printable(const char *text, size_t length)
{
    for (size_t i = 0; i < length; i++)
        ck_assert_msg(text[i] >= ' ' && text[i] < 0x7f, "byte %zu of \"%s\"", i, text);
}

START_TEST(every_byte_becomes_printable_ascii)
{
    char seen[256][5] = {{0}};
    for (unsigned byte = 0; byte < 256; byte++) {
        size_t length = escape_byte(seen[byte], (unsigned char)byte);
        ck_assert_uint_ge(length, 1);
        ck_assert_uint_le(length, 4);
        assert_printable(seen[byte], length);
        for (unsigned other = 0; other < byte; other++)
            ck_assert_str_ne(seen[byte], seen[other]); /* nothing is lost */
    }
}
END_TEST

/* The bytes fit into 64 together with quotes, dots and the final NUL up to here. */
#define FIFTY    "01234567890123456789012345678901234567890123456789"
#define LONGEST  FIFTY "01234567"
#define OVERLONG FIFTY "012345678"

static const struct {
    const char *bytes;
    size_t length;
    const char *quoted;
} quotations[] = {
    {"", 0, "\"\""},
    {"a", 1, "\"a\""},
    {"a b", 3, "\"a b\""},
    {"a\0b", 3, "\"a\\x00b\""},
    {"abc", 2, "\"ab\""}, /* the length counts, not a NUL */
    {"\"\\", 2, "\"\\\"\\\\\""},
    {"\r\n", 2, "\"\\r\\n\""},
    {"\xc3\xa9", 2, "\"\\xc3\\xa9\""},
    {LONGEST, 58, "\"" LONGEST "\""},
    {OVERLONG, 59, "\"" LONGEST "\"..."},
    {OVERLONG OVERLONG, 118, "\"" LONGEST "\"..."},
    {FIFTY "0123\xff", 55, "\"" FIFTY "0123\\xff\""},
    {FIFTY "01234\xff", 56, "\"" FIFTY "01234\"..."}, /* no half of an escape */
    {FIFTY "0123456\n", 58, "\"" FIFTY "0123456\"..."},
};

START_TEST(is_quoted)
{
    char out[QUOTE_SIZE];
    ck_assert_ptr_eq(escape_quote(out, sizeof out, quotations[_i].bytes, quotations[_i].length),
                     out);
    ck_assert_str_eq(out, quotations[_i].quoted);
}
END_TEST

/* At each size the end of the memory is where a sanitizer sees a step too far. */
START_TEST(any_size_from_10_is_kept)
{
    static const char bytes_in[] = "a\x01\"b\n\xff\xff\xff\xff\xff\xff\xff\xff\xff";
    for (size_t size = 10; size < 80; size++) {
        for (size_t length = 0; length < sizeof bytes_in; length++) {
            char *out = malloc(size);
            escape_quote(out, size, bytes_in, length);
            ck_assert_uint_lt(strlen(out), size);
            ck_assert_int_eq(out[0], '"');
            ck_assert_ptr_nonnull(strrchr(out + 1, '"'));
            assert_printable(out, strlen(out));
            free(out);
        }
    }
}
END_TEST

static Suite *suite(void)
{
    Suite *s = suite_create("escape");
    TCase *tcase = tcase_create("escape");
    tcase_add_loop_test(tcase, a_byte_is_escaped, 0, sizeof bytes / sizeof bytes[0]);
    tcase_add_test(tcase, every_byte_becomes_printable_ascii);
    tcase_add_loop_test(tcase, is_quoted, 0, sizeof quotations / sizeof quotations[0]);
    tcase_add_test(tcase, any_size_from_10_is_kept);
    suite_add_tcase(s, tcase);
    return s;
}

CHECK_MAIN(suite())
