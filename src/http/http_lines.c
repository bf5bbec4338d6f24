#include "http/http_lines.h"

#include "base/http_chars.h"

enum state {
    STATUS_LINE,  /* "HTTP/1.x 200" */
    AFTER_STATUS, /* a blank and the reason phrase, or the end of the line */
    REASON,
    LINE_START, /* a field line or the empty line */
    FIELD_NAME,
    FIELD_VALUE,
    LINE_LF, /* after the CR of a line */
    LAST_LF, /* after the CR of the empty line */
};

/* '0' stands for any digit, 'v' for the minor version: 0 or 1. */
static const char status_line[] = "HTTP/1.v 000";

_Static_assert(HTTP_HEADER_MAX == 65536 && HTTP_FIELDS_MAX == 128, "the sentences name them");

static enum state refuse_as_too_large(struct http_lines *lines, const char *why)
{
    lines->too_large = true;
    lines->refused = why;
    return (enum state)lines->state;
}

/* The refusals that a user is to tell apart. Each returns the state to stay in. */
static enum state refuse(struct http_lines *lines, const char *why)
{
    lines->refused = why;
    return (enum state)lines->state;
}

static bool fits_status_line(unsigned char c, char expected)
{
    if (expected == '0')
        return http_is_digit(c);
    return expected == 'v' ? c == '0' || c == '1' : c == (unsigned char)expected;
}

static enum state in_status_line(struct http_lines *lines, unsigned char c)
{
    if (!fits_status_line(c, status_line[lines->matched]))
        return refuse(lines, "its status line is not that of HTTP/1.1 or HTTP/1.0");
    lines->matched++;
    return status_line[lines->matched] == '\0' ? AFTER_STATUS : STATUS_LINE;
}

static enum state in_text(struct http_lines *lines, unsigned char c)
{
    if (c == '\r')
        return LINE_LF;
    if (!http_is_text(c))
        return refuse(lines, "a control character stands in its header");
    return (enum state)lines->state;
}

static enum state at_line_start(struct http_lines *lines, unsigned char c)
{
    if (c == '\r')
        return LAST_LF;
    if (c == ' ' || c == '\t')
        return refuse(lines, "a line of its header is folded or begins with a blank");
    if (!http_is_token(c))
        return refuse(lines, "a line of its header has no field name");
    if (lines->fields == HTTP_FIELDS_MAX)
        return refuse_as_too_large(lines, "its header has more than 128 fields");
    lines->fields++;
    return FIELD_NAME;
}

static enum state in_field_name(struct http_lines *lines, unsigned char c)
{
    if (c == ':')
        return FIELD_VALUE;
    return http_is_token(c) ? FIELD_NAME : refuse(lines, "a field name of its header is malformed");
}

static enum state at_lf(struct http_lines *lines, unsigned char c)
{
    if (c != '\n')
        return refuse(lines, "a line of its header ends in CR without LF");
    lines->ended = lines->state == LAST_LF;
    return LINE_START;
}

static enum state next_state(struct http_lines *lines, unsigned char c)
{
    switch ((enum state)lines->state) {
    case STATUS_LINE: return in_status_line(lines, c);
    case AFTER_STATUS:
        if (c == ' ')
            return REASON;
        return c == '\r' ? LINE_LF : refuse(lines, "its status is not a number of three digits");
    case REASON: return in_text(lines, c);
    case LINE_START: return at_line_start(lines, c);
    case FIELD_NAME: return in_field_name(lines, c);
    case FIELD_VALUE: return in_text(lines, c);
    case LINE_LF: return at_lf(lines, c);
    case LAST_LF: return at_lf(lines, c);
    }
    return refuse(lines, "");
}

void http_lines_begin_header(struct http_lines *lines)
{
    lines->state = STATUS_LINE;
    lines->matched = 0;
    lines->ended = false;
}

void http_lines_begin_trailer(struct http_lines *lines)
{
    lines->state = LINE_START;
    lines->ended = false;
}

size_t http_lines_read(struct http_lines *lines, const char *bytes, size_t length)
{
    size_t at = 0;
    while (at < length && !lines->ended) {
        if (lines->bytes == HTTP_HEADER_MAX)
            refuse_as_too_large(lines, "its header has more than 65536 bytes");
        else
            lines->state = (uint8_t)next_state(lines, (unsigned char)bytes[at]);
        if (lines->refused != NULL)
            break;
        at++;
        lines->bytes++;
    }
    return at;
}
