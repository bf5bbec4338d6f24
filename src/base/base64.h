/* Base64 (RFC 4648 section 4). Pure. */
#ifndef AIOPOLL_BASE64_H
#define AIOPOLL_BASE64_H

#include <stddef.h>

/* Room for what `length` bytes become, with the final NUL. */
#define BASE64_SIZE(length) (((length) + 2) / 3 * 4 + 1)

/* Writes the bytes, padded and with a final NUL, to `out`, which has room for
 * BASE64_SIZE(length). Returns `out`. */
char *base64_write(char *out, const char *bytes, size_t length);

#endif
