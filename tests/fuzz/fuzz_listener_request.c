/* Any bytes for a request, whole and in pieces: the result has to be the same, no byte behind
 * the end may be taken, and what it asks for has to be clean.
 *
 * The first byte of the input chooses the pieces, the second whether any Host is taken, and the
 * rest is what the client sends. */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "report/listener_request.h"
#include "report/listener_response.h"

#define REQUIRE(condition)                                                                         \
    do {                                                                                           \
        if (!(condition)) {                                                                        \
            fprintf(stderr, "%s:%d: %s\n", __FILE__, __LINE__, #condition);                        \
            abort();                                                                               \
        }                                                                                          \
    } while (0)

struct reading {
    struct listener_request request;
    size_t taken;
};

static bool is_over(const struct reading *reading)
{
    return reading->request.complete || reading->request.refused != 0;
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
    size_t taken = listener_request_feed(&reading->request, piece, length);
    free(piece);
    REQUIRE(taken <= length);
    REQUIRE(taken == length || is_over(reading));
    reading->taken += taken;
}

static void read_all(struct reading *reading, bool any_host, uint8_t choice, const uint8_t *bytes,
                     size_t length)
{
    listener_request_init(&reading->request, any_host);
    reading->taken = 0;
    for (size_t at = 0, piece = 0; at < length && !is_over(reading); at += piece) {
        piece = next_piece(choice, piece, length - at);
        deliver(reading, bytes + at, piece);
    }
}

/* No server's name, and nothing that leaves a folder, can be made of it by surprise. */
static void check_path(const char *path)
{
    REQUIRE(path[0] == '/');
    REQUIRE(strlen(path) < LISTENER_LINE_MAX);
    for (const char *at = path; *at != '\0'; at++)
        REQUIRE((unsigned char)*at >= ' ' && *at != 0x7f);
    REQUIRE(strstr(path, "/../") == NULL && strstr(path, "/./") == NULL);
    REQUIRE(strlen(path) < 3 || strcmp(path + strlen(path) - 3, "/..") != 0);
}

static void check_result(const struct reading *reading)
{
    const struct listener_request *request = &reading->request;
    REQUIRE(!request->complete || request->refused == 0);
    REQUIRE(reading->taken <= LISTENER_HEADER_MAX + 2);
    if (request->complete) {
        check_path(request->path);
        REQUIRE(request->query == NULL || strlen(request->query) < LISTENER_LINE_MAX);
        if (request->if_none_match.state == HTTP_FIELD_PRESENT)
            listener_etag_matches(request->if_none_match.value, "\"a\"");
    } else if (request->refused != 0) {
        REQUIRE(request->refused >= 400 && request->refused <= 505);
        REQUIRE(request->why != NULL && request->why[0] != '\0');
        REQUIRE(!request->keep_alive);
    }
}

static void check_same(const struct reading *whole, const struct reading *cut)
{
    const struct listener_request *a = &whole->request, *b = &cut->request;

    REQUIRE(a->complete == b->complete);
    REQUIRE(a->refused == b->refused);
    REQUIRE(a->head == b->head);
    if (a->refused != 0)
        REQUIRE(strcmp(a->why, b->why) == 0);
    if (!a->complete)
        return;
    REQUIRE(whole->taken == cut->taken);
    REQUIRE(a->keep_alive == b->keep_alive && a->is_1_0 == b->is_1_0);
    REQUIRE(strcmp(a->path, b->path) == 0);
    REQUIRE((a->query == NULL) == (b->query == NULL));
    REQUIRE(a->query == NULL || strcmp(a->query, b->query) == 0);
    REQUIRE(a->if_none_match.state == b->if_none_match.state);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct reading whole, cut;
    if (size < 2)
        return 0;
    read_all(&whole, data[1] & 1, 0, data + 2, size - 2);
    read_all(&cut, data[1] & 1, data[0], data + 2, size - 2);
    check_result(&whole);
    check_result(&cut);
    check_same(&whole, &cut);
    return 0;
}
