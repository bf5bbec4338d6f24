/* One HTTP client for one URL: a request at a time, on a connection that is kept
 * between them (RFC 9112 section 9).
 *
 * Happy path: http_send() writes on the idle connection, or opens one; the bytes go
 * through http_response.h; the callback comes; the connection waits for the next
 * request, up to keep-alive. What comes unasked, or after the end of a response,
 * closes the connection. Where a kept connection turns out to be gone before a
 * byte of the answer came, the request is sent once more on a fresh one, unless it
 * is a POST (RFC 9110 section 9.2.2), or the last one had no answer either. Redirects are followed;
 * where they lead to another origin, that one has a connection of its own, which is kept as well.
 *
 * Where no connection is kept until a request is due, http_prepare() opens one before, and the
 * request finds it open. What goes wrong with it until then is nobody's failure: the request
 * opens another. */
#ifndef AIOPOLL_HTTP_CLIENT_H
#define AIOPOLL_HTTP_CLIENT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "config/setting.h"
#include "config/url.h"
#include "http/conn.h"
#include "http/failure.h"
#include "http/http_response.h"

/* Valid during the callback. Moments are those of clock_now(). */
struct http_result {
    struct failure failure; /* FAILURE_NONE: a whole response came, whatever its status */
    int status;             /* of the last response; 0 where no status line was read */
    const struct http_response *response; /* where there is no failure; else NULL */
    /* Of the last response, whatever became of it; ABSENT where there was none. */
    struct http_field date, retry_after;
    int64_t started;    /* http_send() */
    int64_t sent;       /* just before the first byte went to the kernel, or -1 */
    int64_t finished;   /* the last byte of the response had come, or it had failed */
    bool reused;        /* on a kept connection */
    bool prepared;      /* on one that was opened before http_send(), by http_prepare() */
    int64_t lead;       /* ns from http_prepare() to the moment named there; 0: it was not called */
    unsigned redirects; /* followed */
    const char *note;   /* a sentence on what was unusual, printable, or NULL */
};

struct http_client;
struct http_detour;
typedef void http_callback(struct http_client *client, const struct http_result *result);

/* Between two requests the kept connection has ended: http_lead() is another one now. */
typedef void http_lost_callback(struct http_client *client);

/* To be embedded; container_of() leads back to the owner. */
struct http_client {
    const struct url *url;
    const struct server_settings *settings;
    struct tls_contexts *tls;
    struct conn conn;           /* to the origin of `url` */
    struct http_detour *detour; /* NULL until a redirect leads elsewhere */
    struct wakeup limit;        /* of the request, or of the idle connections */
    /* Of the request; while it waits, what is left until then; between two, of `conn`. */
    int64_t deadline;
    struct http_response *response; /* of the request under way, else NULL */
    http_callback *callback;
    http_lost_callback *lost;
    int64_t started, sent;
    int64_t lead; /* as in the result: not 0 from http_prepare() until the request is over */
    bool busy;    /* a request is under way */
    bool reused, prepared;
    bool on_older;    /* its connection is older than the request, or was begun before it */
    bool bodyless;    /* a redirect has turned it into a GET */
    bool unreachable; /* the last request could not be sent */
    bool answered;    /* it had a whole response */
    uint8_t method;
    uint8_t redirects; /* followed */
};

enum { HTTP_CLIENT_WAKEUPS = CONN_WAKEUPS + 1 }; /* to be reserved for each client */

/* `url`, `settings` and `tls`, their contexts, are borrowed for the client's life. No resource is
 * held. */
void http_client_init(struct http_client *client, struct http_env *env, const struct url *url,
                      const struct server_settings *settings, struct tls_contexts *tls,
                      http_lost_callback *lost);

/* How long before a request that will be due then, http_prepare() is to be called, in ns. 0: not
 * at all, as a connection is kept until then, or it is not wanted. Nor is it after a request that
 * could not be sent: a server in trouble would be connected to twice for each. */
int64_t http_lead(const struct http_client *client, int64_t due);

/* Between two requests: opens a connection for the one that is due then. It is tried once, and
 * there is no callback, whatever becomes of it. What is left of it when no request comes is
 * closed by http_client_close(). */
void http_prepare(struct http_client *client, int64_t due);

/* Sends the request of the settings. `callback` comes once, from the loop and never from
 * within this call, within settings->timeout; it may end the client.
 *
 * A connection that http_prepare() is still opening is waited for: from here on it has
 * connect-timeout, as a fresh one would, and where it fails before, a fresh one is opened. */
void http_send(struct http_client *client, http_callback *callback);

/* Whether a connection that is kept or being prepared is as these settings and contexts would have
 * it. */
bool http_client_fits(const struct http_client *client, const struct server_settings *settings,
                      const struct tls_contexts *tls);

/* Between two requests: from here on other settings hold, and another URL of the same origin,
 * whose text may be different memory. What was borrowed before is used no more. A connection that
 * is kept or being prepared goes on: where it does not fit, http_client_close() comes before. */
void http_client_retarget(struct http_client *client, const struct url *url,
                          const struct server_settings *settings, struct tls_contexts *tls);

/* Ends the request under way: its callback comes within this call, with FAILURE_CANCELED and
 * this detail. Without one, nothing happens. */
void http_cancel(struct http_client *client, const char *detail);

/* Whether the request under way will not end by itself, for all that can be seen at `moment`: its
 * time limit should have ended it before then, or cannot any more; or it waits for a descriptor
 * that nobody gives back. NULL: no; else a sentence. */
const char *http_stuck(const struct http_client *client, int64_t moment);

/* Lets go of all it holds. The client can be used again, or forgotten. */
void http_client_close(struct http_client *client);

#endif
