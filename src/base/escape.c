#include "base/escape.h"

#include <string.h>

size_t escape_byte(char *out, unsigned char byte)
{
    static const char hex[] = "0123456789abcdef";
    static const char named[] = "\"\"\\\\\nn\rr\tt"; /* pairs: the byte, its letter */

    for (const char *pair = named; *pair != '\0'; pair += 2) {
        if (byte == (unsigned char)pair[0]) {
            out[0] = '\\';
            out[1] = pair[1];
            return 2;
        }
    }
    if (byte >= 0x20 && byte < 0x7f) {
        out[0] = (char)byte;
        return 1;
    }
    out[0] = '\\';
    out[1] = 'x';
    out[2] = hex[byte >> 4];
    out[3] = hex[byte & 15];
    return 4;
}

char *escape_quote(char *out, size_t size, const char *bytes, size_t length)
{
    const size_t limit = size - sizeof "\"...";
    size_t at = 0, used = 0;

    out[at++] = '"';
    while (used < length) {
        char escaped[4];
        size_t n = escape_byte(escaped, (unsigned char)bytes[used]);
        if (at + n > limit)
            break;
        memcpy(out + at, escaped, n);
        at += n;
        used++;
    }
    memcpy(out + at, used < length ? "\"..." : "\"", used < length ? 5 : 2);
    return out;
}
