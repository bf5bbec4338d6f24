#include "config/problem.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/xalloc.h"

void problem_add(struct problems *problems, struct place place, const char *format, ...)
{
    char sentence[1024];
    va_list args;
    va_start(args, format);
    vsnprintf(sentence, sizeof sentence, format, args);
    va_end(args);

    char *text;
    if (place.name == NULL)
        text = xasprintf("aiopoll: %s", sentence);
    else if (place.line == 0)
        text = xasprintf("%s: %s", place.name, sentence);
    else
        text = xasprintf("%s:%u: %s", place.name, place.line, sentence);

    problems->list =
        xgrow(problems->list, &problems->capacity, problems->count + 1, sizeof *problems->list);
    problems->list[problems->count] = (struct problem){
        .file = place.file, .line = place.line, .number = problems->count, .text = text};
    problems->count++;
}

/* Where a URL's user and password begin: behind the first "://", else behind the last
 * blank or '=' before the first '@'. */
static size_t userinfo_start(const char *text, size_t at)
{
    const char *separator = memmem(text, at, "://", 3);
    if (separator != NULL)
        return (size_t)(separator - text) + 3;
    at = (size_t)((const char *)memchr(text, '@', at + 1) - text);
    while (at > 0 && strchr(" \t=", text[at - 1]) == NULL)
        at--;
    return at;
}

char *problem_quote(char out[QUOTE_SIZE], const char *text, size_t length)
{
    size_t at = length; /* of the last '@' */
    while (at > 0 && text[at - 1] != '@')
        at--;
    if (at-- == 0)
        return escape_quote(out, QUOTE_SIZE, text, length);
    size_t start = userinfo_start(text, at);
    size_t shown_length = start + 3 + (length - at);
    char *shown = xcalloc(1, shown_length);
    memcpy(shown, text, start);
    memcpy(shown + start, "***", 3);
    memcpy(shown + start + 3, text + at, length - at);
    escape_quote(out, QUOTE_SIZE, shown, shown_length);
    free(shown);
    return out;
}

static int by_place(const void *left, const void *right)
{
    const struct problem *a = left, *b = right;
    if (a->file != b->file)
        return a->file < b->file ? -1 : 1;
    if (a->line != b->line)
        return a->line < b->line ? -1 : 1;
    return a->number < b->number ? -1 : a->number > b->number;
}

void problems_sort(struct problems *problems)
{
    if (problems->count > 1)
        qsort(problems->list, problems->count, sizeof *problems->list, by_place);
}

void problems_free(struct problems *problems)
{
    for (size_t i = 0; i < problems->count; i++)
        free(problems->list[i].text);
    free(problems->list);
    *problems = (struct problems){0};
}
