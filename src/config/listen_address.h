/* Where the status and the metrics are served, and asked for: HOST:PORT, [v6]:PORT or unix:PATH.
 * Pure. */
#ifndef AIOPOLL_LISTEN_ADDRESS_H
#define AIOPOLL_LISTEN_ADDRESS_H

#include <netinet/in.h>
#include <stdbool.h>
#include <sys/socket.h>
#include <sys/un.h>

#include "config/text.h"

/* As bind() and connect() want it: any.sa_family says which one it is. */
struct listen_address {
    union {
        struct sockaddr any;
        struct sockaddr_in v4;
        struct sockaddr_in6 v6;
        struct sockaddr_un local; /* AF_UNIX; its path ends in a NUL */
    };
    socklen_t size;
};

/* Takes IP addresses and "localhost", which is 127.0.0.1; no name is looked up. Port 0 is the
 * kernel's choice. False: it is none of the three forms, and *out is as it was. */
bool listen_address_parse(const char *text, struct listen_address *out);
#define LISTEN_ADDRESS_FORM                                                                        \
    "an address such as 127.0.0.1:9914, [::1]:9914 or unix:/run/aiopoll.sock"

/* The same form; a relative path of a socket is taken as text_read_path does. */
text_reader listen_address_read;

#endif
