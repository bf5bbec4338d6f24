/* Why a poll failed: a fixed list, for logs, metrics and scripts. Pure. */
#ifndef AIOPOLL_FAILURE_H
#define AIOPOLL_FAILURE_H

enum failure_reason {
    FAILURE_NONE,
    FAILURE_DNS,       /* the name was not found, or nobody answered */
    FAILURE_CONNECT,   /* no address could be connected to */
    FAILURE_TLS,       /* no secure connection, or not with the server that was meant */
    FAILURE_TIMEOUT,   /* the whole poll took too long */
    FAILURE_CLOSED,    /* the connection ended before the response did */
    FAILURE_PROTOCOL,  /* what came is not HTTP/1 as RFC 9112 has it */
    FAILURE_TOO_LARGE, /* more than max-body, or than the limits of http_response.h */
    FAILURE_REDIRECT,  /* 301, 302, 303, 307 or 308 that is not followed */
    FAILURE_STATUS,    /* any other status that is not 2xx */
    FAILURE_NO_DELAY,  /* a good response that names no delay */
    FAILURE_CANCELED,  /* aiopoll was told to stop */
};

/* As in the documentation: "dns", "no-delay", ... */
const char *failure_name(enum failure_reason reason);

struct failure {
    enum failure_reason reason;
    int code;           /* libuv's or c-ares' error code, 0 where there is none */
    const char *detail; /* a sentence, printable; valid as long as the owner says */
};

#endif
