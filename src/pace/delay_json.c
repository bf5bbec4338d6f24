#include "pace/delay_json.h"

#include <stdio.h>
#include <string.h>

static const char *what_is_wrong(const json_error_t *error)
{
    switch (json_error_code(error)) {
    case json_error_out_of_memory: return "has JSON that memory is short for, at";
    case json_error_stack_overflow: return "has JSON that is nested too deep at";
    case json_error_numeric_overflow: return "has a number too large for JSON at";
    case json_error_duplicate_key: return "has two members of one name in its JSON, at";
    default: return NULL;
    }
}

static void tell(const json_error_t *error, char why[DELAY_JSON_WHY_SIZE])
{
    const char *wrong = what_is_wrong(error);
    snprintf(why, DELAY_JSON_WHY_SIZE, "%s line %d, column %d%s",
             wrong == NULL ? "is not JSON from" : wrong, error->line, error->column,
             wrong == NULL ? " on" : "");
}

json_t *delay_json_parse(const char *body, size_t length, char why[DELAY_JSON_WHY_SIZE])
{
    /* As reals, whole numbers have no bound that a server could run into. */
    size_t flags =
        JSON_DECODE_ANY | JSON_REJECT_DUPLICATES | JSON_DECODE_INT_AS_REAL | JSON_ALLOW_NUL;
    json_error_t error;
    json_t *root = json_loadb(body, length, flags, &error);
    if (root == NULL)
        tell(&error, why);
    return root;
}

/* RFC 6901 section 4: digits, and no zero before others. */
static const json_t *element(const json_t *array, const char *step)
{
    size_t length = strlen(step), index = 0;
    if (length == 0 || length > 9 || strspn(step, "0123456789") != length ||
        (step[0] == '0' && length > 1))
        return NULL;
    for (; *step != '\0'; step++)
        index = index * 10 + (size_t)(*step - '0');
    return json_array_get(array, index);
}

const json_t *delay_json_find(const json_t *root, const struct delay_source *source)
{
    const json_t *value = root;
    for (size_t i = 0; i < source->step_count && value != NULL; i++) {
        if (json_is_array(value))
            value = element(value, source->steps[i]);
        else
            value = json_object_get(value, source->steps[i]);
    }
    return value;
}

const char *delay_json_kind(const json_t *value)
{
    switch (json_typeof(value)) {
    case JSON_OBJECT: return "an object";
    case JSON_ARRAY: return "an array";
    case JSON_STRING: return "a string";
    case JSON_INTEGER:
    case JSON_REAL: return "a number";
    case JSON_TRUE: return "true";
    case JSON_FALSE: return "false";
    case JSON_NULL: return "null";
    }
    return "unknown";
}
