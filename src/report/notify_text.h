/* What the service manager says in the environment, and what it is told in words: the notations
 * of sd_notify(3) and sd_watchdog_enabled(3). Pure. */
#ifndef AIOPOLL_NOTIFY_TEXT_H
#define AIOPOLL_NOTIFY_TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>
#include <sys/un.h>

/* Reads $NOTIFY_SOCKET: an absolute path, or '@' and an abstract name. Returns whether it is one;
 * then it fills the address and its length. */
bool notify_address(const char *text, struct sockaddr_un *address, socklen_t *length);

/* Reads $WATCHDOG_USEC and $WATCHDOG_PID, each of which may be NULL. Returns within how many ns
 * the process `own` has to show that it works; 0: it is not watched, or what stands there is not
 * right. */
int64_t notify_watchdog_span(const char *usec, const char *pid, long own);

struct notify_status {
    size_t ok, failing, overdue;
    int64_t next;      /* ns until the next poll; below 0: as good as 0; INT64_MAX: not known */
    size_t problems;   /* of the configuration that was read last; 0: it is in use */
    const char *first; /* of these, in words */
};

/* With the final NUL. */
enum { NOTIFY_STATUS_SIZE = 1000 };

/* Writes one line of printable ASCII to `out`, and returns it. What is too long is cut. */
char *notify_status_text(char out[NOTIFY_STATUS_SIZE], const struct notify_status *status);

#endif
