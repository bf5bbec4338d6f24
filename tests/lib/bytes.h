/*
 * A growing string of bytes, which may hold NUL. Where data is not NULL a NUL
 * follows the last byte, so that text in it can be used as a C string.
 *
 * Zero-initialised it is empty. bytes_finish() frees the memory and makes it
 * empty again.
 */
#ifndef TESTS_LIB_BYTES_H
#define TESTS_LIB_BYTES_H

#include <stdarg.h>
#include <stddef.h>

struct bytes {
    char *data;
    size_t length;
    size_t capacity; /* allocated, the final NUL included */
};

/* Appending nothing still makes data a valid empty string. */
void bytes_append(struct bytes *bytes, const void *data, size_t length);
void bytes_append_byte(struct bytes *bytes, char byte, size_t times);
void bytes_print(struct bytes *bytes, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
void bytes_print_args(struct bytes *bytes, const char *format, va_list args)
    __attribute__((format(printf, 2, 0)));
void bytes_truncate(struct bytes *bytes, size_t length);
void bytes_finish(struct bytes *bytes);

/* The data, or "" where nothing was ever appended. */
const char *bytes_text(const struct bytes *bytes);

#endif
