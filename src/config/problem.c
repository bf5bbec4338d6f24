#include "config/problem.h"

#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

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

static bool ends_word(char c)
{
    return c == ' ' || c == '\t' || c == '=' || c == ':';
}

/* Where the value of a field for credentials begins, or `length`. */
static size_t credential_start(const char *text, size_t length)
{
    static const char *const names[] = {"authorization", "cookie"};
    for (size_t i = 0; i < length; i++) {
        for (size_t n = 0; n < sizeof names / sizeof names[0]; n++) {
            size_t end = i + strlen(names[n]);
            if (end < length && ends_word(text[end]) &&
                strncasecmp(text + i, names[n], strlen(names[n])) == 0)
                return end;
        }
    }
    return length;
}

/* Pieces of a text, which may have NUL bytes, or *** in place of one. */
struct shown {
    char *text;
    size_t length;
};

static void show(struct shown *shown, const char *text, size_t length)
{
    memcpy(shown->text + shown->length, text, length);
    shown->length += length;
}

static void hide(struct shown *shown)
{
    show(shown, "***", 3);
}

/* From `end` on it is not shown. */
static char *quote_until(char out[QUOTE_SIZE], const char *text, size_t length, size_t end)
{
    struct shown shown = {xcalloc(1, length + 6), 0};
    size_t at = end; /* of the last '@' */

    while (at > 0 && text[at - 1] != '@')
        at--;
    if (at > 0) {
        show(&shown, text, userinfo_start(text, --at));
        hide(&shown);
    }
    show(&shown, text + at, end - at);
    if (end < length)
        hide(&shown);
    escape_quote(out, QUOTE_SIZE, shown.text, shown.length);
    free(shown.text);
    return out;
}

char *problem_quote(char out[QUOTE_SIZE], const char *text, size_t length)
{
    return quote_until(out, text, length, credential_start(text, length));
}

char *problem_quote_line(char out[QUOTE_SIZE], const char *text, size_t length)
{
    static const char key[] = "header";
    size_t end = strlen(key);
    if (length > end && ends_word(text[end]) && strncasecmp(text, key, end) == 0)
        return quote_until(out, text, length, end);
    return problem_quote(out, text, length);
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
