#include "base/json_text.h"

#include <stdbool.h>
#include <stdint.h>

/* The character at `bytes`, which ends in a NUL. What is no UTF-8 is one byte long,
 * and U+FFFD. Returns the length. */
static size_t decode_utf8(const unsigned char *bytes, uint32_t *code)
{
    static const uint32_t least[] = {0, 0, 0x80, 0x800, 0x10000};
    size_t length = bytes[0] >= 0xf0 ? 4 : bytes[0] >= 0xe0 ? 3 : 2;
    uint32_t value = bytes[0] & (0x7fu >> length);
    bool right = bytes[0] >= 0xc0 && bytes[0] <= 0xf7;

    for (size_t i = 1; right && i < length; i++) {
        right = (bytes[i] & 0xc0) == 0x80;
        value = value << 6 | (bytes[i] & 0x3f);
    }
    bool surrogate = value >= 0xd800 && value <= 0xdfff;
    right = right && value >= least[length] && value <= 0x10ffff && !surrogate;
    *code = right ? value : 0xfffd;
    return right ? length : 1;
}

static void write_unit(char *out, uint32_t unit)
{
    static const char hex[] = "0123456789abcdef";
    out[0] = '\\';
    out[1] = 'u';
    for (int i = 0; i < 4; i++)
        out[2 + i] = hex[unit >> (12 - 4 * i) & 15];
}

static size_t write_code(char *out, uint32_t code)
{
    if (code < 0x10000) {
        write_unit(out, code);
        return 6;
    }
    write_unit(out, 0xd800 + ((code - 0x10000) >> 10));
    write_unit(out + 6, 0xdc00 + ((code - 0x10000) & 0x3ff));
    return 12;
}

static bool is_plain(unsigned char c)
{
    return c >= ' ' && c < 0x7f;
}

size_t json_text_character(char out[JSON_TEXT_MAX], const char *text, size_t *taken)
{
    const unsigned char *at = (const unsigned char *)text;
    uint32_t code = *at;
    *taken = 1;
    if (*at == '"' || *at == '\\') {
        out[0] = '\\';
        out[1] = (char)*at;
        return 2;
    }
    if (is_plain(*at)) {
        out[0] = (char)*at;
        return 1;
    }
    if (*at >= 0x80)
        *taken = decode_utf8(at, &code);
    return write_code(out, code);
}
