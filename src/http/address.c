#include "http/address.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

bool address_parse(const char *text, uint16_t port, union address *address)
{
    *address = (union address){0};
    if (inet_pton(AF_INET, text, &address->v4.sin_addr) == 1) {
        address->v4.sin_family = AF_INET;
        address->v4.sin_port = htons(port);
        return true;
    }
    if (inet_pton(AF_INET6, text, &address->v6.sin6_addr) == 1) {
        address->v6.sin6_family = AF_INET6;
        address->v6.sin6_port = htons(port);
        return true;
    }
    return false;
}

static bool is_localhost(const char *host)
{
    static const char name[] = "localhost";
    size_t length = strlen(host), at;
    length -= length > 0 && host[length - 1] == '.';
    if (length < sizeof name - 1)
        return false;
    at = length - (sizeof name - 1);
    return strncasecmp(host + at, name, sizeof name - 1) == 0 && (at == 0 || host[at - 1] == '.');
}

bool address_of_localhost(const char *host, int family, union address *address)
{
    return is_localhost(host) &&
           address_parse(family == AF_INET6 ? "::1" : "127.0.0.1", 0, address);
}

bool address_equal(const union address *a, const union address *b)
{
    if (a->any.sa_family != b->any.sa_family)
        return false;
    if (a->any.sa_family == AF_INET6)
        return a->v6.sin6_port == b->v6.sin6_port && a->v6.sin6_scope_id == b->v6.sin6_scope_id &&
               memcmp(&a->v6.sin6_addr, &b->v6.sin6_addr, sizeof a->v6.sin6_addr) == 0;
    return a->v4.sin_port == b->v4.sin_port && a->v4.sin_addr.s_addr == b->v4.sin_addr.s_addr;
}

char *address_text(const union address *address, char out[ADDRESS_TEXT_SIZE])
{
    char host[INET6_ADDRSTRLEN] = "?";
    if (address->any.sa_family == AF_INET6) {
        inet_ntop(AF_INET6, &address->v6.sin6_addr, host, sizeof host);
        snprintf(out, ADDRESS_TEXT_SIZE, "[%s]:%u", host, ntohs(address->v6.sin6_port));
    } else {
        inet_ntop(AF_INET, &address->v4.sin_addr, host, sizeof host);
        snprintf(out, ADDRESS_TEXT_SIZE, "%s:%u", host, ntohs(address->v4.sin_port));
    }
    return out;
}
