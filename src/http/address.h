/* An IP address with a port, as sockets want it. */
#ifndef AIOPOLL_ADDRESS_H
#define AIOPOLL_ADDRESS_H

#include <netinet/in.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

union address {
    struct sockaddr any;
    struct sockaddr_in v4;
    struct sockaddr_in6 v6;
};

/* Room for "[IPv6]:port". */
enum { ADDRESS_TEXT_SIZE = INET6_ADDRSTRLEN + 8 };

/* Reads an IPv4 or IPv6 address without brackets. False: it is a name. */
bool address_parse(const char *text, uint16_t port, union address *address);

/* The loopback address of AF_INET or AF_INET6, port 0. False: `host` is not "localhost", nor
 * below it, which a resolver answers without asking anybody (RFC 6761 section 6.3). */
bool address_of_localhost(const char *host, int family, union address *address);

/* Family, address, port and zone. */
bool address_equal(const union address *a, const union address *b);

/* "127.0.0.1:80" or "[::1]:80". Returns `out`. */
char *address_text(const union address *address, char out[ADDRESS_TEXT_SIZE]);

#endif
