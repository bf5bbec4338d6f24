/* A text that grows. Pure. */
#ifndef AIOPOLL_BUFFER_H
#define AIOPOLL_BUFFER_H

#include <stdbool.h>
#include <stddef.h>

/* All zero: empty. */
struct buffer {
    char *bytes; /* not NUL-terminated */
    size_t length, capacity;
    bool failed; /* memory was short: something is missing, or was before it was cleared */
};

void buffer_add(struct buffer *buffer, const char *bytes, size_t length);
void buffer_text(struct buffer *buffer, const char *text);

/* At most some 1,000 bytes. */
void buffer_print(struct buffer *buffer, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* `text` as a string of JSON, in its quotes: see json_text.h. */
void buffer_json(struct buffer *buffer, const char *text);

/* Empty again; what it has is kept for the next text. */
void buffer_clear(struct buffer *buffer);

void buffer_free(struct buffer *buffer);

#endif
