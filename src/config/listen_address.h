/* Where aiopoll can be asked how it is: HOST:PORT, [IPv6]:PORT or unix:PATH. Pure.
 *
 * HOST is an IPv4 address, or "localhost", which is 127.0.0.1. Other names are not taken: what a
 * name means may change, and to find out may take long. Nor are link-local addresses, which need
 * an interface as well. Port 0 is one that the kernel chooses. */
#ifndef AIOPOLL_LISTEN_ADDRESS_H
#define AIOPOLL_LISTEN_ADDRESS_H

#include <netinet/in.h>
#include <stdbool.h>
#include <stddef.h>
#include <sys/socket.h>
#include <sys/un.h>

#include "config/text.h"

struct listen_address {
    union {
        struct sockaddr any;
        struct sockaddr_in v4;
        struct sockaddr_in6 v6;
        struct sockaddr_un local;
    } socket;
    socklen_t length; /* of `socket` */
};

/* Room for any address as text. */
enum { LISTEN_ADDRESS_SIZE = sizeof(struct sockaddr_un) + 8 };

/* False: `text` is none, and `why` has a sentence that does not quote it and says what would be
 * right. */
bool listen_address_parse(struct listen_address *address, const char *text, char *why,
                          size_t why_size);

/* Whether only processes of this machine can come there: loopback, or a socket in the file
 * system. */
bool listen_address_is_local(const struct listen_address *address);

/* As it is written. Returns `out`. */
char *listen_address_text(const struct listen_address *address, char out[LISTEN_ADDRESS_SIZE]);

/* The value of a key: the path of unix:PATH is read like others, see text_read_path(). */
text_reader text_read_listen;

#endif
