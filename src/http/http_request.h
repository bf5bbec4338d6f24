/* A request's bytes (RFC 9112 section 3). Pure. */
#ifndef AIOPOLL_HTTP_REQUEST_H
#define AIOPOLL_HTTP_REQUEST_H

#include <stdbool.h>
#include <stddef.h>

#include "config/url.h"

/* Room for any request. */
enum { HTTP_REQUEST_MAX = 2 * URL_MAX + 512 };

/* Writes a GET for `url` and returns its length. `close`: say that no further
 * request will use the connection (RFC 9112 section 9.6). */
size_t http_request_write(char out[HTTP_REQUEST_MAX], const struct url *url, bool close);

#endif
