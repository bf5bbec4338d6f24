/* A field line as it comes, in pieces, and a field whose value is wanted
 * (RFC 9110 section 5). Pure. */
#ifndef AIOPOLL_HTTP_FIELD_H
#define AIOPOLL_HTTP_FIELD_H

#include <stdbool.h>
#include <stddef.h>

enum { HTTP_FIELD_SIZE = 64 };

enum http_field_state {
    HTTP_FIELD_ABSENT,
    HTTP_FIELD_PRESENT,
    HTTP_FIELD_TOO_LONG, /* for `value` */
    HTTP_FIELD_REPEATED, /* in more than one line */
};

struct http_field {
    enum http_field_state state;
    char value[HTTP_FIELD_SIZE]; /* where it is present: without blanks around it, with a NUL */
};

struct http_field_line {
    char name[24];               /* cut: only short ones are asked for by name */
    char value[HTTP_FIELD_SIZE]; /* cut, no NUL */
    size_t name_length;          /* the lengths are not cut */
    size_t value_length;         /* without the blanks behind it */
    size_t value_read;           /* with them */
    const char *wanted;          /* what the name still lacks to be the wanted one, or NULL */
};

/* Begins a line; `wanted` is the name that http_field_take() looks for, of any
 * length, or NULL. It is borrowed until the next line begins. */
void http_field_line_begin(struct http_field_line *line, const char *wanted);

/* The next bytes of the name, then of the value without the blanks before it. */
void http_field_line_add_name(struct http_field_line *line, const char *bytes, size_t length);
void http_field_line_add_value(struct http_field_line *line, const char *bytes, size_t length);

/* Whether name or value, once whole, are this: at most 23 and 64 bytes, in any case. */
bool http_field_line_is(const struct http_field_line *line, const char *name);
bool http_field_line_says(const struct http_field_line *line, const char *value);

/* Takes note of a whole line in `field`, where it is the wanted one. */
void http_field_take(struct http_field *field, const struct http_field_line *line);

#endif
