#include "check_main.h"

#include <string.h>

#include "http/http_lines.h"

#define BYTES(text) text, sizeof(text) - 1

/* `right` bytes of a section are right. Where that is all of them without the
 * empty line's LF, more are awaited; else it has ended, or is refused. */
struct section {
    const char *bytes;
    size_t length, right;
    unsigned fields;
    const char *refused;
};

#define NOT_HTTP  "its status line is not that of HTTP/1.1 or HTTP/1.0"
#define NOT_THREE "its status is not a number of three digits"
#define CONTROL   "a control character stands in its header"
#define FOLDED    "a line of its header is folded or begins with a blank"
#define NO_NAME   "a line of its header has no field name"
#define BAD_NAME  "a field name of its header is malformed"
#define BARE_CR   "a line of its header ends in CR without LF"

static const struct section headers[] = {
    {BYTES("HTTP/1.1 200 OK\r\n\r\n"), 19, 0, NULL},
    {BYTES("HTTP/1.0 200 OK\r\n\r\n"), 19, 0, NULL},
    {BYTES("HTTP/1.1 200 \r\n\r\n"), 17, 0, NULL},
    {BYTES("HTTP/1.1 200\r\n\r\n"), 16, 0, NULL},
    {BYTES("HTTP/1.1 000\r\n\r\n"), 16, 0, NULL},
    {BYTES("HTTP/1.1 999 \t\xff\r\n\r\n"), 19, 0, NULL},
    {BYTES("HTTP/1.1 200 OK\r\nA: b\r\n\r\n"), 25, 1, NULL},
    {BYTES("HTTP/1.1 200 OK\r\nA:\r\nB:b\r\nC: \t \r\n\r\n"), 35, 3, NULL},
    {BYTES("HTTP/1.1 200 OK\r\n!#$%&'*+-.^_`|~09azAZ: \t~\xff\r\n\r\n"), 47, 1, NULL},
    {BYTES("HTTP/1.1 200 OK\r\n\r\nand more"), 19, 0, NULL},
    {BYTES("HTTP/1.1 200 OK\r\n\r\n\r\n"), 19, 0, NULL},

    {BYTES(""), 0, 0, NULL},
    {BYTES("HTTP/1.1 20"), 11, 0, NULL},
    {BYTES("HTTP/1.1 200 OK\r"), 16, 0, NULL},
    {BYTES("HTTP/1.1 200 OK\r\nA"), 18, 1, NULL},
    {BYTES("HTTP/1.1 200 OK\r\nA: b\r\n\r"), 24, 1, NULL},

    {BYTES("\r\nHTTP/1.1 200 OK\r\n\r\n"), 0, 0, NOT_HTTP},
    {BYTES(" HTTP/1.1 200 OK\r\n\r\n"), 0, 0, NOT_HTTP},
    {BYTES("\0"), 0, 0, NOT_HTTP},
    {BYTES("http/1.1 200 OK\r\n\r\n"), 0, 0, NOT_HTTP},
    {BYTES("RTSP/1.0 200 OK\r\n\r\n"), 0, 0, NOT_HTTP},
    {BYTES("ICE/1.0 200 OK\r\n\r\n"), 0, 0, NOT_HTTP},
    {BYTES("HTTPS/1.1 200 OK\r\n\r\n"), 4, 0, NOT_HTTP},
    {BYTES("HTTP/0.9 200 OK\r\n\r\n"), 5, 0, NOT_HTTP},
    {BYTES("HTTP/2.0 200 OK\r\n\r\n"), 5, 0, NOT_HTTP},
    {BYTES("HTTP/1 200 OK\r\n\r\n"), 6, 0, NOT_HTTP},
    {BYTES("HTTP/1.2 200 OK\r\n\r\n"), 7, 0, NOT_HTTP},
    {BYTES("HTTP/1.9 200 OK\r\n\r\n"), 7, 0, NOT_HTTP},
    {BYTES("HTTP/1.10 200 OK\r\n\r\n"), 8, 0, NOT_HTTP},
    {BYTES("HTTP/1.1\r\n\r\n"), 8, 0, NOT_HTTP},
    {BYTES("HTTP/1.1\t200 OK\r\n\r\n"), 8, 0, NOT_HTTP},
    {BYTES("HTTP/1.1  200 OK\r\n\r\n"), 9, 0, NOT_HTTP},
    {BYTES("HTTP/1.1 -20 OK\r\n\r\n"), 9, 0, NOT_HTTP},
    {BYTES("HTTP/1.1 2 0\r\n\r\n"), 10, 0, NOT_HTTP},
    {BYTES("HTTP/1.1 99 OK\r\n\r\n"), 11, 0, NOT_HTTP},
    {BYTES("HTTP/1.1 1000 OK\r\n\r\n"), 12, 0, NOT_THREE},
    {BYTES("HTTP/1.1 00200 OK\r\n\r\n"), 12, 0, NOT_THREE},
    {BYTES("HTTP/1.1 200OK\r\n\r\n"), 12, 0, NOT_THREE},
    {BYTES("HTTP/1.1 200\tOK\r\n\r\n"), 12, 0, NOT_THREE},
    {BYTES("HTTP/1.1 200\n\n"), 12, 0, NOT_THREE},
    {BYTES("HTTP/1.1 200 OK\n\n"), 15, 0, CONTROL},
    {BYTES("HTTP/1.1 200 O\0K\r\n\r\n"), 14, 0, CONTROL},
    {BYTES("HTTP/1.1 200 \x1b[m\r\n\r\n"), 13, 0, CONTROL},
    {BYTES("HTTP/1.1 200 \x7f\r\n\r\n"), 13, 0, CONTROL},
    {BYTES("HTTP/1.1 200\r\r\n\r\n"), 13, 0, BARE_CR},
    {BYTES("HTTP/1.1 200 OK\rA: b\r\n\r\n"), 16, 0, BARE_CR},

    {BYTES("HTTP/1.1 200 OK\r\n A: b\r\n\r\n"), 17, 0, FOLDED},
    {BYTES("HTTP/1.1 200 OK\r\nA: b\r\n c\r\n\r\n"), 23, 1, FOLDED},
    {BYTES("HTTP/1.1 200 OK\r\nA:\r\n\tc\r\n\r\n"), 21, 1, FOLDED},
    {BYTES("HTTP/1.1 200 OK\r\n: b\r\n\r\n"), 17, 0, NO_NAME},
    {BYTES("HTTP/1.1 200 OK\r\n\n"), 17, 0, NO_NAME},
    {BYTES("HTTP/1.1 200 OK\r\n\0: b\r\n\r\n"), 17, 0, NO_NAME},
    {BYTES("HTTP/1.1 200 OK\r\n\xc3\xa4: b\r\n\r\n"), 17, 0, NO_NAME},
    {BYTES("HTTP/1.1 200 OK\r\nA : b\r\n\r\n"), 18, 1, BAD_NAME},
    {BYTES("HTTP/1.1 200 OK\r\nA\t: b\r\n\r\n"), 18, 1, BAD_NAME},
    {BYTES("HTTP/1.1 200 OK\r\nA\r\n\r\n"), 18, 1, BAD_NAME},
    {BYTES("HTTP/1.1 200 OK\r\nA\0: b\r\n\r\n"), 18, 1, BAD_NAME},
    {BYTES("HTTP/1.1 200 OK\r\nA\x80: b\r\n\r\n"), 18, 1, BAD_NAME},
    {BYTES("HTTP/1.1 200 OK\r\nA(b): c\r\n\r\n"), 18, 1, BAD_NAME},
    {BYTES("HTTP/1.1 200 OK\r\nA: b\nC: d\r\n\r\n"), 21, 1, CONTROL},
    {BYTES("HTTP/1.1 200 OK\r\nA:\nC: d\r\n\r\n"), 19, 1, CONTROL},
    {BYTES("HTTP/1.1 200 OK\r\nA: \0\r\n\r\n"), 20, 1, CONTROL},
    {BYTES("HTTP/1.1 200 OK\r\nA: \x0b\r\n\r\n"), 20, 1, CONTROL},
    {BYTES("HTTP/1.1 200 OK\r\nA: \x7f\r\n\r\n"), 20, 1, CONTROL},
    {BYTES("HTTP/1.1 200 OK\r\nA: b\rC: d\r\n\r\n"), 22, 1, BARE_CR},
    {BYTES("HTTP/1.1 200 OK\r\nA: b\r\r\n\r\n"), 22, 1, BARE_CR},
    {BYTES("HTTP/1.1 200 OK\r\nA: b\r\n\r\r\n"), 24, 1, BARE_CR},
    {BYTES("HTTP/1.1 200 OK\r\nA: b\r\n\rX"), 24, 1, BARE_CR},
};

static const struct section trailers[] = {
    {BYTES("\r\n"), 2, 0, NULL},
    {BYTES("A: b\r\n\r\n"), 8, 1, NULL},
    {BYTES("A: b\r\nC:\r\n\r\n5"), 12, 2, NULL},
    {BYTES("\r"), 1, 0, NULL},
    {BYTES("A: b\r\n"), 6, 1, NULL},
    {BYTES("\n"), 0, 0, NO_NAME},
    {BYTES("\r\r\n"), 1, 0, BARE_CR},
    {BYTES(" A: b\r\n\r\n"), 0, 0, FOLDED},
    {BYTES("A: b\r\n\tc\r\n\r\n"), 6, 1, FOLDED},
    {BYTES(": b\r\n\r\n"), 0, 0, NO_NAME},
    {BYTES("A : b\r\n\r\n"), 1, 1, BAD_NAME},
    {BYTES("A: b\n\r\n"), 4, 1, CONTROL},
    {BYTES("HTTP/1.1 200 OK\r\n\r\n"), 4, 1, BAD_NAME},
};

typedef void begin_section(struct http_lines *lines);

static void assert_read(const struct http_lines *lines, const struct section *expected,
                        size_t right, size_t cut)
{
    bool ended = right >= 2 && memcmp(expected->bytes + right - 2, "\r\n", 2) == 0 &&
                 (right == 2 || expected->bytes[right - 3] == '\n') && expected->refused == NULL;
    ck_assert_msg(right == expected->right, "%s: %zu right, cut at %zu", expected->bytes, right,
                  cut);
    ck_assert_uint_eq(lines->bytes, right);
    ck_assert_uint_eq(lines->fields, expected->fields);
    ck_assert_msg(lines->ended == ended, "%s, cut at %zu", expected->bytes, cut);
    if (expected->refused == NULL)
        ck_assert_msg(lines->refused == NULL, "%s: %s", expected->bytes, lines->refused);
    else
        ck_assert_str_eq(lines->refused, expected->refused);
}

/* In two pieces, the second only if the first has not ended or been refused. */
static void assert_section(begin_section *begin, const struct section *section)
{
    for (size_t cut = 0; cut <= section->length; cut++) {
        struct http_lines lines = {0};
        begin(&lines);
        size_t right = http_lines_read(&lines, section->bytes, cut);
        if (right == cut && !lines.ended && lines.refused == NULL)
            right += http_lines_read(&lines, section->bytes + cut, section->length - cut);
        assert_read(&lines, section, right, cut);
    }
}

START_TEST(header_is_read)
{
    assert_section(http_lines_begin_header, &headers[_i]);
}
END_TEST

START_TEST(trailer_is_read)
{
    assert_section(http_lines_begin_trailer, &trailers[_i]);
}
END_TEST

START_TEST(header_is_read_byte_by_byte)
{
    const struct section *section = &headers[_i];
    struct http_lines lines = {0};
    size_t right = 0;
    http_lines_begin_header(&lines);
    while (right < section->length && http_lines_read(&lines, section->bytes + right, 1) == 1)
        right++;
    assert_read(&lines, section, right, 1);
}
END_TEST

static size_t read_text(struct http_lines *lines, const char *text)
{
    return http_lines_read(lines, text, strlen(text));
}

START_TEST(counts_go_on_across_sections)
{
    struct http_lines lines = {0};
    http_lines_begin_header(&lines);
    ck_assert_uint_eq(read_text(&lines, "HTTP/1.1 103 E\r\nA: b\r\n\r\n"), 24);
    ck_assert(lines.ended);

    http_lines_begin_header(&lines);
    ck_assert(!lines.ended);
    ck_assert_uint_eq(read_text(&lines, "HTTP/1.1 200 OK\r\nA: b\r\nC: d\r\n\r\n"), 31);
    ck_assert(lines.ended);
    ck_assert_uint_eq(lines.fields, 3);
    ck_assert_uint_eq(lines.bytes, 55);

    http_lines_begin_trailer(&lines);
    ck_assert(!lines.ended);
    ck_assert_uint_eq(read_text(&lines, "E: f\r\n\r\n"), 8);
    ck_assert(lines.ended);
    ck_assert_uint_eq(lines.fields, 4);
    ck_assert_uint_eq(lines.bytes, 63);
}
END_TEST

START_TEST(nothing_is_read_behind_the_end)
{
    struct http_lines lines = {0};
    http_lines_begin_trailer(&lines);
    ck_assert_uint_eq(read_text(&lines, "\r\nA: b\r\n"), 2);
    ck_assert_uint_eq(read_text(&lines, "A: b\r\n"), 0);
    ck_assert_uint_eq(lines.bytes, 2);
    ck_assert_uint_eq(lines.fields, 0);
}
END_TEST

/* Each byte alone, as the first of a name, within a name, a value and a reason. */
static bool is_taken(begin_section *begin, const char *before, unsigned char byte)
{
    struct http_lines lines = {0};
    char c = (char)byte;
    begin(&lines);
    ck_assert_uint_eq(read_text(&lines, before), strlen(before));
    return http_lines_read(&lines, &c, 1) == 1;
}

START_TEST(every_byte_has_its_place)
{
    static const char marks[] = "!#$%&'*+-.^_`|~";
    unsigned char c = (unsigned char)_i;
    bool token = (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
                 (c != 0 && strchr(marks, c) != NULL);
    bool text = c == '\t' || c == '\r' || (c >= ' ' && c != 0x7f);
    ck_assert(is_taken(http_lines_begin_trailer, "", c) == (token || c == '\r'));
    ck_assert(is_taken(http_lines_begin_trailer, "A", c) == (token || c == ':'));
    ck_assert(is_taken(http_lines_begin_trailer, "A: b", c) == text);
    ck_assert(is_taken(http_lines_begin_header, "HTTP/1.1 200 ", c) == text);
    ck_assert(is_taken(http_lines_begin_header, "HTTP/1.1 200\r", c) == (c == '\n'));
    ck_assert(is_taken(http_lines_begin_header, "HTTP/1.1 2", c) == (c >= '0' && c <= '9'));
}
END_TEST

static Suite *suite(void)
{
    Suite *s = suite_create("http_lines");
    TCase *tcase = tcase_create("http_lines");
    tcase_add_loop_test(tcase, header_is_read, 0, sizeof headers / sizeof headers[0]);
    tcase_add_loop_test(tcase, header_is_read_byte_by_byte, 0, sizeof headers / sizeof headers[0]);
    tcase_add_loop_test(tcase, trailer_is_read, 0, sizeof trailers / sizeof trailers[0]);
    tcase_add_loop_test(tcase, every_byte_has_its_place, 0, 256);
    tcase_add_test(tcase, counts_go_on_across_sections);
    tcase_add_test(tcase, nothing_is_read_behind_the_end);
    suite_add_tcase(s, tcase);
    return s;
}

CHECK_MAIN(suite())
