/* Any bytes for a response, whole and in pieces: the result has to be the same,
 * no byte behind the end may be taken, and a failure is told in printable words.
 *
 * The first byte of the input chooses the pieces, the rest is what the server
 * sends before it closes. */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

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

static void read_all(struct reading *reading, uint8_t choice, const uint8_t *bytes, size_t length)
{
    http_response_init(&reading->response, BODY_MAX);
    reading->taken = 0;
    for (size_t at = 0, piece = 0; at < length && !is_over(reading); at += piece) {
        piece = next_piece(choice, piece, length - at);
        deliver(reading, bytes + at, piece);
    }
    http_response_end(&reading->response);
}

static void check_result(const struct http_response *response)
{
    REQUIRE(response->complete != (response->failure.reason != FAILURE_NONE));
    if (response->complete) {
        REQUIRE(response->status >= 200 && response->status <= 599);
        REQUIRE(response->body_length <= BODY_MAX);
        REQUIRE((response->body != NULL) == (response->body_length > 0));
        REQUIRE(response->retry_after >= -1);
    } else {
        REQUIRE(response->failure.detail[0] != '\0');
        for (const char *at = response->failure.detail; *at != '\0'; at++)
            REQUIRE(*at >= ' ' && *at <= '~');
    }
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
    REQUIRE(a->retry_after == b->retry_after);
    REQUIRE(a->body_length == b->body_length);
    REQUIRE(a->body_length == 0 || memcmp(a->body, b->body, a->body_length) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct reading whole, cut;
    if (size == 0)
        return 0;
    read_all(&whole, 0, data + 1, size - 1);
    read_all(&cut, data[0], data + 1, size - 1);
    check_result(&whole.response);
    check_result(&cut.response);
    check_same(&whole, &cut);
    http_response_finish(&whole.response);
    http_response_finish(&cut.response);
    return 0;
}
