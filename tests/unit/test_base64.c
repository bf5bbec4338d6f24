#include "check_main.h"

#include <string.h>

#include "base/base64.h"

#define COUNT_OF(array) ((int)(sizeof(array) / sizeof(array)[0]))

/* The first are of RFC 4648 section 10. */
static const struct {
    const char *bytes, *expected;
    size_t length;
} examples[] = {
    {"", "", 0},
    {"f", "Zg==", 1},
    {"fo", "Zm8=", 2},
    {"foo", "Zm9v", 3},
    {"foob", "Zm9vYg==", 4},
    {"fooba", "Zm9vYmE=", 5},
    {"foobar", "Zm9vYmFy", 6},
    {"\0", "AA==", 1},
    {"\0\0\0", "AAAA", 3},
    {"\xff", "/w==", 1},
    {"\xff\xff\xff", "////", 3},
    {"\xfb\xef\xbe", "++++", 3},
    {"Aladdin:open sesame", "QWxhZGRpbjpvcGVuIHNlc2FtZQ==", 19},
};

START_TEST(is_written)
{
    size_t size = BASE64_SIZE(examples[_i].length);
    char *out = malloc(size);
    ck_assert_str_eq(base64_write(out, examples[_i].bytes, examples[_i].length),
                     examples[_i].expected);
    ck_assert_uint_eq(strlen(out), size - 1);
    free(out);
}
END_TEST

/* The bytes whose digits are 0 to 63 in order. */
START_TEST(every_digit_has_its_place)
{
    char bytes[48], out[BASE64_SIZE(48)];
    for (unsigned i = 0; i < 64; i += 4) {
        unsigned bits = i << 18 | (i + 1) << 12 | (i + 2) << 6 | (i + 3);
        bytes[i / 4 * 3] = (char)(bits >> 16);
        bytes[i / 4 * 3 + 1] = (char)(bits >> 8 & 0xff);
        bytes[i / 4 * 3 + 2] = (char)(bits & 0xff);
    }
    ck_assert_str_eq(base64_write(out, bytes, sizeof bytes),
                     "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/");
}
END_TEST

static Suite *suite(void)
{
    Suite *s = suite_create("base64");
    TCase *tcase = tcase_create("base64");
    tcase_add_loop_test(tcase, is_written, 0, COUNT_OF(examples));
    tcase_add_test(tcase, every_digit_has_its_place);
    suite_add_tcase(s, tcase);
    return s;
}

CHECK_MAIN(suite())
