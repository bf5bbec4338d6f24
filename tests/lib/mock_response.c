#include "mock_response.h"

#include <stdlib.h>
#include <string.h>

static const size_t ENDLESS_TOTAL = 4 * 1024 * 1024;
static const size_t ENDLESS_PIECE = 16 * 1024;
static const unsigned long long ENDLESS_CONTENT_LENGTH = 1ULL << 40;

static const int64_t SECOND_NS = 1000000000;
static const int64_t LONGEST_PROMISE_S = 100LL * 366 * 86400;

/* The digits' value, or limit where it is larger; *text is moved behind them. */
static int64_t read_digits(const char **text, int64_t limit)
{
    int64_t value = 0;

    for (; **text >= '0' && **text <= '9'; ++*text)
        value = value >= limit ? limit : value * 10 + (**text - '0');
    return value < limit ? value : limit;
}

int64_t mock_promise_ns(const struct bytes *text)
{
    const char *at = bytes_text(text);
    const char *start = at;
    int64_t ns = read_digits(&at, LONGEST_PROMISE_S) * SECOND_NS;

    if (at == start)
        return -1;
    if (*at == '.') {
        start = ++at;
        for (int64_t unit = SECOND_NS / 10; *at >= '0' && *at <= '9'; at++, unit /= 10)
            ns += unit * (*at - '0');
        if (at == start)
            return -1;
    }
    return at == text->data + text->length ? ns : -1;
}

static const char *reason_phrase(int status)
{
    static const struct {
        int status;
        const char *phrase;
    } known[] = {
        {100, "Continue"},
        {101, "Switching Protocols"},
        {103, "Early Hints"},
        {200, "OK"},
        {201, "Created"},
        {202, "Accepted"},
        {204, "No Content"},
        {206, "Partial Content"},
        {301, "Moved Permanently"},
        {302, "Found"},
        {303, "See Other"},
        {304, "Not Modified"},
        {307, "Temporary Redirect"},
        {308, "Permanent Redirect"},
        {400, "Bad Request"},
        {401, "Unauthorized"},
        {403, "Forbidden"},
        {404, "Not Found"},
        {410, "Gone"},
        {429, "Too Many Requests"},
        {500, "Internal Server Error"},
        {502, "Bad Gateway"},
        {503, "Service Unavailable"},
        {504, "Gateway Timeout"},
    };

    for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++) {
        if (known[i].status == status)
            return known[i].phrase;
    }
    return "Unknown";
}

static bool is_bodiless(int status)
{
    return status < 200 || status == 204 || status == 304;
}

static void append_framing(struct bytes *out, enum mock_framing framing, unsigned long long length)
{
    switch (framing) {
    case MOCK_LENGTH: bytes_print(out, "Content-Length: %llu\r\n", length); break;
    case MOCK_CHUNKED: bytes_print(out, "Transfer-Encoding: chunked\r\n"); break;
    case MOCK_UNTIL_CLOSE: break;
    }
}

static bool says_close(const struct mock_behaviour *behaviour, const struct mock_question *question)
{
    return behaviour->connection_close || behaviour->framing == MOCK_UNTIL_CLOSE ||
           !question->keep_alive;
}

static void append_field(struct bytes *out, const char *name, const struct bytes *value,
                         unsigned pad)
{
    bytes_print(out, "%s: ", name);
    bytes_append(out, value->data, value->length);
    bytes_append_byte(out, 'x', pad);
    bytes_print(out, "\r\n");
}

/* The status line and the fields, without the empty line that ends them. */
static void append_fields(struct mock_response *response, const struct mock_behaviour *behaviour,
                          const struct mock_question *question, unsigned long long content_length)
{
    struct bytes *out = &response->bytes;
    const struct bytes *location = bytes_list_at(&behaviour->locations, question->index);

    bytes_print(out, "HTTP/1.1 %d %s\r\n", response->status, reason_phrase(response->status));
    if (!is_bodiless(response->status)) {
        bytes_print(out, "Content-Type: text/plain\r\n");
        append_framing(out, behaviour->framing, content_length);
    }
    if (says_close(behaviour, question))
        bytes_print(out, "Connection: close\r\n");
    if (behaviour->retry_after.data != NULL)
        append_field(out, "Retry-After", &behaviour->retry_after, 0);
    if (location != NULL)
        append_field(out, "Location", location, behaviour->location_pad);
    for (size_t i = 0; i < behaviour->headers.count; i++) {
        bytes_append(out, behaviour->headers.items[i].data, behaviour->headers.items[i].length);
        bytes_print(out, "\r\n");
    }
}

static void append_chunk(struct bytes *out, const char *data, size_t length)
{
    bytes_print(out, "%zx\r\n", length);
    bytes_append(out, data, length);
    bytes_print(out, "\r\n");
}

static void append_body(struct bytes *out, enum mock_framing framing, const struct bytes *body)
{
    size_t half = body->length / 2;

    if (framing != MOCK_CHUNKED) {
        bytes_append(out, body->data, body->length);
        return;
    }
    if (half > 0)
        append_chunk(out, body->data, half);
    append_chunk(out, body->data + half, body->length - half);
    bytes_print(out, "0\r\n\r\n");
}

/* What the body is, and what it promises. */
static void make_body(struct bytes *body, int64_t *promised_ns,
                      const struct mock_behaviour *behaviour, size_t index)
{
    static const struct bytes usual = {"1", 1, 0};
    const struct bytes *delay = bytes_list_at(&behaviour->delays, index);

    if (delay == NULL)
        delay = &usual;
    bytes_append_byte(body, ' ', behaviour->pad);
    bytes_append(body, delay->data, delay->length);
    bytes_append_byte(body, '\n', 1);
    *promised_ns = mock_promise_ns(delay);
}

/* All of the generate functions return the length of the header section. */
static size_t generate_response(struct mock_response *response,
                                const struct mock_behaviour *behaviour,
                                const struct mock_question *question)
{
    struct bytes body = {0};
    int64_t promised_ns;
    size_t header_length;

    make_body(&body, &promised_ns, behaviour, question->index);
    append_fields(response, behaviour, question, body.length);
    bytes_print(&response->bytes, "\r\n");
    header_length = response->bytes.length;
    if (!is_bodiless(response->status) && !question->head) {
        append_body(&response->bytes, behaviour->framing, &body);
        if (response->status >= 200 && response->status <= 299)
            response->promised_ns = promised_ns;
    }
    bytes_finish(&body);
    return header_length;
}

static size_t generate_garbage(struct mock_response *response)
{
    unsigned state = 0x2545f491;

    response->status = 0;
    for (int i = 0; i < 256; i++) {
        bytes_append_byte(&response->bytes, (char)(state >> 24 | 0x80), 1);
        state = state * 1664525 + 1013904223;
    }
    return response->bytes.length;
}

static size_t generate_raw(struct mock_response *response, const struct bytes *raw)
{
    const char *end = memmem(raw->data, raw->length, "\r\n\r\n", 4);

    response->status = 0;
    bytes_append(&response->bytes, raw->data, raw->length);
    return end == NULL ? raw->length : (size_t)(end - raw->data) + 4;
}

static void repeat(struct bytes *piece, const char *unit, size_t length)
{
    while (piece->length < ENDLESS_PIECE)
        bytes_append(piece, unit, length);
}

static void fill_endless(struct bytes *piece, const struct mock_behaviour *behaviour)
{
    static const char field[] = "X-Endless: and one more header field of many\r\n";
    static const char interim[] = "HTTP/1.1 103 Early Hints\r\n\r\n";
    static const char chunk[] = "10\r\n1111111111111111\r\n";

    switch (behaviour->endless) {
    case MOCK_FINITE: break;
    case MOCK_ENDLESS_HEADER:
    case MOCK_ENDLESS_TRAILER: repeat(piece, field, strlen(field)); break;
    case MOCK_ENDLESS_INTERIM: repeat(piece, interim, strlen(interim)); break;
    case MOCK_ENDLESS_CHUNK_EXTENSION: repeat(piece, "x", 1); break;
    case MOCK_ENDLESS_BODY:
        if (behaviour->framing == MOCK_CHUNKED)
            repeat(piece, chunk, strlen(chunk));
        else
            repeat(piece, "1", 1);
        break;
    }
}

static size_t generate_endless(struct mock_response *response,
                               const struct mock_behaviour *behaviour,
                               const struct mock_question *question)
{
    struct mock_behaviour framed = *behaviour;
    size_t header_length;

    fill_endless(&response->endless, behaviour);
    if (behaviour->endless == MOCK_ENDLESS_INTERIM)
        return 0;
    if (behaviour->endless == MOCK_ENDLESS_CHUNK_EXTENSION ||
        behaviour->endless == MOCK_ENDLESS_TRAILER)
        framed.framing = MOCK_CHUNKED;
    append_fields(response, &framed, question, ENDLESS_CONTENT_LENGTH);
    if (behaviour->endless == MOCK_ENDLESS_HEADER)
        return response->bytes.length;
    bytes_print(&response->bytes, "\r\n");
    header_length = response->bytes.length;
    if (behaviour->endless == MOCK_ENDLESS_CHUNK_EXTENSION)
        bytes_print(&response->bytes, "1;");
    if (behaviour->endless == MOCK_ENDLESS_TRAILER)
        bytes_print(&response->bytes, "1\r\n1\r\n0\r\n");
    return header_length;
}

static size_t generate(struct mock_response *response, const struct mock_behaviour *behaviour,
                       const struct mock_question *question)
{
    if (behaviour->garbage)
        return generate_garbage(response);
    if (behaviour->raw.data != NULL)
        return generate_raw(response, &behaviour->raw);
    if (behaviour->endless != MOCK_FINITE)
        return generate_endless(response, behaviour, question);
    return generate_response(response, behaviour, question);
}

/* Shortens the answer where the behaviour breaks off within it. */
static void break_off(struct mock_response *response, enum mock_stage stage, size_t header_length)
{
    size_t kept = 0;

    switch (stage) {
    case MOCK_NEVER:
    case MOCK_AT_AFTER:
    case MOCK_AT_IDLE: return;
    case MOCK_AT_REQUEST: break;
    case MOCK_AT_HEADER: kept = header_length / 2; break;
    case MOCK_AT_BODY: kept = header_length + (response->answer_length - header_length) / 2; break;
    }
    bytes_truncate(&response->bytes, kept);
    bytes_finish(&response->endless);
    response->answer_length = kept;
    response->promised_ns = -1;
}

/* Not both lists have items. */
static enum mock_stage stage_of(const struct mock_behaviour *behaviour, size_t index)
{
    return mock_stage_at(behaviour->resets.count > 0 ? &behaviour->resets : &behaviour->closes,
                         index);
}

static void decide_ending(struct mock_response *response, const struct mock_behaviour *behaviour,
                          const struct mock_question *question)
{
    enum mock_stage stage = stage_of(behaviour, question->index);
    enum mock_ending asked = behaviour->resets.count > 0 ? MOCK_RESET : MOCK_CLOSE;

    if (stage == MOCK_AT_IDLE)
        response->idle_ending = asked;
    else if (stage != MOCK_NEVER)
        response->ending = asked;
    else if (behaviour->endless != MOCK_FINITE)
        response->ending = MOCK_CLOSE;
    else if (response->status != 0 && says_close(behaviour, question))
        response->ending = MOCK_CLOSE;
}

void mock_response_init(struct mock_response *response, const struct mock_behaviour *behaviour,
                        const struct mock_question *question)
{
    const struct bytes *status = bytes_list_at(&behaviour->statuses, question->index);
    const struct bytes *promise = bytes_list_at(&behaviour->promises, question->index);
    size_t header_length;

    *response = (struct mock_response){
        .status = status == NULL ? 200 : atoi(status->data),
        .promised_ns = -1,
    };
    header_length = generate(response, behaviour, question);
    if (promise != NULL)
        response->promised_ns = mock_promise_ns(promise);
    response->answer_length = response->bytes.length;
    if (behaviour->extra.data != NULL)
        bytes_append(&response->bytes, behaviour->extra.data, behaviour->extra.length);
    break_off(response, stage_of(behaviour, question->index), header_length);
    response->total = response->endless.length > 0 ? ENDLESS_TOTAL : response->bytes.length;
    if (response->endless.length > 0)
        response->answer_length = ENDLESS_TOTAL;
    decide_ending(response, behaviour, question);
}

void mock_response_init_refusal(struct mock_response *response, const char *complaint)
{
    *response = (struct mock_response){.status = 400, .promised_ns = -1, .ending = MOCK_CLOSE};
    bytes_print(&response->bytes,
                "HTTP/1.1 400 Bad Request\r\nContent-Type: text/plain\r\n"
                "Content-Length: %zu\r\nConnection: close\r\n\r\n%s\n",
                strlen(complaint) + 1, complaint);
    response->answer_length = response->total = response->bytes.length;
}

void mock_response_finish(struct mock_response *response)
{
    bytes_finish(&response->bytes);
    bytes_finish(&response->endless);
}
