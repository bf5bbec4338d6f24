#include "lines.h"

#include "must.h"

static void line_parse(struct lines *lines, struct line *line, size_t length)
{
    json_error_t error;

    line->json = json_loadb(line->text, length, JSON_REJECT_DUPLICATES, &error);
    if (line->json != NULL && json_is_object(line->json))
        return;
    if (!lines->broken) {
        lines->broken = true;
        lines->broken_index = lines->count;
        bytes_print(&lines->broken_reason, "%s",
                    line->json == NULL ? error.text : "it is not an object");
    }
    json_decref(line->json);
    line->json = NULL;
}

/* Moves what has come of the current line into a line of its own. */
static void add_line(struct lines *lines, bool json)
{
    struct line line = {.text = lines->unfinished.data};

    if (lines->count == lines->capacity) {
        lines->capacity = lines->capacity == 0 ? 64 : lines->capacity * 2;
        lines->items = must_realloc(lines->items, lines->capacity, sizeof(line));
    }
    if (json)
        line_parse(lines, &line, lines->unfinished.length);
    lines->unfinished = (struct bytes){0};
    lines->items[lines->count++] = line;
}

void lines_feed(struct lines *lines, const char *data, size_t length)
{
    bytes_append(&lines->all, data, length);
    while (length > 0) {
        const char *newline = memchr(data, '\n', length);
        size_t part = newline == NULL ? length : (size_t)(newline - data);

        bytes_append(&lines->unfinished, data, part);
        if (newline == NULL)
            return;
        add_line(lines, lines->json);
        data += part + 1;
        length -= part + 1;
    }
}

void lines_end(struct lines *lines)
{
    if (lines->unfinished.length > 0)
        add_line(lines, false);
}

void lines_finish(struct lines *lines)
{
    for (size_t i = 0; i < lines->count; i++) {
        free(lines->items[i].text);
        json_decref(lines->items[i].json);
    }
    free(lines->items);
    bytes_finish(&lines->broken_reason);
    bytes_finish(&lines->all);
    bytes_finish(&lines->unfinished);
    *lines = (struct lines){0};
}
