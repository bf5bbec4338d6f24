#include "report/log_line.h"

#include <stdio.h>
#include <string.h>

#include "base/duration.h"
#include "base/escape.h"
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

/* The character at `bytes`, which ends in a NUL. What is no UTF-8 is one byte long,
 * and U+FFFD. Returns the length. */
static size_t decode_utf8(const unsigned char *bytes, uint32_t *code)
{
    static const uint32_t least[] = {0, 0, 0x80, 0x800, 0x10000};
    size_t length = bytes[0] >= 0xf0 ? 4 : bytes[0] >= 0xe0 ? 3 : 2;
    uint32_t value = bytes[0] & (0x7fu >> length);
    bool right = bytes[0] >= 0xc0 && bytes[0] <= 0xf7;

    for (size_t i = 1; right && i < length; i++) {
        right = (bytes[i] & 0xc0) == 0x80;
        value = value << 6 | (bytes[i] & 0x3f);
    }
    bool surrogate = value >= 0xd800 && value <= 0xdfff;
    right = right && value >= least[length] && value <= 0x10ffff && !surrogate;
    *code = right ? value : 0xfffd;
    return right ? length : 1;
}

static void put_code_unit(struct log_line *line, uint32_t unit)
{
    char escape[8];
    snprintf(escape, sizeof escape, "\\u%04x", unit & 0xffff);
    put(line, escape, 6);
}

static void put_code(struct log_line *line, uint32_t code)
{
    if (code >= 0x10000) {
        put_code_unit(line, 0xd800 + ((code - 0x10000) >> 10));
        put_code_unit(line, 0xdc00 + ((code - 0x10000) & 0x3ff));
    } else {
        put_code_unit(line, code);
    }
}

/* The longest escape of one character; neither it nor the quote after it is cut. */
enum { ESCAPE_MAX = 12 };

static bool has_room(const struct log_line *line)
{
    return line->limit - line->at > ESCAPE_MAX;
}

static bool is_plain(unsigned char c)
{
    return c > ' ' && c < 0x7f && c != '"' && c != '\\' && c != '=';
}

/* RFC 8259 section 7; bytes that are no UTF-8 become U+FFFD. */
static void put_json_string(struct log_line *line, const char *value)
{
    const unsigned char *at = (const unsigned char *)value;
    put(line, "\"", 1);
    while (*at != '\0' && has_room(line)) {
        uint32_t code;
        size_t length = 1;
        if (is_plain(*at) || *at == ' ' || *at == '=') {
            put(line, (const char *)at, 1);
        } else if (*at == '"' || *at == '\\') {
            char escaped[2] = {'\\', (char)*at};
            put(line, escaped, 2);
        } else {
            if (*at < 0x80)
                code = *at;
            else
                length = decode_utf8(at, &code);
            put_code(line, code);
        }
        at += length;
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
                              .limit = buffer + LOG_LINE_MAX - 2 * ESCAPE_MAX,
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
