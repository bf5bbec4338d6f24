#include "http/http_response.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/duration.h"

__attribute__((format(printf, 3, 4))) static void
fail(struct http_response *response, enum failure_reason reason, const char *format, ...)
{
    va_list args;
    if (response->failure.reason != FAILURE_NONE)
        return;
    va_start(args, format);
    vsnprintf(response->detail, sizeof response->detail, format, args);
    va_end(args);
    response->failure = (struct failure){.reason = reason, .detail = response->detail};
}

static bool failed(const struct http_response *response)
{
    return response->failure.reason != FAILURE_NONE;
}

static bool is_interim(const struct http_response *response)
{
    return response->parser.status_code / 100 == 1;
}

/* Keeps the beginning of a name or a value, which may come in pieces. */
static void keep(char *buffer, size_t size, uint8_t *length, const char *at, size_t n)
{
    size_t room = size - *length;
    memcpy(buffer + *length, at, n < room ? n : room);
    *length = (uint8_t)(*length + (n < room ? n : room));
}

static int on_field(llhttp_t *parser, const char *at, size_t length)
{
    struct http_response *response = parser->data;
    keep(response->name, sizeof response->name, &response->name_length, at, length);
    return 0;
}

static int on_value(llhttp_t *parser, const char *at, size_t length)
{
    struct http_response *response = parser->data;
    keep(response->value, sizeof response->value, &response->value_length, at, length);
    return 0;
}

static bool field_is(const struct http_response *response, const char *name)
{
    return response->name_length == strlen(name) &&
           strncasecmp(response->name, name, strlen(name)) == 0;
}

/* The field's value without the blanks behind it, which llhttp leaves there. */
static size_t trimmed(const struct http_response *response)
{
    size_t length = response->value_length;
    while (length > 0 &&
           (response->value[length - 1] == ' ' || response->value[length - 1] == '\t'))
        length--;
    return length;
}

/* RFC 9112 section 6.1: no other coding was asked for, and HTTP/1.0 has none. */
static void check_transfer_encoding(struct http_response *response)
{
    bool chunked = trimmed(response) == strlen("chunked") &&
                   response->value_length < sizeof response->value &&
                   strncasecmp(response->value, "chunked", strlen("chunked")) == 0;
    if (!chunked || response->coded || response->parser.http_minor == 0)
        fail(response, FAILURE_PROTOCOL,
             "its Transfer-Encoding is not \"chunked\", once, in HTTP/1.1");
    response->coded = true;
}

/* RFC 9110 section 10.2.3, the form in seconds. */
static void read_retry_after(struct http_response *response)
{
    int64_t value;
    size_t length = trimmed(response);
    if (memchr(response->value, '.', length) == NULL &&
        response->value_length < sizeof response->value &&
        duration_scan(response->value, length, SECOND, &value) == length && length > 0)
        response->retry_after = value;
}

static int on_value_complete(llhttp_t *parser)
{
    struct http_response *response = parser->data;
    if (field_is(response, "transfer-encoding"))
        check_transfer_encoding(response);
    else if (field_is(response, "retry-after"))
        read_retry_after(response);
    response->name_length = response->value_length = 0;
    return failed(response) ? -1 : 0;
}

static bool has_no_body(int status)
{
    return status / 100 == 1 || status == 204 || status == 304;
}

/* Returns 1 where the status rules a body out (RFC 9112 section 6.3), which 8.1
 * does not know of itself. */
static int on_headers_complete(llhttp_t *parser)
{
    struct http_response *response = parser->data;
    int status = parser->status_code;

    if (status < 100 || status > 599)
        fail(response, FAILURE_PROTOCOL, "its status %d is not from 100 to 599", status);
    else if (status == 101)
        fail(response, FAILURE_PROTOCOL,
             "it switches to another protocol, which was not asked for");
    else if (!has_no_body(status) && (parser->flags & F_CONTENT_LENGTH) &&
             parser->content_length > response->body_max)
        fail(response, FAILURE_TOO_LARGE, "its body has %llu bytes, and max-body is %zu",
             (unsigned long long)parser->content_length, response->body_max);
    if (failed(response))
        return -1;
    if (!is_interim(response))
        response->status = status;
    response->in_lines = false;
    response->until_close =
        !has_no_body(status) && !(parser->flags & (F_CONTENT_LENGTH | F_CHUNKED));
    return has_no_body(status);
}

static int on_body(llhttp_t *parser, const char *at, size_t length)
{
    struct http_response *response = parser->data;
    size_t need = response->body_length + length;

    if (need > response->body_max) {
        fail(response, FAILURE_TOO_LARGE, "its body is longer than max-body, %zu bytes",
             response->body_max);
        return -1;
    }
    if (need > response->body_capacity) {
        size_t capacity = need < 32 ? 32 : need * 2;
        char *body = realloc(response->body, capacity);
        if (body == NULL) {
            fail(response, FAILURE_CLOSED, "memory is short for its body");
            return -1;
        }
        response->body = body;
        response->body_capacity = capacity;
    }
    memcpy(response->body + response->body_length, at, length);
    response->body_length = need;
    return 0;
}

/* The last chunk: what follows are lines again, so stop before them. */
static int on_chunk_header(llhttp_t *parser)
{
    struct http_response *response = parser->data;
    if (parser->content_length != 0)
        return 0;
    response->in_lines = true;
    http_lines_begin_trailer(&response->lines);
    return HPE_PAUSED;
}

static int on_message_complete(llhttp_t *parser)
{
    struct http_response *response = parser->data;
    if (!is_interim(response)) {
        response->complete = true;
        response->keep_alive = !response->until_close && llhttp_should_keep_alive(parser);
    }
    return HPE_PAUSED;
}

static const llhttp_settings_t *callbacks(void)
{
    static llhttp_settings_t table;
    if (table.on_body == NULL) {
        llhttp_settings_init(&table);
        table.on_header_field = on_field;
        table.on_header_value = on_value;
        table.on_header_value_complete = on_value_complete;
        table.on_headers_complete = on_headers_complete;
        table.on_chunk_header = on_chunk_header;
        table.on_body = on_body;
        table.on_message_complete = on_message_complete;
    }
    return &table;
}

static void begin_message(struct http_response *response)
{
    llhttp_init(&response->parser, HTTP_RESPONSE, callbacks());
    response->parser.data = response;
    response->in_lines = true;
    http_lines_begin_header(&response->lines);
}

void http_response_init(struct http_response *response, size_t body_max)
{
    *response = (struct http_response){.body_max = body_max, .retry_after = -1};
    begin_message(response);
}

/* Lets llhttp read; returns how far it came. */
static size_t parse(struct http_response *response, const char *bytes, size_t length)
{
    enum llhttp_errno error = llhttp_execute(&response->parser, bytes, length);
    if (error == HPE_OK)
        return length;
    if (error != HPE_PAUSED || failed(response)) {
        fail(response, FAILURE_PROTOCOL, "it is malformed: %s",
             llhttp_get_error_reason(&response->parser));
        return 0;
    }
    size_t used = (size_t)(llhttp_get_error_pos(&response->parser) - bytes);
    llhttp_resume(&response->parser);
    return used;
}

static void check_header_limits(struct http_response *response)
{
    if (response->lines.bytes > HTTP_HEADER_MAX)
        fail(response, FAILURE_TOO_LARGE, "its header has more than %d bytes", HTTP_HEADER_MAX);
    else if (response->lines.fields > HTTP_FIELDS_MAX)
        fail(response, FAILURE_TOO_LARGE, "its header has more than %d fields", HTTP_FIELDS_MAX);
}

/* After the end of an interim response the next one begins. */
static void pass_over_interim(struct http_response *response)
{
    if (++response->interim > HTTP_INTERIM_MAX)
        fail(response, FAILURE_PROTOCOL, "it begins with more than %d interim responses",
             HTTP_INTERIM_MAX);
    begin_message(response);
}

static size_t feed_lines(struct http_response *response, const char *bytes, size_t length)
{
    struct http_lines *lines = &response->lines;
    /* One byte more than allowed may be read, so as to be found to be too many. */
    size_t room = HTTP_HEADER_MAX + 1 - lines->bytes;
    size_t right = http_lines_read(lines, bytes, length < room ? length : room);

    check_header_limits(response);
    if (lines->refused != NULL)
        fail(response, FAILURE_PROTOCOL, "%s", lines->refused);
    if (!failed(response) && parse(response, bytes, right) != right)
        fail(response, FAILURE_PROTOCOL, "its header is malformed");
    if (!lines->ended || failed(response))
        return right;
    if (is_interim(response))
        pass_over_interim(response);
    else if (response->in_lines && !response->complete)
        fail(response, FAILURE_PROTOCOL, "its header is malformed");
    return right;
}

/* Chunk sizes and extensions are bounded by what they frame. */
static size_t feed_body(struct http_response *response, const char *bytes, size_t length)
{
    size_t before = response->body_length;
    size_t used = parse(response, bytes, length);
    response->framing += used - (response->body_length - before);
    if (!failed(response) && response->framing > HTTP_HEADER_MAX + 8 * response->body_length)
        fail(response, FAILURE_TOO_LARGE, "its chunks are mostly framing");
    response->complete &= !failed(response);
    return used;
}

size_t http_response_feed(struct http_response *response, const char *bytes, size_t length)
{
    size_t at = 0;
    response->started |= length > 0;
    while (at < length && !response->complete && !failed(response)) {
        if (response->in_lines)
            at += feed_lines(response, bytes + at, length - at);
        else
            at += feed_body(response, bytes + at, length - at);
    }
    return at;
}

void http_response_end(struct http_response *response)
{
    if (response->complete || failed(response))
        return;
    if (response->until_close && !response->in_lines)
        response->complete = true;
    else if (!response->started)
        fail(response, FAILURE_CLOSED, "the server closed the connection without an answer");
    else
        fail(response, FAILURE_CLOSED, "the server closed the connection in the middle of its %s",
             response->in_lines ? "header" : "body");
}

void http_response_finish(struct http_response *response)
{
    free(response->body);
    response->body = NULL;
}
