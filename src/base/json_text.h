/* Texts as strings of JSON, RFC 8259 section 7, in printable ASCII. Pure. */
#ifndef AIOPOLL_JSON_TEXT_H
#define AIOPOLL_JSON_TEXT_H

#include <stddef.h>

/* The longest form of one character. */
enum { JSON_TEXT_MAX = 12 };

/* Writes the character at the beginning of `text`, which is not empty, as it stands within quotes.
 * A byte that is no UTF-8 becomes U+FFFD. Returns how many bytes were written; *taken: how many of
 * the text it is. */
size_t json_text_character(char out[JSON_TEXT_MAX], const char *text, size_t *taken);

#endif
