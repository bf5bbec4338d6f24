#include "config/url.h"

#include <ctype.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <uriparser/Uri.h>

#include "base/escape.h"
#include "base/xalloc.h"

struct complaint {
    char *text;
    size_t size;
};

/* Notes what is wrong and returns false, so that a check can end with it. */
__attribute__((format(printf, 2, 3))) static bool refuse(struct complaint why, const char *format,
                                                         ...)
{
    va_list args;
    va_start(args, format);
    vsnprintf(why.text, why.size, format, args);
    va_end(args);
    return false;
}

static size_t length_of(UriTextRangeA range)
{
    return range.first == NULL ? 0 : (size_t)(range.afterLast - range.first);
}

static bool is_scheme(UriTextRangeA scheme, const char *name)
{
    return length_of(scheme) == strlen(name) && strncasecmp(scheme.first, name, strlen(name)) == 0;
}

static bool check_scheme(const UriUriA *uri, struct complaint why)
{
    if (is_scheme(uri->scheme, "http"))
        return true;
    if (is_scheme(uri->scheme, "https"))
        return refuse(why,
                      "https needs TLS, which this version does not have; write an http:// URL");
    return refuse(why, "the scheme \"%.*s\" is not http", (int)length_of(uri->scheme),
                  uri->scheme.first);
}

enum { LABEL_MAX = 63 }; /* RFC 1035 section 2.3.4 */

/* A name as it can stand in DNS; RFC 3986 alone would also take "a!b" or "%41". */
static bool is_host_name(const char *name, size_t length)
{
    size_t label = 0;
    for (size_t i = 0; i < length; i++) {
        unsigned char c = (unsigned char)name[i];
        if (!isalnum(c) && c != '-' && c != '_' && c != '.')
            return false;
        label = c == '.' ? 0 : label + 1;
        if (label > LABEL_MAX || (c == '.' && (i == 0 || name[i - 1] == '.')))
            return false;
    }
    return true;
}

/* "127.1" or "10.0.0.256": meant as an address, and looked up as a name in vain. */
static bool ends_in_number(const char *name, size_t length)
{
    size_t digits = 0;
    if (length > 0 && name[length - 1] == '.')
        length--;
    while (digits < length && isdigit((unsigned char)name[length - 1 - digits]))
        digits++;
    return digits != 0 && (digits == length || name[length - 1 - digits] == '.');
}

static bool check_host(const UriUriA *uri, struct complaint why)
{
    const char *host = uri->hostText.first;
    size_t length = length_of(uri->hostText);

    if (length == 0)
        return refuse(why, "it has no host");
    if (length > URL_HOST_MAX)
        return refuse(why, "its host has %zu characters, and %d is the most", length, URL_HOST_MAX);
    if (uri->hostData.ip4 != NULL || uri->hostData.ip6 != NULL)
        return true;
    if (uri->hostData.ipFuture.first != NULL || !is_host_name(host, length))
        return refuse(why, "its host is neither a name nor an IP address");
    if (ends_in_number(host, length))
        return refuse(
            why, "its host looks like an IPv4 address but is not one (four numbers up to 255)");
    return true;
}

static bool read_port(UriTextRangeA text, uint16_t *port, struct complaint why)
{
    unsigned long value = 0;
    for (size_t i = 0; i < length_of(text) && value <= UINT16_MAX; i++)
        value = value * 10 + (unsigned long)(text.first[i] - '0');
    if (length_of(text) == 0)
        value = 80; /* RFC 3986 section 3.2.3: "host:" is "host" */
    if (value == 0 || value > UINT16_MAX)
        return refuse(why, "its port is not from 1 to 65535");
    *port = (uint16_t)value;
    return true;
}

/* Puts the pieces together and notes where each stands. `text` has a scheme. */
static void assemble(struct url *url, const char *text, const UriUriA *uri)
{
    const char *after_authority = strstr(text, "://") + 3;
    after_authority += strcspn(after_authority, "/?#");
    size_t host_length = length_of(uri->hostText);
    bool bracketed = uri->hostData.ip6 != NULL;
    char port[8] = "";

    if (url->port != 80)
        snprintf(port, sizeof port, ":%u", url->port);
    url->text = xasprintf("http://%s%.*s%s%s%s%.*s", bracketed ? "[" : "", (int)host_length,
                          uri->hostText.first, bracketed ? "]" : "", port,
                          *after_authority == '/' ? "" : "/", (int)strcspn(after_authority, "#"),
                          after_authority);
    url->authority = sizeof "http://" - 1;
    url->host = (uint16_t)(url->authority + bracketed);
    url->host_length = (uint16_t)host_length;
    url->target = (uint16_t)(url->host + host_length + bracketed + strlen(port));
}

static bool take_apart(const char *text, const UriUriA *uri, struct url *url, struct complaint why)
{
    if (!check_scheme(uri, why) || !check_host(uri, why) ||
        !read_port(uri->portText, &url->port, why))
        return false;
    if (uri->userInfo.first != NULL)
        return refuse(why, "a user or password in it is not supported");
    assemble(url, text, uri);
    return true;
}

/* `added` characters at the front of `text` are not the user's. */
static bool parse_absolute(const char *text, size_t added, struct url *url, struct complaint why)
{
    UriUriA uri;
    const char *at;
    int error = uriParseSingleUriA(&uri, text, &at);

    if (error == URI_ERROR_SYNTAX && at != NULL && *at != '\0') {
        char quoted[QUOTE_SIZE];
        escape_quote(quoted, sizeof quoted, at, 1);
        return refuse(why, "%s cannot stand at its character %zu (RFC 3986)", quoted,
                      (size_t)(at - text) - added + 1);
    }
    if (error != URI_SUCCESS)
        return refuse(why, error == URI_ERROR_MALLOC ? "memory is short" : "its end is missing");
    bool ok = take_apart(text, &uri, url, why);
    uriFreeUriMembersA(&uri);
    return ok;
}

/* uriparser's complaint of a wrong port points elsewhere. `text` is an authority and
 * what follows it. */
static bool is_port_digits(const char *text)
{
    size_t end = strcspn(text, "/?#"), start = end;
    while (start > 0 && strchr(":]@", text[start - 1]) == NULL)
        start--;
    bool is_port = start > 0 && text[start - 1] == ':';
    return !is_port || strspn(text + start, "0123456789") >= end - start;
}

bool url_parse(const char *text, struct url *url, char *why, size_t why_size)
{
    struct complaint complaint = {why, why_size};
    const char *separator = strstr(text, "://");
    size_t before_path = strcspn(text, "/?#");

    if (*text == '\0')
        return refuse(complaint, "it is empty");
    if (strlen(text) > URL_MAX)
        return refuse(complaint, "it has %zu characters, and %d is the most", strlen(text),
                      URL_MAX);
    bool has_scheme = separator != NULL && separator < text + before_path;
    if (!is_port_digits(has_scheme ? separator + 3 : text))
        return refuse(complaint, "its port is not a number");
    if (has_scheme)
        return parse_absolute(text, 0, url, complaint);
    if (strncasecmp(text, "http:", 5) == 0 || strncasecmp(text, "https:", 6) == 0)
        return refuse(complaint, "after its scheme come two slashes, http://HOST/");

    char *with_scheme = xasprintf("http://%s", text);
    bool ok = parse_absolute(with_scheme, strlen("http://"), url, complaint);
    free(with_scheme);
    return ok;
}

char *url_host(const struct url *url, char out[URL_HOST_MAX + 1])
{
    memcpy(out, url->text + url->host, url->host_length);
    out[url->host_length] = '\0';
    return out;
}

void url_free(struct url *url)
{
    free(url->text);
    url->text = NULL;
}
