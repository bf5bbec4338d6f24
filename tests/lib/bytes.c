#include "bytes.h"

#include <stdio.h>

#include "must.h"

static void reserve(struct bytes *bytes, size_t more)
{
    size_t needed = bytes->length + more + 1;

    if (needed <= bytes->capacity)
        return;
    bytes->capacity = needed + needed / 2 + 32;
    bytes->data = must_realloc(bytes->data, bytes->capacity, 1);
}

void bytes_append(struct bytes *bytes, const void *data, size_t length)
{
    reserve(bytes, length);
    if (length > 0)
        memcpy(bytes->data + bytes->length, data, length);
    bytes->length += length;
    bytes->data[bytes->length] = '\0';
}

void bytes_append_byte(struct bytes *bytes, char byte, size_t times)
{
    reserve(bytes, times);
    memset(bytes->data + bytes->length, byte, times);
    bytes->length += times;
    bytes->data[bytes->length] = '\0';
}

void bytes_print_args(struct bytes *bytes, const char *format, va_list args)
{
    char *text = NULL;
    int length = vasprintf(&text, format, args);

    if (length < 0)
        abort();
    bytes_append(bytes, text, (size_t)length);
    free(text);
}

void bytes_print(struct bytes *bytes, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    bytes_print_args(bytes, format, args);
    va_end(args);
}

void bytes_truncate(struct bytes *bytes, size_t length)
{
    if (length >= bytes->length)
        return;
    bytes->length = length;
    bytes->data[length] = '\0';
}

void bytes_finish(struct bytes *bytes)
{
    free(bytes->data);
    *bytes = (struct bytes){0};
}

const char *bytes_text(const struct bytes *bytes)
{
    return bytes->data == NULL ? "" : bytes->data;
}
