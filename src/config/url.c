#include "config/url.h"

#include <arpa/inet.h>
#include <ctype.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <uriparser/Uri.h>

#include "base/escape.h"

#define MEMORY_IS_SHORT "memory is short"

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

static bool check_scheme(const UriUriA *uri, bool *https, struct complaint why)
{
    *https = is_scheme(uri->scheme, "https");
    if (!*https && !is_scheme(uri->scheme, "http"))
        return refuse(why, "the scheme \"%.*s\" is not http", (int)length_of(uri->scheme),
                      uri->scheme.first);
#ifndef HAVE_TLS
    if (*https)
        return refuse(why, "https needs TLS, which this build does not have; write an http:// URL");
#endif
    return true;
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

static bool check_name(const char *name, size_t length, struct complaint why)
{
    if (length == 0)
        return refuse(why, "it has no host");
    if (length > URL_HOST_MAX)
        return refuse(why, "its host has %zu characters, and %d is the most", length, URL_HOST_MAX);
    if (!is_host_name(name, length))
        return refuse(why, "its host is neither a name nor an IP address");
    if (ends_in_number(name, length))
        return refuse(
            why, "its host looks like an IPv4 address but is not one (four numbers up to 255)");
    return true;
}

static bool check_host(const UriUriA *uri, struct complaint why)
{
    if (uri->hostData.ip4 != NULL || uri->hostData.ip6 != NULL)
        return true;
    if (uri->hostData.ipFuture.first != NULL)
        return refuse(why, "its host is neither a name nor an IP address");
    return check_name(uri->hostText.first, length_of(uri->hostText), why);
}

bool url_is_host(const char *text)
{
    char address[sizeof(struct in6_addr)];
    return inet_pton(AF_INET, text, address) == 1 || inet_pton(AF_INET6, text, address) == 1 ||
           check_name(text, strlen(text), (struct complaint){NULL, 0});
}

static uint16_t default_port(bool https)
{
    return https ? 443 : 80;
}

static bool read_port(UriTextRangeA text, bool https, uint16_t *port, struct complaint why)
{
    unsigned long value = 0;
    for (size_t i = 0; i < length_of(text) && value <= UINT16_MAX; i++)
        value = value * 10 + (unsigned long)(text.first[i] - '0');
    if (length_of(text) == 0)
        value = default_port(https); /* RFC 3986 section 3.2.3: "host:" is "host" */
    if (value == 0 || value > UINT16_MAX)
        return refuse(why, "its port is not from 1 to 65535");
    *port = (uint16_t)value;
    return true;
}

/* Puts the pieces together and notes where each stands. `text` has a scheme. */
static bool assemble(struct url *url, const char *text, const UriUriA *uri, struct complaint why)
{
    const char *scheme = url->https ? "https://" : "http://";
    const char *after_authority = strstr(text, "://") + 3;
    after_authority += strcspn(after_authority, "/?#");
    size_t host_length = length_of(uri->hostText);
    bool bracketed = uri->hostData.ip6 != NULL;
    char port[8] = "";

    if (url->port != default_port(url->https))
        snprintf(port, sizeof port, ":%u", url->port);
    if (asprintf(&url->text, "%s%s%.*s%s%s%s%.*s", scheme, bracketed ? "[" : "", (int)host_length,
                 uri->hostText.first, bracketed ? "]" : "", port,
                 *after_authority == '/' ? "" : "/", (int)strcspn(after_authority, "#"),
                 after_authority) < 0)
        return refuse(why, MEMORY_IS_SHORT);
    url->authority = (uint16_t)strlen(scheme);
    url->host = (uint16_t)(url->authority + bracketed);
    url->host_length = (uint16_t)host_length;
    url->target = (uint16_t)(url->host + host_length + bracketed + strlen(port));
    return true;
}

/* Fills *userinfo, or refuses one where that is NULL. */
static bool take_userinfo(const UriUriA *uri, char **userinfo, struct complaint why)
{
    if (userinfo == NULL)
        return uri->userInfo.first == NULL ||
               refuse(why, "a user or password in it is not supported here");
    *userinfo = NULL;
    if (uri->userInfo.first == NULL)
        return true;
    *userinfo = strndup(uri->userInfo.first, length_of(uri->userInfo));
    return *userinfo != NULL || refuse(why, MEMORY_IS_SHORT);
}

static bool take_apart(const char *text, const UriUriA *uri, struct url *url, char **userinfo,
                       struct complaint why)
{
    struct url result;
    if (!check_scheme(uri, &result.https, why) || !check_host(uri, why) ||
        !read_port(uri->portText, result.https, &result.port, why) ||
        !take_userinfo(uri, userinfo, why))
        return false;
    if (assemble(&result, text, uri, why)) {
        *url = result;
        return true;
    }
    if (userinfo != NULL)
        free(*userinfo);
    return false;
}

/* Reads a URL or a reference; to be freed where that worked. `added` characters at the
 * front of `text` are not the user's. */
static bool parse(const char *text, size_t added, UriUriA *uri, struct complaint why)
{
    const char *at, *sign = strrchr(text, '@');
    int error = uriParseSingleUriA(uri, text, &at);

    if (error == URI_SUCCESS)
        return true;
    if (error == URI_ERROR_MALLOC)
        return refuse(why, MEMORY_IS_SHORT);
    if (error != URI_ERROR_SYNTAX || at == NULL || *at == '\0')
        return refuse(why, "its end is missing");
    if (at < sign) /* perhaps of a password: it is not told */
        return refuse(why, "a character before its '@' cannot stand there (RFC 3986); write %%HH");
    char quoted[QUOTE_SIZE];
    escape_quote(quoted, sizeof quoted, at, 1);
    return refuse(why, "%s cannot stand at its character %zu (RFC 3986)", quoted,
                  (size_t)(at - text) - added + 1);
}

static bool parse_absolute(const char *text, size_t added, struct url *url, char **userinfo,
                           struct complaint why)
{
    UriUriA uri;
    if (!parse(text, added, &uri, why))
        return false;
    bool ok = take_apart(text, &uri, url, userinfo, why);
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

static bool parse_bare(const char *text, struct url *url, char **userinfo, struct complaint why)
{
    char *with_scheme;
    if (asprintf(&with_scheme, "http://%s", text) < 0)
        return refuse(why, MEMORY_IS_SHORT);
    bool ok = parse_absolute(with_scheme, strlen("http://"), url, userinfo, why);
    explicit_bzero(with_scheme, strlen(with_scheme)); /* a password may be in it */
    free(with_scheme);
    return ok;
}

static bool check_length(size_t length, struct complaint why)
{
    return length <= URL_MAX ||
           refuse(why, "it has %zu characters, and %d is the most", length, URL_MAX);
}

bool url_parse(const char *text, struct url *url, char **userinfo, char *why, size_t why_size)
{
    struct complaint complaint = {why, why_size};
    const char *separator = strstr(text, "://");
    size_t before_path = strcspn(text, "/?#");

    if (*text == '\0')
        return refuse(complaint, "it is empty");
    if (!check_length(strlen(text), complaint))
        return false;
    bool has_scheme = separator != NULL && separator < text + before_path;
    if (!is_port_digits(has_scheme ? separator + 3 : text))
        return refuse(complaint, "its port is not a number");
    if (has_scheme)
        return parse_absolute(text, 0, url, userinfo, complaint);
    if (strncasecmp(text, "http:", 5) == 0 || strncasecmp(text, "https:", 6) == 0)
        return refuse(complaint, "after its scheme come two slashes, http://HOST/");
    return parse_bare(text, url, userinfo, complaint);
}

/* The text of `uri`, to be freed. NULL: memory is short. */
static char *recompose(const UriUriA *uri)
{
    int length;
    if (uriToStringCharsRequiredA(uri, &length) != URI_SUCCESS)
        return NULL;
    char *text = malloc((size_t)length + 1);
    if (text == NULL || uriToStringA(text, uri, length + 1, NULL) == URI_SUCCESS)
        return text;
    free(text);
    return NULL;
}

/* The host is taken from `uri`, not from its text: an IPv6 address has another form there. */
static bool take_resolved(const UriUriA *uri, struct url *out, struct complaint why)
{
    char *text = recompose(uri);
    if (text == NULL)
        return refuse(why, MEMORY_IS_SHORT);
    bool ok = check_length(strlen(text), why) && take_apart(text, uri, out, NULL, why);
    free(text);
    return ok;
}

static bool resolve(const UriUriA *base, const UriUriA *reference, struct url *out,
                    struct complaint why)
{
    UriUriA absolute;
    int error = uriAddBaseUriExA(&absolute, reference, base, URI_RESOLVE_STRICTLY);
    if (error != URI_SUCCESS)
        return refuse(why, error == URI_ERROR_MALLOC ? MEMORY_IS_SHORT : "it leads nowhere");
    bool ok = take_resolved(&absolute, out, why);
    uriFreeUriMembersA(&absolute);
    return ok;
}

bool url_resolve(const struct url *base, const char *reference, struct url *out, char *why,
                 size_t why_size)
{
    struct complaint complaint = {why, why_size};
    UriUriA base_uri, reference_uri;

    if (!check_length(strlen(reference), complaint) ||
        !parse(reference, 0, &reference_uri, complaint))
        return false;
    bool ok = parse(base->text, 0, &base_uri, complaint);
    if (ok) {
        ok = resolve(&base_uri, &reference_uri, out, complaint);
        uriFreeUriMembersA(&base_uri);
    }
    uriFreeUriMembersA(&reference_uri);
    return ok;
}

bool url_same_origin(const struct url *a, const struct url *b)
{
    return a->https == b->https && a->port == b->port && a->host_length == b->host_length &&
           strncasecmp(a->text + a->host, b->text + b->host, a->host_length) == 0;
}

char *url_host(const struct url *url, char out[URL_HOST_MAX + 1])
{
    memcpy(out, url->text + url->host, url->host_length);
    out[url->host_length] = '\0';
    return out;
}

const char *url_shown(const struct url *url, bool secret, char origin[URL_ORIGIN_SIZE])
{
    if (!secret)
        return url->text;
    snprintf(origin, URL_ORIGIN_SIZE, "%.*s/...", url->target, url->text);
    return origin;
}

void url_free(struct url *url)
{
    free(url->text);
    url->text = NULL;
}
