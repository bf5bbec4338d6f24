#include "config/command.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static bool is_blank(char c)
{
    return c == ' ' || c == '\t';
}

/* Copies one word to *out, with a NUL behind it. Returns where it ends, or NULL where a quote is
 * not closed. */
static const char *copy_word(const char *at, char **out)
{
    char quote = '\0';
    for (; *at != '\0' && (quote != '\0' || !is_blank(*at)); at++) {
        if (quote == '\0' && (*at == '\'' || *at == '"'))
            quote = *at;
        else if (*at == quote)
            quote = '\0';
        else
            *(*out)++ = *at;
    }
    *(*out)++ = '\0';
    return quote == '\0' ? at : NULL;
}

/* Returns false where a quote is not closed. */
static bool split(const char *text, char **words, char *out)
{
    while (text != NULL) {
        while (is_blank(*text))
            text++;
        if (*text == '\0')
            break;
        *words++ = out;
        text = copy_word(text, &out);
    }
    *words = NULL;
    return text != NULL;
}

/* Room for as many words as `length` bytes may be, and for what they are made of. */
static char **make_room(size_t length, char **bytes)
{
    size_t most = length / 2 + 2;
    char **words = malloc(most * sizeof *words + length + 1);
    if (words != NULL)
        *bytes = (char *)(words + most);
    return words;
}

char **command_words(const char *text)
{
    char *bytes, **words = make_room(strlen(text), &bytes);
    if (words != NULL)
        split(text, words, bytes);
    return words;
}

static bool has_control_character(const char *text)
{
    while (*text != '\0' && (*text == '\t' || !iscntrl((unsigned char)*text)))
        text++;
    return *text != '\0';
}

/* Returns NULL, or what would be right. */
static const char *find_fault(const char *text)
{
    char *bytes, **words = make_room(strlen(text), &bytes);
    const char *fault = NULL;
    if (words == NULL)
        return "memory is short";
    if (has_control_character(text))
        fault = "write a command without control characters";
    else if (!split(text, words, bytes))
        fault = "a quote is not closed; write '...' or \"...\" around what has blanks in it";
    else if (words[0] == NULL)
        fault = "write a program and its arguments";
    else if (words[0][0] != '/' && (words[0][0] == '\0' || strchr(words[0], '/') != NULL))
        fault = "write the absolute path of a program, or its name alone, to be found in PATH";
    free(words);
    return fault;
}

bool command_read(const struct written *written, struct pool *pool, const char **out, char *why,
                  size_t why_size)
{
    const char *fault = find_fault(written->value);
    if (fault != NULL) {
        snprintf(why, why_size, "%s", fault);
        return false;
    }
    *out = pool_text(pool, written->value, strlen(written->value));
    return true;
}
