/* What each server was promised: when it will be asked again. A table of them by the servers'
 * names, and how it goes into a state file (schedule_line.h) and comes out of one. Pure. */
#ifndef AIOPOLL_PROMISES_H
#define AIOPOLL_PROMISES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "config/config.h"
#include "pace/schedule_line.h"

/* Moments are those of clock.h. */
struct promise {
    int64_t due;        /* when the next request leaves */
    int64_t wait;       /* that was granted: from the end of a poll to `due`; -1: there is none */
    int64_t last_delay; /* the last that the server named itself; -1: none */
};

struct promises;

/* None yet, for each of the servers, of which nothing is borrowed. Ends the process where
 * memory is short. */
struct promises *promises_new(const struct server_config *servers, size_t count);
void promises_free(struct promises *promises);

size_t promises_count(const struct promises *promises);

/* Makes the row, which may be one past the last, that of another server, which is promised
 * nothing yet; `name`, from malloc(), is taken over, and NULL makes it nobody's. `url` is
 * promises_url(). */
void promises_name(struct promises *promises, size_t row, char *name, uint32_t url);

/* By what the URL of a server is known again. */
uint32_t promises_url(const struct server_config *server);

/* By the server's index, which is its row. */
const struct promise *promises_get(const struct promises *promises, size_t index);
void promises_set(struct promises *promises, size_t index, const struct promise *promise);

/* Writes the server's line, with moments as they are on a wall clock that was at `zero` when
 * the clock of clock.h was at 0. Returns its length, up to SCHEDULE_LINE_MAX; 0 where there
 * is no promise. */
size_t promises_write(const struct promises *promises, size_t index, int64_t zero, char *out);

/* Where and when a file is read. */
struct promises_now {
    struct schedule_boot boot;
    int64_t now;
};

enum promises_form {
    PROMISES_RIGHT,   /* perhaps with damaged lines */
    PROMISES_VERSION, /* of a version that is not known here */
    PROMISES_FOREIGN, /* no state file, or one whose first line is damaged */
};

struct promises_reading {
    enum promises_form form;
    size_t taken;         /* servers that have a promise now */
    size_t damaged;       /* lines that were ignored, */
    size_t first_damaged; /* of which this is the first, counted from 1 */
};

/* Takes what a file says about servers of the table: of several lines about one the last, and
 * none where the name now stands for another URL. In another boot than the file's the wall
 * clock decides. No promise is taken for longer from now than the wait that was granted,
 * whatever the clocks say. An empty text is right, and says nothing. */
struct promises_reading promises_read(struct promises *promises, const char *text, size_t length,
                                      const struct promises_now *now);

/* What the server's settings allow of a promise: they may have become stricter. */
struct promise promise_within(const struct promise *promise, const struct server_settings *settings,
                              int64_t now);

#endif
