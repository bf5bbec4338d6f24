/* A request's bytes (RFC 9112 section 3). Pure. */
#ifndef AIOPOLL_HTTP_REQUEST_H
#define AIOPOLL_HTTP_REQUEST_H

#include <stdbool.h>
#include <stddef.h>

#include "config/setting.h"
#include "config/url.h"

/* All is borrowed. The settings are as the config has checked them: at most
 * REQUEST_CONTENT_MAX bytes, one Host, and no field that frames the message. */
struct http_request {
    enum method method;
    const struct url *url;
    const struct server_settings *settings; /* of fields, authorization and body */
    bool with_body; /* false: a redirect has turned a POST into a GET; then no Content-* either */
    bool foreign;   /* to another origin than the settings are for: nothing secret is sent */
    bool close;     /* no further request will use the connection (RFC 9112 section 9.6) */
};

/* Room for any request: each byte of the settings' content might be the name of a
 * field of its own, with four bytes around it. */
enum { HTTP_REQUEST_MAX = 2 * URL_MAX + 5 * REQUEST_CONTENT_MAX + 512 };

/* Writes the request and returns its length. POST and PUT always have a
 * Content-Length, other methods neither that nor a body (RFC 9110 section 8.6). */
size_t http_request_write(char out[HTTP_REQUEST_MAX], const struct http_request *request);

#endif
