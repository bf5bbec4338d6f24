#include "base/base64.h"

/* Three bytes are four digits; one or two are two or three. */
static void write_group(char out[4], const unsigned char *bytes, size_t count)
{
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    unsigned long bits = 0;
    for (size_t i = 0; i < 3; i++)
        bits = bits << 8 | (i < count ? bytes[i] : 0);
    for (size_t i = 0; i < 4; i++)
        out[i] = i <= count ? digits[bits >> (18 - 6 * i) & 63] : '=';
}

char *base64_write(char *out, const char *bytes, size_t length)
{
    char *at = out;
    for (size_t i = 0; i < length; i += 3, at += 4)
        write_group(at, (const unsigned char *)bytes + i, length - i < 3 ? length - i : 3);
    *at = '\0';
    return out;
}
