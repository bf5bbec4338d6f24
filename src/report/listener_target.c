#include "report/listener_target.h"

#include <arpa/inet.h>
#include <stddef.h>
#include <string.h>
#include <strings.h>

#include "base/http_chars.h"

static int digit_of(char c)
{
    static const char digits[] = "0123456789abcdef";
    const char *at = c == '\0' ? NULL : strchr(digits, c | 0x20);
    return at == NULL ? -1 : (int)(at - digits);
}

/* The byte that an escape stands for; below 0: it is none. */
static int unescape(const char *escape)
{
    int high = digit_of(escape[1]);
    int low = high < 0 ? -1 : digit_of(escape[2]);
    return low < 0 ? -1 : high * 16 + low;
}

static bool has_dot_segment(const char *path)
{
    for (const char *slash = strchr(path, '/'); slash != NULL; slash = strchr(slash + 1, '/')) {
        const char *segment = slash + 1;
        size_t length = strcspn(segment, "/");
        if ((length == 1 || length == 2) && strspn(segment, ".") >= length)
            return true;
    }
    return false;
}

/* In place, as nothing gets longer. */
static const char *decode(char *path)
{
    char *out = path;
    for (const char *at = path; *at != '\0'; at++) {
        int byte = *at == '%' ? unescape(at) : (unsigned char)*at;
        if (byte < 0)
            return "an escape in its path is not % and two hexadecimal digits";
        if (byte < ' ' || byte == 0x7f)
            return "a control character stands in its path";
        if (*at == '%' && byte == '/')
            return "an escaped slash stands in its path";
        at += *at == '%' ? 2 : 0;
        *out++ = (char)byte;
    }
    *out = '\0';
    return has_dot_segment(path) ? "its path has a segment of dots" : NULL;
}

static const char *read_path(struct listener_target *target, char *path)
{
    char *question = strchr(path, '?');
    if (question != NULL) {
        *question = '\0';
        target->query = question + 1;
    }
    target->path = *path == '\0' ? "/" : path;
    return decode(path);
}

/* What follows the scheme: the host is moved to the front, to have room for a NUL. */
static const char *read_url(struct listener_target *target, char *text, char *rest)
{
    size_t host = 0;
    for (; *rest != '\0' && *rest != '/' && *rest != '?'; rest++)
        text[host++] = *rest;
    text[host] = '\0';
    target->host = text;
    return read_path(target, rest);
}

const char *listener_target_read(struct listener_target *target, char *text)
{
    static const char scheme[] = "http://";
    *target = (struct listener_target){0};
    if (*text == '/')
        return read_path(target, text);
    if (strncasecmp(text, scheme, sizeof scheme - 1) != 0)
        return "its target is neither a path nor a URL of http";
    return read_url(target, text, text + sizeof scheme - 1);
}

static bool is_port(const char *text)
{
    return *text == '\0' || (*text == ':' && strspn(text + 1, "0123456789") == strlen(text + 1));
}

static enum listener_host read_v6(const char *host)
{
    char text[INET6_ADDRSTRLEN];
    struct in6_addr address;
    size_t length = strcspn(host + 1, "]");
    if (length >= sizeof text || host[length + 1] != ']' || !is_port(host + length + 2))
        return LISTENER_HOST_MALFORMED;
    memcpy(text, host + 1, length);
    text[length] = '\0';
    return inet_pton(AF_INET6, text, &address) == 1 ? LISTENER_HOST_OWN : LISTENER_HOST_MALFORMED;
}

static bool is_v4(const char *host, size_t length)
{
    char text[INET_ADDRSTRLEN];
    struct in_addr address;
    if (length >= sizeof text)
        return false;
    memcpy(text, host, length);
    text[length] = '\0';
    return inet_pton(AF_INET, text, &address) == 1;
}

enum listener_host listener_host_read(const char *host)
{
    static const char localhost[] = "localhost";
    size_t length = 0;
    if (*host == '[')
        return read_v6(host);
    while (http_is_token((unsigned char)host[length]))
        length++;
    if (length == 0 || !is_port(host + length))
        return LISTENER_HOST_MALFORMED;
    if (is_v4(host, length) ||
        (length == sizeof localhost - 1 && strncasecmp(host, localhost, length) == 0))
        return LISTENER_HOST_OWN;
    return LISTENER_HOST_NAME;
}
