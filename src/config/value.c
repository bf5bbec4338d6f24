#include "config/value.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/duration.h"
#include "base/escape.h"
#include "base/xalloc.h"

bool value_duration(const char *text, int64_t *ns)
{
    size_t length = strlen(text);
    int64_t seconds;
    if (duration_scan(text, length, SECOND, &seconds) != length || length == 0)
        return duration_scan_units(text, length, ns);
    *ns = seconds;
    return true;
}

bool value_fraction(const char *text, int64_t one, int64_t *value)
{
    size_t length = strlen(text);
    int64_t number;
    if (duration_scan(text, length, one, &number) != length || length == 0)
        return false;
    *value = number;
    return true;
}

bool value_count(const char *text, int64_t *count)
{
    int64_t value;
    size_t length = strspn(text, "0123456789");
    if (length == 0 || text[length] != '\0')
        return false;
    duration_scan(text, length, 1, &value);
    *count = value;
    return true;
}

bool value_size(const char *text, int64_t *bytes)
{
    static const struct {
        const char *suffix;
        int64_t bytes;
    } multiples[] = {{"", 1},        {"k", 1 << 10}, {"K", 1 << 10},
                     {"M", 1 << 20}, {"m", 1 << 20}, {"G", 1 << 30}};
    size_t length = strspn(text, "0123456789");

    for (size_t i = 0; length != 0 && i < sizeof multiples / sizeof multiples[0]; i++) {
        if (strcmp(text + length, multiples[i].suffix) != 0)
            continue;
        duration_scan(text, length, multiples[i].bytes, bytes);
        return true;
    }
    return false;
}

bool value_choice(const char *text, const char *const *words, int64_t *index)
{
    for (int64_t i = 0; words[i] != NULL; i++) {
        if (strcmp(text, words[i]) == 0) {
            *index = i;
            return true;
        }
    }
    return false;
}

static bool is_variable_name(const char *name, size_t length)
{
    if (length == 0 || isdigit((unsigned char)name[0]))
        return false;
    for (size_t i = 0; i < length; i++)
        if (!isalnum((unsigned char)name[i]) && name[i] != '_')
            return false;
    return true;
}

/* `reference` is at "${": returns its value and moves *reference behind the brace. */
static const char *look_up(const char **reference, char *why, size_t why_size)
{
    const char *start = *reference + 2, *end = strchr(start, '}');
    char quoted[QUOTE_SIZE];
    size_t length = end == NULL ? strlen(start) : (size_t)(end - start);

    escape_quote(quoted, sizeof quoted, *reference, length + 2 + (end != NULL));
    if (end == NULL || !is_variable_name(start, length)) {
        snprintf(why, why_size,
                 "%s is not a reference to the environment; write ${NAME}, or $${ for a plain ${",
                 quoted);
        return NULL;
    }
    char *name = xstrndup(start, length);
    const char *value = getenv(name);
    free(name);
    if (value == NULL)
        snprintf(why, why_size, "%s: there is no such variable in the environment", quoted);
    *reference = end + 1;
    return value;
}

/* The text may become a secret: no copy of it is left behind. */
static void append(char **text, size_t *length, size_t *capacity, const char *more, size_t n)
{
    if (*length + n + 1 > *capacity) {
        char *longer = xcalloc(2, *length + n + 1);
        *capacity = 2 * (*length + n + 1);
        if (*text != NULL) {
            memcpy(longer, *text, *length);
            explicit_bzero(*text, *length);
        }
        free(*text);
        *text = longer;
    }
    memcpy(*text + *length, more, n);
    *length += n;
    (*text)[*length] = '\0';
}

char *value_expand(const char *text, char *why, size_t why_size)
{
    char *result = NULL;
    size_t length = 0, capacity = 0;

    append(&result, &length, &capacity, "", 0);
    while (*text != '\0') {
        if (strncmp(text, "$${", 3) == 0) {
            append(&result, &length, &capacity, "${", 2);
            text += 3;
        } else if (strncmp(text, "${", 2) == 0) {
            const char *value = look_up(&text, why, why_size);
            if (value == NULL) {
                explicit_bzero(result, length);
                free(result);
                return NULL;
            }
            append(&result, &length, &capacity, value, strlen(value));
        } else {
            append(&result, &length, &capacity, text++, 1);
        }
    }
    return result;
}

unsigned value_distance(const char *a, const char *b)
{
    unsigned row[VALUE_WORD_MAX + 1];
    size_t n = strlen(b);
    for (unsigned j = 0; j <= n; j++)
        row[j] = j;
    for (unsigned i = 1; a[i - 1] != '\0'; i++) {
        unsigned diagonal = row[0];
        row[0] = i;
        for (unsigned j = 1; j <= n; j++) {
            unsigned replace = diagonal + (a[i - 1] != b[j - 1]);
            unsigned either = (row[j] < row[j - 1] ? row[j] : row[j - 1]) + 1;
            diagonal = row[j];
            row[j] = replace < either ? replace : either;
        }
    }
    return row[n];
}

const char *value_nearest(const char *text, const char *const *words)
{
    const char *best = NULL;
    unsigned best_distance = 3; /* more than two slips is another word */

    if (strlen(text) > VALUE_WORD_MAX)
        return NULL;
    for (; *words != NULL; words++) {
        unsigned d = value_distance(text, *words);
        if (d < best_distance && d < strlen(*words)) {
            best = *words;
            best_distance = d;
        }
    }
    return best;
}
