/* Foreign bytes made fit to be shown: on one line, in printable ASCII. Pure. */
#ifndef AIOPOLL_ESCAPE_H
#define AIOPOLL_ESCAPE_H

#include <stddef.h>

/* Room for a quotation in a sentence: some 40 bytes of the original. */
enum { QUOTE_SIZE = 64 };

/* Appends the escaped form of one byte to `out`, which has room for four more:
 * \" \\ \n \r \t, \xHH for what is not printable ASCII, else the byte itself.
 * Returns the number of bytes written; there is no final NUL. */
size_t escape_byte(char *out, unsigned char byte);

/* Writes `bytes` in double quotes, escaped, to `out`, and returns it. What does
 * not fit is cut between two escapes and shown by "..." after the quotes.
 * `size` is at least 10; the result is NUL-terminated. */
char *escape_quote(char *out, size_t size, const char *bytes, size_t length);

#endif
