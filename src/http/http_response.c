#include "http/http_response.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "config/url.h"

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

static void begin_line(struct http_response *response)
{
    http_field_line_begin(&response->line, response->expected.fields,
                          response->expected.field_count);
    response->in_location = false;
}

static int on_field(llhttp_t *parser, const char *at, size_t length)
{
    struct http_response *response = parser->data;
    http_field_line_add_name(&response->line, at, length);
    return 0;
}

static void begin_location(struct http_response *response)
{
    if (response->location != NULL) {
        fail(response, FAILURE_PROTOCOL, "it has more than one Location");
        return;
    }
    response->location = malloc(URL_MAX + 1);
    if (response->location == NULL)
        fail(response, FAILURE_CLOSED, "memory is short for its Location");
    response->in_location = true;
}

/* Blanks behind a Location may be any number, and are none of it. */
static void add_location(struct http_response *response, size_t start, const char *at,
                         size_t length)
{
    if (response->line.value_length > URL_MAX)
        fail(response, FAILURE_TOO_LARGE, "its Location is longer than %d bytes", URL_MAX);
    else if (start < URL_MAX)
        memcpy(response->location + start, at, length < URL_MAX - start ? length : URL_MAX - start);
}

static int on_value(llhttp_t *parser, const char *at, size_t length)
{
    struct http_response *response = parser->data;
    size_t start = response->line.value_read;
    http_field_line_add_value(&response->line, at, length);
    if (response->in_location)
        add_location(response, start, at, length);
    return failed(response) ? -1 : 0;
}

#define CODING "its Transfer-Encoding is not \"chunked\", once, in HTTP/1.1"

/* RFC 9112 section 6.1: no other coding was asked for, and HTTP/1.0 has none. */
static void check_transfer_encoding(struct http_response *response)
{
    if (!http_field_line_says(&response->line, "chunked") || response->coded ||
        response->parser.http_minor == 0)
        fail(response, FAILURE_PROTOCOL, CODING);
    response->coded = true;
}

/* RFC 9110 section 8.4. The first coding says enough. */
static void read_content_coding(struct http_response *response)
{
    const struct http_field_line *line = &response->line;
    char *coding = response->content_coding;
    size_t most = sizeof response->content_coding - 1;
    size_t length = line->value_length < most ? line->value_length : most;
    if (*coding != '\0' || http_field_line_says(line, "identity"))
        return;
    memcpy(coding, line->value, length);
    coding[length] = '\0';
}

/* Versions of llhttp find this at different places: be the first. */
static int on_field_complete(llhttp_t *parser)
{
    struct http_response *response = parser->data;
    if ((response->coded && http_field_line_is(&response->line, "content-length")) ||
        ((parser->flags & F_CONTENT_LENGTH) &&
         http_field_line_is(&response->line, "transfer-encoding")))
        fail(response, FAILURE_PROTOCOL, "it has both Transfer-Encoding and Content-Length");
    else if (http_is_redirect(parser->status_code) &&
             http_field_line_is(&response->line, "location"))
        begin_location(response);
    return failed(response) ? -1 : 0;
}

static int on_value_complete(llhttp_t *parser)
{
    struct http_response *response = parser->data;
    if (http_field_line_is(&response->line, "transfer-encoding"))
        check_transfer_encoding(response);
    else if (http_field_line_is(&response->line, "retry-after"))
        http_field_set(&response->retry_after, &response->line);
    else if (http_field_line_is(&response->line, "date"))
        http_field_set(&response->date, &response->line);
    else if (http_field_line_is(&response->line, "content-encoding"))
        read_content_coding(response);
    else if (response->in_location)
        response->location[response->line.value_length] = '\0';
    http_field_take(response->fields, &response->line);
    begin_line(response);
    return failed(response) ? -1 : 0;
}

static bool has_no_body(const struct http_response *response)
{
    int status = response->parser.status_code;
    return response->expected.head || status / 100 == 1 || status == 204 || status == 304;
}

/* max-body is for the body that is wanted. The page that comes with an error or a redirect
 * is not, and must not hide the status. */
static bool is_wanted(const struct http_response *response)
{
    return response->parser.status_code / 100 == 2;
}

static size_t body_max(const struct http_response *response)
{
    size_t most = response->expected.body_max;
    return is_wanted(response) || most > HTTP_OTHER_BODY_MAX ? most : HTTP_OTHER_BODY_MAX;
}

static void check_body_length(struct http_response *response, uint64_t length)
{
    size_t most = body_max(response);
    if (length > most)
        fail(response, FAILURE_TOO_LARGE, "its body is longer than %zu bytes%s", most,
             is_wanted(response) ? " (max-body)" : "");
}

static void check_header(struct http_response *response)
{
    const llhttp_t *parser = &response->parser;
    int status = parser->status_code;

    if (status < 100 || status > 599)
        fail(response, FAILURE_PROTOCOL, "its status %d is not from 100 to 599", status);
    else if (response->coded && !(parser->flags & F_CHUNKED))
        fail(response, FAILURE_PROTOCOL, CODING);
    else if (status == 101)
        fail(response, FAILURE_PROTOCOL,
             "it switches to another protocol, which was not asked for");
    else if (!has_no_body(response) && (parser->flags & F_CONTENT_LENGTH))
        check_body_length(response, parser->content_length);
}

/* RFC 9112 section 9.3. llhttp would take the response to a HEAD for one that ends
 * with the connection. */
static bool persists(const llhttp_t *parser)
{
    if (parser->flags & F_CONNECTION_CLOSE)
        return false;
    return parser->http_minor > 0 || (parser->flags & F_CONNECTION_KEEP_ALIVE);
}

/* Returns 1 where llhttp has no body to read: request or status rule one out (RFC
 * 9112 section 6.3), which 8.1 does not know of itself, or it is in chunks. */
static int on_headers_complete(llhttp_t *parser)
{
    struct http_response *response = parser->data;
    bool no_body = has_no_body(response);

    check_header(response);
    if (failed(response))
        return -1;
    if (!is_interim(response))
        response->status = parser->status_code;
    response->in_lines = false;
    response->chunked = !no_body && response->coded;
    response->until_close = !no_body && !response->coded && !(parser->flags & F_CONTENT_LENGTH);
    response->keep_alive = !response->until_close && persists(parser);
    return no_body || response->chunked;
}

static void add_content(struct http_response *response, const char *at, size_t length)
{
    size_t need = response->body_length + length;

    check_body_length(response, need);
    if (failed(response))
        return;
    if (need > response->body_capacity) {
        size_t capacity = need < 32 ? 32 : need * 2;
        char *body = realloc(response->body, capacity);
        if (body == NULL) {
            fail(response, FAILURE_CLOSED, "memory is short for its body");
            return;
        }
        response->body = body;
        response->body_capacity = capacity;
    }
    memcpy(response->body + response->body_length, at, length);
    response->body_length = need;
}

static int on_body(llhttp_t *parser, const char *at, size_t length)
{
    struct http_response *response = parser->data;
    add_content(response, at, length);
    return failed(response) ? -1 : 0;
}

static int on_message_complete(llhttp_t *parser)
{
    struct http_response *response = parser->data;
    response->complete = !is_interim(response) && !response->chunked;
    return HPE_PAUSED;
}

static const llhttp_settings_t *callbacks(void)
{
    static llhttp_settings_t table;
    if (table.on_body == NULL) {
        llhttp_settings_init(&table);
        table.on_header_field = on_field;
        table.on_header_field_complete = on_field_complete;
        table.on_header_value = on_value;
        table.on_header_value_complete = on_value_complete;
        table.on_headers_complete = on_headers_complete;
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
    response->coded = false;
    response->date.state = response->retry_after.state = HTTP_FIELD_ABSENT;
    response->content_coding[0] = '\0';
    for (size_t i = 0; i < response->expected.field_count; i++)
        response->fields[i].state = HTTP_FIELD_ABSENT;
    begin_line(response);
    http_lines_begin_header(&response->lines);
}

void http_response_init(struct http_response *response, const struct http_expected *expected)
{
    *response = (struct http_response){.expected = *expected};
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

/* A tab is a blank, but llhttp does not see all of them so: give it blanks. */
static bool parse_lines(struct http_response *response, const char *bytes, size_t length)
{
    const char *end = bytes + length;
    while (bytes < end) {
        const char *tab = memchr(bytes, '\t', (size_t)(end - bytes));
        size_t run = (size_t)((tab != NULL ? tab : end) - bytes);
        if (run > 0 && parse(response, bytes, run) != run)
            return false;
        if (tab != NULL && parse(response, " ", 1) != 1)
            return false;
        bytes += run + (tab != NULL);
    }
    return true;
}

static void check_lines(struct http_response *response)
{
    const struct http_lines *lines = &response->lines;
    if (lines->refused != NULL)
        fail(response, lines->too_large ? FAILURE_TOO_LARGE : FAILURE_PROTOCOL, "%s",
             lines->refused);
}

/* After the end of an interim response the next one begins. */
static void pass_over_interim(struct http_response *response)
{
    if (++response->interim > HTTP_INTERIM_MAX)
        fail(response, FAILURE_PROTOCOL, "it begins with more than %d interim responses",
             HTTP_INTERIM_MAX);
    begin_message(response);
}

/* The empty line was read, and llhttp has to agree. */
static void end_header(struct http_response *response)
{
    if (is_interim(response))
        pass_over_interim(response);
    else if (response->in_lines)
        fail(response, FAILURE_PROTOCOL, "its header is malformed");
}

static size_t feed_header(struct http_response *response, const char *bytes, size_t length)
{
    struct http_lines *lines = &response->lines;
    size_t right = http_lines_read(lines, bytes, length);

    if (!parse_lines(response, bytes, right))
        fail(response, FAILURE_PROTOCOL, "its header is malformed");
    check_lines(response);
    if (lines->ended && !failed(response))
        end_header(response);
    return right;
}

/* Their form is checked, and they are ignored (RFC 9110 section 6.5.1). */
static size_t feed_trailers(struct http_response *response, const char *bytes, size_t length)
{
    size_t right = http_lines_read(&response->lines, bytes, length);
    check_lines(response);
    response->complete = response->lines.ended;
    return right;
}

/* Sizes and extensions are bounded by what they frame: framing of at most what is
 * allowed is read, and one byte more, so as to be found to be too much. */
static size_t feed_framing(struct http_response *response, const char *bytes, size_t length)
{
    struct http_chunks *chunks = &response->chunks;
    size_t room = HTTP_HEADER_MAX + 8 * response->body_length + 1 - chunks->framing;
    size_t right = http_chunks_read(chunks, bytes, length < room ? length : room);

    if (right == room)
        fail(response, FAILURE_TOO_LARGE, "its chunks are mostly framing");
    if (chunks->refused != NULL)
        fail(response, FAILURE_PROTOCOL, "%s", chunks->refused);
    return right;
}

static size_t feed_chunks(struct http_response *response, const char *bytes, size_t length)
{
    struct http_chunks *chunks = &response->chunks;
    size_t used = feed_framing(response, bytes, length);
    size_t content = length - used < chunks->size ? length - used : (size_t)chunks->size;

    if (failed(response))
        return used;
    if (chunks->ended) {
        response->in_lines = true;
        http_lines_begin_trailer(&response->lines);
        return used;
    }
    if (http_chunks_at_content(chunks) && content > 0) {
        add_content(response, bytes + used, content);
        http_chunks_skip(chunks, content);
        used += content;
    }
    return used;
}

/* In chunked bodies llhttp has no part. */
static size_t feed_some(struct http_response *response, const char *bytes, size_t length)
{
    if (response->in_lines && response->chunked)
        return feed_trailers(response, bytes, length);
    if (response->in_lines)
        return feed_header(response, bytes, length);
    if (response->chunked)
        return feed_chunks(response, bytes, length);
    return parse(response, bytes, length);
}

size_t http_response_feed(struct http_response *response, const char *bytes, size_t length)
{
    size_t at = 0;
    response->started |= length > 0;
    while (at < length && !response->complete && !failed(response)) {
        at += feed_some(response, bytes + at, length - at);
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
    free(response->location);
    response->body = response->location = NULL;
}
