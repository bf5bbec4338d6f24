/* One line of the log, as text or as JSON, put together field by field. Pure.
 *
 * Whatever goes in, the line is one line of printable ASCII, and JSON is valid.
 * What is too long for the line is cut. */
#ifndef AIOPOLL_LOG_LINE_H
#define AIOPOLL_LOG_LINE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "config/setting.h"

/* A line with the longest URL fits. */
enum { LOG_LINE_MAX = 8192 };

struct log_line {
    char *start, *at, *limit; /* `limit` leaves room for the end of the line */
    enum log_format format;
};

/* Begins a line in `buffer`, which has LOG_LINE_MAX bytes. `wall` is the time of
 * day in ns since 1970. For journald, the line begins with its priority and has no
 * time: sd-daemon(3). */
void log_line_begin(struct log_line *line, char *buffer, enum log_format format, bool journald,
                    int64_t wall, enum log_level level, const char *event);

void log_line_string(struct log_line *line, const char *key, const char *value);
void log_line_integer(struct log_line *line, const char *key, int64_t value);
void log_line_seconds(struct log_line *line, const char *key, int64_t ns);

/* A moment, in ns since 1970: RFC 3339, in JSON as a string. */
void log_line_time(struct log_line *line, const char *key, int64_t wall);

/* `true` in JSON, `yes` in text. */
void log_line_true(struct log_line *line, const char *key);

/* Ends the line with a newline; returns its length in all. */
size_t log_line_end(struct log_line *line);

#endif
