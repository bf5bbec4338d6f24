#include "base/buffer.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/json_text.h"

enum { PRINT_MAX = 1024 };

static bool make_room(struct buffer *buffer, size_t length)
{
    size_t need = buffer->length + length;
    if (need <= buffer->capacity)
        return true;
    size_t capacity = buffer->capacity < 64 ? 64 : buffer->capacity;
    while (capacity < need)
        capacity *= 2;
    char *bytes = realloc(buffer->bytes, capacity);
    if (bytes == NULL) {
        buffer->failed = true;
        return false;
    }
    buffer->bytes = bytes;
    buffer->capacity = capacity;
    return true;
}

void buffer_add(struct buffer *buffer, const char *bytes, size_t length)
{
    if (length == 0 || !make_room(buffer, length))
        return;
    memcpy(buffer->bytes + buffer->length, bytes, length);
    buffer->length += length;
}

void buffer_text(struct buffer *buffer, const char *text)
{
    buffer_add(buffer, text, strlen(text));
}

void buffer_print(struct buffer *buffer, const char *format, ...)
{
    char text[PRINT_MAX];
    va_list args;
    va_start(args, format);
    int length = vsnprintf(text, sizeof text, format, args);
    va_end(args);
    if (length > 0)
        buffer_add(buffer, text, (size_t)length < sizeof text ? (size_t)length : sizeof text - 1);
}

void buffer_json(struct buffer *buffer, const char *text)
{
    size_t taken;
    buffer_text(buffer, "\"");
    for (; *text != '\0'; text += taken) {
        char escaped[JSON_TEXT_MAX];
        buffer_add(buffer, escaped, json_text_character(escaped, text, &taken));
    }
    buffer_text(buffer, "\"");
}

void buffer_clear(struct buffer *buffer)
{
    buffer->length = 0;
}

void buffer_free(struct buffer *buffer)
{
    free(buffer->bytes);
    *buffer = (struct buffer){0};
}
