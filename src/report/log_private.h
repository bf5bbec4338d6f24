/* What the files of the log have in common: log.c is the log itself, and those events have files of
 * their own that have many fields. */
#ifndef AIOPOLL_LOG_PRIVATE_H
#define AIOPOLL_LOG_PRIVATE_H

#include "report/log.h"
#include "report/log_line.h"

/* False: the event is not told, or its line is dropped. Else log_end() follows. */
bool log_begin(struct log *log, struct log_line *line, enum log_level level, const char *event);
void log_end(struct log *log, struct log_line *line);

/* Microseconds are as fine as anybody wants to read it. But what is below zero, as an early
 * request would be, is never shown as nothing. */
int64_t log_rounded(int64_t ns);

#endif
