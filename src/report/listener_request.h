/* The bytes of one request in, what it asks for out (RFC 9112). Pure.
 *
 * Nothing is trusted: every size is bounded, only what RFC 9112 allows is taken, and only a request
 * without a body. The result is the same however the bytes are cut, and with every llhttp from 8.1
 * to 9.x. */
#ifndef AIOPOLL_LISTENER_REQUEST_H
#define AIOPOLL_LISTENER_REQUEST_H

#include <llhttp.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "http/http_field.h"
#include "http/http_lines.h"

enum {
    LISTENER_LINE_MAX = 2 << 10,   /* bytes of the request line, with its end */
    LISTENER_HEADER_MAX = 8 << 10, /* of that and all fields; these are HTTP_FIELDS_MAX at most */
};

struct listener_request {
    bool complete;   /* the members up to `if_none_match` are final */
    int refused;     /* 0 while all is well, else the status of the response, after which nothing
                      * more is to be read */
    const char *why; /* with that; to go on behind "The request is refused: " */
    bool head;       /* the method is HEAD, else GET */
    bool is_1_0;     /* HTTP/1.0, else 1.1 */
    bool keep_alive; /* the client may send another one (RFC 9112 section 9.3) */
    const char *path, *query; /* see listener_target.h */
    struct http_field if_none_match;

    /* Private. */
    llhttp_t parser;
    struct http_lines lines;
    struct http_field_line line; /* a field that is being read */
    struct http_field fields[2];
    char text[LISTENER_LINE_MAX + 1]; /* the request line */
    size_t bytes;                     /* read */
    size_t length, target, version;   /* of `text`; where these begin */
    uint8_t state;                    /* enum state of listener_request.c */
    bool in_fields, header_read;
    bool any_host;
    bool has_host; /* in its target */
};

/* `any_host`: a Host that is a name is taken, too; see listener_host_read(). */
void listener_request_init(struct listener_request *request, bool any_host);

/* Takes the next bytes and returns how many belong to the request; what is left over is none of
 * it. Call it until `complete` or `refused` is set. */
size_t listener_request_feed(struct listener_request *request, const char *bytes, size_t length);

/* The first reason counts. `why` outlives the request. */
void listener_request_refuse(struct listener_request *request, int status, const char *why);

#endif
