#include "report/notify_text.h"

#include <stdio.h>
#include <string.h>

#include "base/duration.h"
#include "base/escape.h"
#include "config/value.h"

/* Of a sentence about a problem: what stands behind it has to fit as well. */
enum { SENTENCE_SIZE = 700 };

bool notify_address(const char *text, struct sockaddr_un *address, socklen_t *length)
{
    size_t size = strlen(text);
    if ((*text != '/' && *text != '@') || size < 2 || size >= sizeof address->sun_path)
        return false;
    *address = (struct sockaddr_un){.sun_family = AF_UNIX};
    memcpy(address->sun_path, text, size);
    if (*text == '@') /* such a name ends where the address does */
        address->sun_path[0] = '\0';
    else
        size++;
    *length = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + size);
    return true;
}

int64_t notify_watchdog_span(const char *usec, const char *pid, long own)
{
    int64_t span, watched;
    if (usec == NULL || !value_count(usec, &span) || span > INT64_MAX / MICROSECOND)
        return 0;
    if (pid != NULL && (!value_count(pid, &watched) || watched != own))
        return 0;
    return span * MICROSECOND;
}

/* As coarse as it may be when it is read: it need not be told again as long as it is the same. */
static void write_next(char *out, size_t size, int64_t ns)
{
    if (ns < 10 * SECOND)
        snprintf(out, size, ", next in %.1f s", ns < 0 ? 0 : (double)ns / SECOND);
    else if (ns < 2 * MINUTE)
        snprintf(out, size, ", next in %d s", (int)(ns / SECOND));
    else if (ns < 2 * HOUR)
        snprintf(out, size, ", next in %d min", (int)(ns / MINUTE));
    else if (ns < INT64_MAX)
        snprintf(out, size, ", next in %lld h", (long long)(ns / HOUR));
}

/* Quotes and backslashes stay as they are: within a sentence they have been escaped before. */
static void write_sentence(char out[SENTENCE_SIZE], const char *sentence)
{
    size_t at = 0;
    for (; *sentence != '\0' && at + sizeof "\\xHH..." <= SENTENCE_SIZE; sentence++) {
        if (*sentence >= ' ' && *sentence < 0x7f)
            out[at++] = *sentence;
        else
            at += escape_byte(out + at, (unsigned char)*sentence);
    }
    strcpy(out + at, *sentence == '\0' ? "" : "...");
}

char *notify_status_text(char out[NOTIFY_STATUS_SIZE], const struct notify_status *status)
{
    char next[64] = "", sentence[SENTENCE_SIZE];
    write_next(next, sizeof next, status->next);
    int length = snprintf(out, NOTIFY_STATUS_SIZE, "%zu ok, %zu failing, %zu overdue%s", status->ok,
                          status->failing, status->overdue, next);
    if (status->problems == 0)
        return out;
    write_sentence(sentence, status->first);
    snprintf(out + length, NOTIFY_STATUS_SIZE - (size_t)length,
             "; the new configuration has %zu problem%s: %s; the old one is in use",
             status->problems, status->problems == 1 ? "" : "s, the first", sentence);
    return out;
}
