#include "check_main.h"

#include <string.h>

#include "http/http_chunks.h"

#define BYTES(text) text, sizeof(text) - 1

#define SIZE      "the size of a chunk is not a hexadecimal number"
#define TOO_LARGE "the size of a chunk is too large a number"
#define EXTENSION "the extension of a chunk is malformed"
#define BARE_CR   "the line of a chunk's size ends in CR without LF"
#define OTHER     "a chunk is not as long as its size says"

/* `right` bytes are right, content among them. */
static const struct {
    const char *bytes;
    size_t length, right;
    const char *content, *refused;
} bodies[] = {
    {BYTES("0\r\n"), 3, "", NULL},
    {BYTES("0\r\nA: b\r\n"), 3, "", NULL},
    {BYTES("1\r\n5\r\n0\r\n"), 9, "5", NULL},
    {BYTES("1\r\n1\r\n02\r\n23\r\n000\r\n"), 19, "123", NULL},
    {BYTES("B\r\n0123456789a\r\nb\r\n0123456789A\r\n0\r\n"), 35, "0123456789a0123456789A", NULL},
    {BYTES("4\r\n\r\n\r\n\r\n0\r\n"), 12, "\r\n\r\n", NULL},
    {BYTES("1;a;b=c;d=\"e\\\"\t;\xff\"\r\n5\r\n0;f\r\n"), 28, "5", NULL},
    {BYTES("ffffffffffffffff\r\n5"), 19, "5", NULL},
    {BYTES(""), 0, "", NULL},
    {BYTES("2\r\n5"), 4, "5", NULL},
    {BYTES("\r\n"), 0, "", SIZE},
    {BYTES(";a\r\n"), 0, "", SIZE},
    {BYTES(" 1\r\n"), 0, "", SIZE},
    {BYTES("-1\r\n"), 0, "", SIZE},
    {BYTES("0x1\r\n"), 1, "", SIZE},
    {BYTES("1 \r\n"), 1, "", SIZE},
    {BYTES("1\n"), 1, "", SIZE},
    {BYTES("1\0\r\n"), 1, "", SIZE},
    {BYTES("10000000000000000\r\n"), 16, "", TOO_LARGE},
    {BYTES("1;\r\n"), 2, "", EXTENSION},
    {BYTES("1; a\r\n"), 2, "", EXTENSION},
    {BYTES("1;=a\r\n"), 2, "", EXTENSION},
    {BYTES("1;a b\r\n"), 3, "", EXTENSION},
    {BYTES("1;a\n"), 3, "", EXTENSION},
    {BYTES("1;a=\r\n"), 4, "", EXTENSION},
    {BYTES("1;a=b\"\r\n"), 5, "", EXTENSION},
    {BYTES("1;a=b=c\r\n"), 5, "", EXTENSION},
    {BYTES("1;a=\"b\r\n"), 6, "", EXTENSION},
    {BYTES("1;a=\"\\\n"), 6, "", EXTENSION},
    {BYTES("1;a=\"b\"c\r\n"), 7, "", EXTENSION},
    {BYTES("1\rX"), 2, "", BARE_CR},
    {BYTES("0\rX"), 2, "", BARE_CR},
    {BYTES("1\r\n5XY0\r\n"), 4, "5", OTHER},
    {BYTES("1\r\n5\n0\r\n"), 4, "5", OTHER},
    {BYTES("1\r\n5\rX0\r\n"), 5, "5", OTHER},
    {BYTES("1\r\n56\r\n0\r\n"), 4, "5", OTHER},
};

struct reading {
    struct http_chunks chunks;
    size_t right, content_length;
    char content[64];
};

static bool is_over(const struct reading *reading)
{
    return reading->chunks.ended || reading->chunks.refused != NULL;
}

static void read_piece(struct reading *reading, const char *bytes, size_t length)
{
    size_t at = 0;
    while (at < length && !is_over(reading)) {
        size_t framing = http_chunks_read(&reading->chunks, bytes + at, length - at), n = 0;
        at += framing;
        if (http_chunks_at_content(&reading->chunks)) {
            n = length - at < reading->chunks.size ? length - at : (size_t)reading->chunks.size;
            memcpy(reading->content + reading->content_length, bytes + at, n);
            http_chunks_skip(&reading->chunks, n);
        }
        at += n;
        reading->content_length += n;
    }
    reading->right += at;
}

START_TEST(body_is_read)
{
    for (size_t cut = 0; cut <= bodies[_i].length; cut++) {
        struct reading reading = {0};
        read_piece(&reading, bodies[_i].bytes, cut);
        read_piece(&reading, bodies[_i].bytes + cut, bodies[_i].length - cut);
        ck_assert_uint_eq(reading.right, bodies[_i].right);
        ck_assert_str_eq(reading.content, bodies[_i].content);
        ck_assert_uint_eq(reading.chunks.framing, reading.right - reading.content_length);
        if (bodies[_i].refused == NULL)
            ck_assert_ptr_null(reading.chunks.refused);
        else
            ck_assert_str_eq(reading.chunks.refused, bodies[_i].refused);
    }
}
END_TEST

static Suite *suite(void)
{
    Suite *s = suite_create("http_chunks");
    TCase *tcase = tcase_create("http_chunks");
    tcase_add_loop_test(tcase, body_is_read, 0, sizeof bodies / sizeof bodies[0]);
    suite_add_tcase(s, tcase);
    return s;
}

CHECK_MAIN(suite())
