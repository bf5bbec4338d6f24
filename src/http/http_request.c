#include "http/http_request.h"

#include <string.h>

static char *append(char *at, const char *bytes, size_t length)
{
    memcpy(at, bytes, length);
    return at + length;
}

size_t http_request_write(char out[HTTP_REQUEST_MAX], const struct url *url, bool close)
{
    static const char agent[] = "\r\nUser-Agent: aiopoll/" AIOPOLL_VERSION "\r\nAccept: */*\r\n";
    static const char closing[] = "Connection: close\r\n";
    const char *target = url->text + url->target;
    char *at = out;

    at = append(at, "GET ", 4);
    at = append(at, target, strlen(target));
    at = append(at, " HTTP/1.1\r\nHost: ", 17);
    at = append(at, url->text + url->authority, url_authority_length(url));
    at = append(at, agent, sizeof agent - 1);
    if (close)
        at = append(at, closing, sizeof closing - 1);
    at = append(at, "\r\n", 2);
    return (size_t)(at - out);
}
