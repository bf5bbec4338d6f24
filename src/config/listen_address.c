#include "config/listen_address.h"

#include <arpa/inet.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include "config/value.h"

static const char unix_prefix[] = "unix:";

enum { PREFIX_LENGTH = sizeof unix_prefix - 1, HOST_MAX = INET6_ADDRSTRLEN };

static bool is_unix(const char *text)
{
    return strncmp(text, unix_prefix, PREFIX_LENGTH) == 0;
}

static bool parse_unix(const char *path, struct listen_address *out)
{
    size_t length = strlen(path);
    if (length == 0 || length >= sizeof out->local.sun_path ||
        text_has_control_character(path, length))
        return false;
    *out = (struct listen_address){.size = sizeof out->local};
    out->local.sun_family = AF_UNIX;
    memcpy(out->local.sun_path, path, length + 1);
    return true;
}

static bool parse_port(const char *text, in_port_t *port)
{
    int64_t number;
    if (strlen(text) > 5 || !value_count(text, &number) || number > UINT16_MAX)
        return false;
    *port = htons((uint16_t)number);
    return true;
}

/* The two parts of HOST:PORT; brackets tell an IPv6 address. */
static bool split(const char *text, char host[HOST_MAX], const char **port, bool *v6)
{
    *v6 = *text == '[';
    const char *start = text + *v6, *end = *v6 ? strchr(start, ']') : strchr(start, ':');
    if (end == NULL || end - start >= HOST_MAX || (*v6 && end[1] != ':'))
        return false;
    memcpy(host, start, (size_t)(end - start));
    host[end - start] = '\0';
    *port = end + 1 + *v6;
    return true;
}

static bool parse_ip(const char *text, struct listen_address *out)
{
    struct listen_address address = {0};
    char host[HOST_MAX];
    const char *port;
    bool v6;
    if (!split(text, host, &port, &v6))
        return false;
    if (v6) {
        address.v6.sin6_family = AF_INET6;
        address.size = sizeof address.v6;
        if (inet_pton(AF_INET6, host, &address.v6.sin6_addr) != 1 ||
            !parse_port(port, &address.v6.sin6_port))
            return false;
    } else {
        const char *literal = strcasecmp(host, "localhost") == 0 ? "127.0.0.1" : host;
        address.v4.sin_family = AF_INET;
        address.size = sizeof address.v4;
        if (inet_pton(AF_INET, literal, &address.v4.sin_addr) != 1 ||
            !parse_port(port, &address.v4.sin_port))
            return false;
    }
    *out = address;
    return true;
}

bool listen_address_parse(const char *text, struct listen_address *out)
{
    return is_unix(text) ? parse_unix(text + PREFIX_LENGTH, out) : parse_ip(text, out);
}

static bool read_unix(const struct written *written, struct pool *pool, const char **out, char *why,
                      size_t why_size)
{
    struct written path = *written;
    const char *absolute;
    path.value += PREFIX_LENGTH;
    if (!text_read_socket(&path, pool, &absolute, why, why_size))
        return false;
    size_t length = strlen(absolute);
    char *text = pool_alloc(pool, PREFIX_LENGTH + length + 1);
    memcpy(text, unix_prefix, PREFIX_LENGTH);
    memcpy(text + PREFIX_LENGTH, absolute, length);
    *out = text;
    return true;
}

bool listen_address_read(const struct written *written, struct pool *pool, const char **out,
                         char *why, size_t why_size)
{
    struct listen_address address;
    if (is_unix(written->value))
        return read_unix(written, pool, out, why, why_size);
    if (!parse_ip(written->value, &address)) {
        snprintf(why, why_size,
                 "write " LISTEN_ADDRESS_FORM "; a name other than localhost is not looked up");
        return false;
    }
    *out = pool_text(pool, written->value, strlen(written->value));
    return true;
}
