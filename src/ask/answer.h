/* What a daemon answers, checked: whoever it is that answers, nothing of it is taken for granted.
 * Pure. */
#ifndef AIOPOLL_ANSWER_H
#define AIOPOLL_ANSWER_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buffer.h"
#include "pace/health.h"

enum { ANSWER_WHY_SIZE = 256, ANSWER_TEXT_MAX = 8192 };

/* One server. Moments are seconds since 1970, by the daemon's clock; NAN: there is none. Texts are
 * of any UTF-8, at most ANSWER_TEXT_MAX bytes, and part of the answer. */
struct answer_server {
    const char *name, *url;
    enum health state;
    double since, last, delay, took, late, next;
    int64_t status;          /* of the last response; 0: there was none */
    const char *error;       /* reason of the last failure; NULL: the last poll was good */
    const char *detail;      /* of that; may be NULL */
    int64_t attempt;         /* how many failures in a row; 0: not known */
    int64_t polls, failures; /* all, and the failed ones of them */
    bool busy;               /* a poll is under way */
};

/* /status.json. */
struct status_answer {
    json_t *root;
    double up, now;               /* how long it has been running, and its wall clock */
    int64_t ok, failing, overdue; /* servers */
    int64_t polls, failures;
    int64_t early;                 /* requests; -1: not told */
    struct answer_server *servers; /* worst first, then by name */
    size_t count;
};

/* /servers/NAME.json. */
struct server_answer {
    json_t *root;
    double now;
    struct answer_server server;
    const json_t *why;     /* an array of strings */
    const json_t *explain; /* an object, or NULL */
};

/* Reads the answer. False: it is no such thing, and a sentence in `why` tells why, printable; then
 * there is nothing to free. */
bool status_answer_read(struct status_answer *answer, const char *bytes, size_t length,
                        char why[ANSWER_WHY_SIZE]);
bool server_answer_read(struct server_answer *answer, const char *bytes, size_t length,
                        char why[ANSWER_WHY_SIZE]);

void status_answer_free(struct status_answer *answer);
void server_answer_free(struct server_answer *answer);

/* Appends an answer that was read, which ends in a NUL, as one line of printable ASCII; its numbers
 * stay as they are written. */
void answer_line(struct buffer *out, const char *bytes, size_t length);

#endif
