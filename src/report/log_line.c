#include "report/log_line.h"

#include <stdio.h>
#include <string.h>

#include "base/duration.h"
#include "base/escape.h"
#include "base/json_text.h"
#include "base/time_text.h"

/* Syslog's numbers for our levels. */
static const char *const priorities[] = {"<3>", "<4>", "<6>", "<7>"};

static void put(struct log_line *line, const char *bytes, size_t length)
{
    size_t room = (size_t)(line->limit - line->at);
    if (length > room)
        length = room;
    memcpy(line->at, bytes, length);
    line->at += length;
}

static void put_text(struct log_line *line, const char *text)
{
    put(line, text, strlen(text));
}

/* No escape of a character, nor the quote after it, is cut. */
static bool has_room(const struct log_line *line)
{
    return line->limit - line->at > JSON_TEXT_MAX;
}

static bool is_plain(unsigned char c)
{
    return c > ' ' && c < 0x7f && c != '"' && c != '\\' && c != '=';
}

static void put_json_string(struct log_line *line, const char *value)
{
    size_t taken;
    put(line, "\"", 1);
    for (; *value != '\0' && has_room(line); value += taken) {
        char escaped[JSON_TEXT_MAX];
        put(line, escaped, json_text_character(escaped, value, &taken));
    }
    put(line, "\"", 1);
}

/* Bare where it is one plain word, else in quotes. */
static void put_text_string(struct log_line *line, const char *value)
{
    const char *at = value;
    while (is_plain((unsigned char)*at))
        at++;
    if (*at == '\0' && at != value && at - value < line->limit - line->at) {
        put(line, value, (size_t)(at - value));
        return;
    }
    put(line, "\"", 1);
    for (at = value; *at != '\0' && has_room(line); at++) {
        char escaped[4];
        put(line, escaped, escape_byte(escaped, (unsigned char)*at));
    }
    put(line, "\"", 1);
}

static void put_key(struct log_line *line, const char *key)
{
    bool json = line->format == LOG_FORMAT_JSON;
    put_text(line, json ? ",\"" : " ");
    put_text(line, key);
    put_text(line, json ? "\":" : "=");
}

static void begin_json(struct log_line *line, const char *time, enum log_level level,
                       const char *event)
{
    put_text(line, "{");
    if (time != NULL) {
        put_text(line, "\"time\":\"");
        put_text(line, time);
        put_text(line, "\",");
    }
    put_text(line, "\"level\":\"");
    put_text(line, log_level_names[level]);
    put_text(line, "\",\"event\":\"");
    put_text(line, event);
    put_text(line, "\"");
}

static void begin_text(struct log_line *line, const char *time, enum log_level level,
                       const char *event)
{
    if (time != NULL) {
        put_text(line, time);
        put_text(line, " ");
    }
    put_text(line, log_level_names[level]);
    put_text(line, " ");
    put_text(line, event);
}

void log_line_begin(struct log_line *line, char *buffer, enum log_format format, bool journald,
                    int64_t wall, enum log_level level, const char *event)
{
    const char *time = journald ? NULL : time_text(wall);
    *line = (struct log_line){.start = buffer,
                              .at = buffer,
                              .limit = buffer + LOG_LINE_MAX - 2 * JSON_TEXT_MAX,
                              .format = format};
    if (journald)
        put_text(line, priorities[level]);
    if (format == LOG_FORMAT_JSON)
        begin_json(line, time, level, event);
    else
        begin_text(line, time, level, event);
}

/* A whole field or none: a key without its value would not be JSON. */
static bool begin_field(struct log_line *line, const char *key)
{
    if (line->limit - line->at < (ptrdiff_t)strlen(key) + DURATION_SIZE)
        return false;
    put_key(line, key);
    return true;
}

void log_line_string(struct log_line *line, const char *key, const char *value)
{
    if (!begin_field(line, key))
        return;
    if (line->format == LOG_FORMAT_JSON)
        put_json_string(line, value);
    else
        put_text_string(line, value);
}

void log_line_integer(struct log_line *line, const char *key, int64_t value)
{
    char digits[DURATION_SIZE];
    if (value > INT64_MAX / SECOND || value < INT64_MIN / SECOND)
        snprintf(digits, sizeof digits, "%lld", (long long)value);
    else
        duration_seconds(digits, value * SECOND);
    if (begin_field(line, key))
        put_text(line, digits);
}

void log_line_seconds(struct log_line *line, const char *key, int64_t ns)
{
    char digits[DURATION_SIZE];
    size_t length = duration_seconds(digits, ns);
    if (begin_field(line, key))
        put(line, digits, length);
}

void log_line_time(struct log_line *line, const char *key, int64_t wall)
{
    log_line_string(line, key, time_text(wall));
}

void log_line_true(struct log_line *line, const char *key)
{
    if (begin_field(line, key))
        put_text(line, line->format == LOG_FORMAT_JSON ? "true" : "yes");
}

size_t log_line_end(struct log_line *line)
{
    const char *end = line->format == LOG_FORMAT_JSON ? "}\n" : "\n";
    memcpy(line->at, end, strlen(end)); /* the limit has left room */
    line->at += strlen(end);
    return (size_t)(line->at - line->start);
}
