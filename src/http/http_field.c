#include "http/http_field.h"

#include <string.h>
#include <strings.h>

/* Keeps of `bytes`, which begin at `at` of a text, what the buffer has room for. */
static void keep(char *buffer, size_t size, size_t at, const char *bytes, size_t length)
{
    if (at < size)
        memcpy(buffer + at, bytes, length < size - at ? length : size - at);
}

void http_field_line_begin(struct http_field_line *line, const char *const *wanted, size_t count)
{
    line->name_length = line->value_length = line->value_read = 0;
    line->wanted = wanted;
    line->matching = (UINT32_C(1) << count) - 1;
}

/* One that matches has what was read, and so is at least as long. */
void http_field_line_add_name(struct http_field_line *line, const char *bytes, size_t length)
{
    for (uint32_t left = line->matching, i = 0; left != 0; left >>= 1, i++)
        if ((left & 1) && strncasecmp(line->wanted[i] + line->name_length, bytes, length) != 0)
            line->matching &= ~(UINT32_C(1) << i);
    keep(line->name, sizeof line->name, line->name_length, bytes, length);
    line->name_length += length;
}

void http_field_line_add_value(struct http_field_line *line, const char *bytes, size_t length)
{
    size_t end = length;
    while (end > 0 && (bytes[end - 1] == ' ' || bytes[end - 1] == '\t'))
        end--;
    if (end > 0)
        line->value_length = line->value_read + end;
    keep(line->value, sizeof line->value, line->value_read, bytes, length);
    line->value_read += length;
}

bool http_field_line_is(const struct http_field_line *line, const char *name)
{
    size_t length = strlen(name);
    return line->name_length == length && strncasecmp(line->name, name, length) == 0;
}

bool http_field_line_says(const struct http_field_line *line, const char *value)
{
    size_t length = strlen(value);
    return line->value_length == length && strncasecmp(line->value, value, length) == 0;
}

void http_field_set(struct http_field *field, const struct http_field_line *line)
{
    if (line->value_length >= sizeof field->value) {
        field->state = HTTP_FIELD_TOO_LONG;
        return;
    }
    field->state = HTTP_FIELD_PRESENT;
    memcpy(field->value, line->value, line->value_length);
    field->value[line->value_length] = '\0';
}

void http_field_take(struct http_field *fields, const struct http_field_line *line)
{
    for (uint32_t left = line->matching, i = 0; left != 0; left >>= 1, i++) {
        if (!(left & 1) || line->wanted[i][line->name_length] != '\0')
            continue;
        if (fields[i].state == HTTP_FIELD_ABSENT)
            http_field_set(&fields[i], line);
        else
            fields[i].state = HTTP_FIELD_REPEATED;
    }
}
