/* The characters of RFC 9110 section 5. */
#ifndef AIOPOLL_HTTP_CHARS_H
#define AIOPOLL_HTTP_CHARS_H

#include <stdbool.h>
#include <stddef.h>
#include <string.h>

static inline bool http_is_digit(unsigned char c)
{
    return c >= '0' && c <= '9';
}

/* tchar: what names are made of. */
static inline bool http_is_token(unsigned char c)
{
    return http_is_digit(c) || ((c | 0x20) >= 'a' && (c | 0x20) <= 'z') ||
           (c != '\0' && strchr("!#$%&'*+-.^_`|~", c) != NULL);
}

/* token: a field's name. */
static inline bool http_is_name(const char *name, size_t length)
{
    size_t i = 0;
    while (i < length && http_is_token((unsigned char)name[i]))
        i++;
    return length > 0 && i == length;
}

/* HTAB, SP, VCHAR and obs-text: what a reason or a field's value is made of. */
static inline bool http_is_text(unsigned char c)
{
    return (c >= ' ' && c != 0x7f) || c == '\t';
}

#endif
