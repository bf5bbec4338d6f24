#include "http/http_chunks.h"

#include "base/http_chars.h"

enum state {
    SIZE_START,
    SIZE,
    EXTENSION_START, /* after the semicolon */
    EXTENSION,
    VALUE_START, /* after the equals sign */
    VALUE,
    QUOTED,
    ESCAPED,   /* after a backslash in quotes */
    VALUE_END, /* after the closing quote */
    SIZE_LF,
    CONTENT,
    CONTENT_LF,
};

static enum state refuse(struct http_chunks *chunks, const char *why)
{
    chunks->refused = why;
    return (enum state)chunks->state;
}

static int hex_digit(unsigned char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    c |= 0x20;
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

static enum state at_end_of_part(struct http_chunks *chunks, unsigned char c, const char *why)
{
    if (c == ';')
        return EXTENSION_START;
    return c == '\r' ? SIZE_LF : refuse(chunks, why);
}

static enum state in_size(struct http_chunks *chunks, unsigned char c)
{
    static const char why[] = "the size of a chunk is not a hexadecimal number";
    int digit = hex_digit(c);
    if (digit < 0)
        return chunks->state == SIZE ? at_end_of_part(chunks, c, why) : refuse(chunks, why);
    if (chunks->size > UINT64_MAX >> 4)
        return refuse(chunks, "the size of a chunk is too large a number");
    chunks->size = chunks->size << 4 | (uint64_t)digit;
    return SIZE;
}

static enum state in_extension(struct http_chunks *chunks, unsigned char c)
{
    static const char why[] = "the extension of a chunk is malformed";
    switch ((enum state)chunks->state) {
    case EXTENSION_START: return http_is_token(c) ? EXTENSION : refuse(chunks, why);
    case EXTENSION:
        if (http_is_token(c))
            return EXTENSION;
        return c == '=' ? VALUE_START : at_end_of_part(chunks, c, why);
    case VALUE_START:
        if (c == '"')
            return QUOTED;
        return http_is_token(c) ? VALUE : refuse(chunks, why);
    case VALUE: return http_is_token(c) ? VALUE : at_end_of_part(chunks, c, why);
    case QUOTED:
        if (c == '"' || c == '\\')
            return c == '"' ? VALUE_END : ESCAPED;
        return http_is_text(c) ? QUOTED : refuse(chunks, why);
    case ESCAPED: return http_is_text(c) ? QUOTED : refuse(chunks, why);
    default: return at_end_of_part(chunks, c, why);
    }
}

static enum state at_size_lf(struct http_chunks *chunks, unsigned char c)
{
    if (c != '\n')
        return refuse(chunks, "the line of a chunk's size ends in CR without LF");
    chunks->ended = chunks->size == 0;
    return CONTENT;
}

static enum state next_state(struct http_chunks *chunks, unsigned char c)
{
    static const char why[] = "a chunk is not as long as its size says";
    switch ((enum state)chunks->state) {
    case SIZE_START:
    case SIZE: return in_size(chunks, c);
    case EXTENSION_START:
    case EXTENSION:
    case VALUE_START:
    case VALUE:
    case QUOTED:
    case ESCAPED:
    case VALUE_END: return in_extension(chunks, c);
    case SIZE_LF: return at_size_lf(chunks, c);
    case CONTENT: return c == '\r' ? CONTENT_LF : refuse(chunks, why);
    case CONTENT_LF: return c == '\n' ? SIZE_START : refuse(chunks, why);
    }
    return refuse(chunks, "");
}

bool http_chunks_at_content(const struct http_chunks *chunks)
{
    return chunks->state == CONTENT && chunks->size > 0;
}

size_t http_chunks_read(struct http_chunks *chunks, const char *bytes, size_t length)
{
    size_t at = 0;
    while (at < length && !chunks->ended && !http_chunks_at_content(chunks)) {
        chunks->state = (uint8_t)next_state(chunks, (unsigned char)bytes[at]);
        if (chunks->refused != NULL)
            break;
        at++;
    }
    chunks->framing += at;
    return at;
}

void http_chunks_skip(struct http_chunks *chunks, size_t length)
{
    chunks->size -= length;
}
