/* A field line as it comes, in pieces, and fields whose values are wanted
 * (RFC 9110 section 5). Pure. */
#ifndef AIOPOLL_HTTP_FIELD_H
#define AIOPOLL_HTTP_FIELD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    HTTP_FIELD_SIZE = 64,
    HTTP_WANTED_MAX = 8, /* that are wanted */
};

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
    const char *const *wanted;   /* the names that http_field_take() looks for */
    uint32_t matching;           /* of these, a bit each: they begin with the name as far as read */
};

/* Begins a line. `wanted` are `count` different names, of any length; they are borrowed
 * until the next line begins. */
void http_field_line_begin(struct http_field_line *line, const char *const *wanted, size_t count);

/* The next bytes of the name, then of the value without the blanks before it. */
void http_field_line_add_name(struct http_field_line *line, const char *bytes, size_t length);
void http_field_line_add_value(struct http_field_line *line, const char *bytes, size_t length);

/* Whether name or value, once whole, are this: at most 23 and 64 bytes, in any case. */
bool http_field_line_is(const struct http_field_line *line, const char *name);
bool http_field_line_says(const struct http_field_line *line, const char *value);

/* Takes note of a whole line where its name is wanted: in the one of `fields`, which stand in
 * the order of the names. */
void http_field_take(struct http_field *fields, const struct http_field_line *line);

/* The whole line's value, whatever the field has been before. */
void http_field_set(struct http_field *field, const struct http_field_line *line);

#endif
