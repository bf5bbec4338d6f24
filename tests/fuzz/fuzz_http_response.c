/* Any bytes for a response, whole and in pieces: the result has to be the same,
 * no byte behind the end may be taken, and a failure is told in printable words.
 *
 * The first byte of the input chooses the pieces, the second what is expected, and
 * the rest is what the server sends before it closes. */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "config/url.h"
#include "http/http_response.h"

enum { BODY_MAX = 64 };

#define REQUIRE(condition)                                                                         \
    do {                                                                                           \
        if (!(condition)) {                                                                        \
            fprintf(stderr, "%s:%d: %s\n", __FILE__, __LINE__, #condition);                        \
            abort();                                                                               \
        }                                                                                          \
    } while (0)

struct reading {
    struct http_response response;
    size_t taken;
};

/* Whether it was a HEAD, and which field is wanted. */
static struct http_expected expected_by(uint8_t choice)
{
    static const char *const fields[] = {"X-Next", "Location", "Content-Length"};
    return (struct http_expected){
        .body_max = BODY_MAX, .head = choice & 1, .fields = fields, .field_count = choice >> 1 & 3};
}

static bool is_over(const struct reading *reading)
{
    return reading->response.complete || reading->response.failure.reason != FAILURE_NONE;
}

/* The length of the next piece: all, one size again and again, or 1, 2, 3, ... */
static size_t next_piece(uint8_t choice, size_t before, size_t left)
{
    size_t piece = choice == 0 ? left : choice < 128 ? choice : before + 1;
    return piece < left ? piece : left;
}

/* A piece is copied, so that a byte read behind it is found out. */
static void deliver(struct reading *reading, const uint8_t *bytes, size_t length)
{
    char *piece = malloc(length);
    REQUIRE(piece != NULL);
    memcpy(piece, bytes, length);
    size_t taken = http_response_feed(&reading->response, piece, length);
    free(piece);
    REQUIRE(taken <= length);
    REQUIRE(taken == length || is_over(reading));
    reading->taken += taken;
}

static void read_all(struct reading *reading, const struct http_expected *expected, uint8_t choice,
                     const uint8_t *bytes, size_t length)
{
    http_response_init(&reading->response, expected);
    reading->taken = 0;
    for (size_t at = 0, piece = 0; at < length && !is_over(reading); at += piece) {
        piece = next_piece(choice, piece, length - at);
        deliver(reading, bytes + at, piece);
    }
    http_response_end(&reading->response);
}

/* Texts are ended, and no longer than they are said to be. */
static void check_fields(const struct http_response *response)
{
    REQUIRE(memchr(response->content_coding, '\0', sizeof response->content_coding) != NULL);
    for (size_t i = 0; i < HTTP_WANTED_MAX; i++) {
        const struct http_field *field = &response->fields[i];
        REQUIRE(field->state == HTTP_FIELD_ABSENT || i < response->expected.field_count);
        if (field->state == HTTP_FIELD_PRESENT)
            REQUIRE(memchr(field->value, '\0', sizeof field->value) != NULL);
    }
    if (response->location != NULL) {
        REQUIRE(response->status / 100 == 3);
        REQUIRE(strnlen(response->location, URL_MAX + 1) <= URL_MAX);
    }
}

static void check_result(const struct http_response *response)
{
    REQUIRE(response->complete != (response->failure.reason != FAILURE_NONE));
    if (response->complete) {
        REQUIRE(response->status >= 200 && response->status <= 599);
        REQUIRE(response->body_length <=
                (response->status / 100 == 2 ? (size_t)BODY_MAX : HTTP_OTHER_BODY_MAX));
        REQUIRE((response->body != NULL) == (response->body_length > 0));
        REQUIRE(!response->expected.head || response->body_length == 0);
        check_fields(response);
    } else {
        REQUIRE(response->failure.detail[0] != '\0');
        for (const char *at = response->failure.detail; *at != '\0'; at++)
            REQUIRE(*at >= ' ' && *at <= '~');
    }
}

static void check_same_field(const struct http_field *a, const struct http_field *b)
{
    REQUIRE(a->state == b->state);
    if (a->state == HTTP_FIELD_PRESENT)
        REQUIRE(strcmp(a->value, b->value) == 0);
}

static void check_same_fields(const struct http_response *a, const struct http_response *b)
{
    REQUIRE(strcmp(a->content_coding, b->content_coding) == 0);
    check_same_field(&a->date, &b->date);
    check_same_field(&a->retry_after, &b->retry_after);
    for (size_t i = 0; i < HTTP_WANTED_MAX; i++)
        check_same_field(&a->fields[i], &b->fields[i]);
    REQUIRE((a->location != NULL) == (b->location != NULL));
    if (a->location != NULL)
        REQUIRE(strcmp(a->location, b->location) == 0);
}

static void check_same(const struct reading *whole, const struct reading *cut)
{
    const struct http_response *a = &whole->response, *b = &cut->response;

    REQUIRE(a->complete == b->complete);
    REQUIRE(a->failure.reason == b->failure.reason);
    if (!a->complete) {
        REQUIRE(strcmp(a->failure.detail, b->failure.detail) == 0);
        return;
    }
    REQUIRE(whole->taken == cut->taken);
    REQUIRE(a->status == b->status);
    REQUIRE(a->keep_alive == b->keep_alive);
    REQUIRE(a->body_length == b->body_length);
    REQUIRE(a->body_length == 0 || memcmp(a->body, b->body, a->body_length) == 0);
    check_same_fields(a, b);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct reading whole, cut;
    if (size < 2)
        return 0;
    const struct http_expected expected = expected_by(data[1]);
    read_all(&whole, &expected, 0, data + 2, size - 2);
    read_all(&cut, &expected, data[0], data + 2, size - 2);
    check_result(&whole.response);
    check_result(&cut.response);
    check_same(&whole, &cut);
    http_response_finish(&whole.response);
    http_response_finish(&cut.response);
    return 0;
}
