#include "config/listen_address.h"

#include <arpa/inet.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "base/http_chars.h"

#define FORM "write HOST:PORT, [IPv6]:PORT or unix:PATH, such as 127.0.0.1:9914"

static const char unix_prefix[] = "unix:";

static bool refuse(char *why, size_t why_size, const char *sentence)
{
    snprintf(why, why_size, "%s", sentence);
    return false;
}

static bool is_unix(const char *text)
{
    return strncmp(text, unix_prefix, sizeof unix_prefix - 1) == 0;
}

static bool read_port(const char *text, in_port_t *port)
{
    unsigned value = 0;
    for (const char *at = text; *at != '\0'; at++) {
        if (!http_is_digit((unsigned char)*at) || at - text == 5)
            return false;
        value = value * 10 + (unsigned)(*at - '0');
    }
    *port = htons((uint16_t)value);
    return *text != '\0' && value <= UINT16_MAX;
}

/* A copy with a NUL, as the system wants it. False: it is too long for an address. */
static bool cut_out(char out[INET6_ADDRSTRLEN], const char *start, const char *end)
{
    size_t length = (size_t)(end - start);
    if (length >= INET6_ADDRSTRLEN)
        return false;
    memcpy(out, start, length);
    out[length] = '\0';
    return true;
}

static bool parse_v6(struct listen_address *address, const char *text, char *why, size_t why_size)
{
    char host[INET6_ADDRSTRLEN];
    struct sockaddr_in6 *v6 = &address->socket.v6;
    const char *end = text + strcspn(text, "%]");
    v6->sin6_family = AF_INET6;
    address->length = sizeof *v6;
    const bool is_v6 =
        cut_out(host, text + 1, end) && inet_pton(AF_INET6, host, &v6->sin6_addr) == 1;
    if (is_v6 && IN6_IS_ADDR_LINKLOCAL(&v6->sin6_addr))
        return refuse(
            why, why_size,
            "link-local addresses are not taken, as they need an interface as well; write "
            "another one, or [::] for all");
    if (!is_v6 || *end != ']')
        return refuse(why, why_size, "write an IPv6 address in the brackets, such as [::1]:9914");
    if (end[1] != ':' || !read_port(end + 2, &v6->sin6_port))
        return refuse(why, why_size,
                      "write a port from 0 to 65535 behind the brackets: [IPv6]:PORT");
    return true;
}

static bool read_v4(const char *start, const char *end, struct in_addr *v4)
{
    static const char localhost[] = "localhost";
    char host[INET6_ADDRSTRLEN];
    if (!cut_out(host, start, end))
        return false;
    return inet_pton(AF_INET, strcasecmp(host, localhost) == 0 ? "127.0.0.1" : host, v4) == 1;
}

static bool parse_v4(struct listen_address *address, const char *text, char *why, size_t why_size)
{
    struct sockaddr_in *v4 = &address->socket.v4;
    const char *colon = strrchr(text, ':');
    v4->sin_family = AF_INET;
    address->length = sizeof *v4;
    if (colon == NULL || strstr(text, "://") != NULL)
        return refuse(why, why_size, FORM);
    if (strchr(text, ':') != colon)
        return refuse(why, why_size, "write an IPv6 address in brackets: [IPv6]:PORT");
    if (colon == text)
        return refuse(why, why_size,
                      "write an address in front of the port: 127.0.0.1, or 0.0.0.0 for all");
    if (!read_v4(text, colon, &v4->sin_addr))
        return refuse(why, why_size,
                      "write an IP address, or localhost: other names are not "
                      "looked up");
    if (!read_port(colon + 1, &v4->sin_port))
        return refuse(why, why_size, "write a port from 0 to 65535 behind the colon");
    return true;
}

static bool parse_unix(struct listen_address *address, const char *path, char *why, size_t why_size)
{
    struct sockaddr_un *local = &address->socket.local;
    size_t length = strlen(path);
    local->sun_family = AF_UNIX;
    address->length = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + length + 1);
    if (length == 0 || text_has_control_character(path, length))
        return refuse(why, why_size,
                      "write a path without control characters behind the colon: unix:PATH");
    if (length >= sizeof local->sun_path) {
        snprintf(why, why_size, "the path has %zu bytes, and %zu is the most", length,
                 sizeof local->sun_path - 1);
        return false;
    }
    memcpy(local->sun_path, path, length + 1);
    return true;
}

bool listen_address_parse(struct listen_address *address, const char *text, char *why,
                          size_t why_size)
{
    *address = (struct listen_address){0};
    if (is_unix(text))
        return parse_unix(address, text + sizeof unix_prefix - 1, why, why_size);
    return *text == '[' ? parse_v6(address, text, why, why_size)
                        : parse_v4(address, text, why, why_size);
}

static bool is_loopback_v4(const uint8_t bytes[4])
{
    return bytes[0] == 127;
}

static bool is_loopback_v6(const struct in6_addr *v6)
{
    return IN6_IS_ADDR_LOOPBACK(v6) ||
           (IN6_IS_ADDR_V4MAPPED(v6) && is_loopback_v4(v6->s6_addr + 12));
}

bool listen_address_is_local(const struct listen_address *address)
{
    switch (address->socket.any.sa_family) {
    case AF_INET: return is_loopback_v4((const uint8_t *)&address->socket.v4.sin_addr);
    case AF_INET6: return is_loopback_v6(&address->socket.v6.sin6_addr);
    default: return true;
    }
}

char *listen_address_text(const struct listen_address *address, char out[LISTEN_ADDRESS_SIZE])
{
    char host[INET6_ADDRSTRLEN] = "?";
    const struct sockaddr_in *v4 = &address->socket.v4;
    const struct sockaddr_in6 *v6 = &address->socket.v6;
    switch (address->socket.any.sa_family) {
    case AF_INET:
        inet_ntop(AF_INET, &v4->sin_addr, host, sizeof host);
        snprintf(out, LISTEN_ADDRESS_SIZE, "%s:%u", host, ntohs(v4->sin_port));
        break;
    case AF_INET6:
        inet_ntop(AF_INET6, &v6->sin6_addr, host, sizeof host);
        snprintf(out, LISTEN_ADDRESS_SIZE, "[%s]:%u", host, ntohs(v6->sin6_port));
        break;
    default:
        snprintf(out, LISTEN_ADDRESS_SIZE, "%s%s", unix_prefix, address->socket.local.sun_path);
    }
    return out;
}

static bool read_unix(const struct written *written, struct pool *pool, const char **out, char *why,
                      size_t why_size)
{
    struct written path = *written;
    char text[LISTEN_ADDRESS_SIZE];
    path.value += sizeof unix_prefix - 1;
    if (!text_read_socket(&path, pool, out, why, why_size))
        return false;
    int length = snprintf(text, sizeof text, "%s%s", unix_prefix, *out);
    *out = pool_text(pool, text, (size_t)length);
    return true;
}

bool text_read_listen(const struct written *written, struct pool *pool, const char **out, char *why,
                      size_t why_size)
{
    struct listen_address address;
    if (is_unix(written->value))
        return read_unix(written, pool, out, why, why_size);
    if (!listen_address_parse(&address, written->value, why, why_size))
        return false;
    *out = pool_text(pool, written->value, strlen(written->value));
    return true;
}
