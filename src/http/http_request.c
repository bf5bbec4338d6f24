#include "http/http_request.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

/* What another origin may see: it asks for a form. Any other configured field might hold a
 * secret, and so might the body. */
static const char *const foreign_fields[] = {"Accept", "Accept-Language", "Accept-Encoding",
                                             "User-Agent", NULL};

/* Those that are always there, in this order; a configured one stands in for ours. */
static const char *const own_fields[] = {"Host", "User-Agent", "Accept", NULL};

static bool is_among(const char *name, const char *const *names)
{
    while (*names != NULL && strcasecmp(name, *names) != 0)
        names++;
    return *names != NULL;
}

static bool has_length(const struct http_request *request)
{
    return request->method == METHOD_POST || request->method == METHOD_PUT;
}

static const char *body_of(const struct http_request *request)
{
    const char *body = request->settings->body;
    bool wanted = request->with_body && !request->foreign && has_length(request);
    return body != NULL && wanted ? body : "";
}

static bool is_sent(const struct http_request *request, const char *name)
{
    if (!request->with_body && strncasecmp(name, "Content-", strlen("Content-")) == 0)
        return false;
    return !request->foreign || is_among(name, foreign_fields);
}

static char *append_field(char *at, const char *name, const char *value)
{
    at = stpcpy(at, name);
    at = stpcpy(at, ": ");
    at = stpcpy(at, value);
    return stpcpy(at, "\r\n");
}

/* Those that the settings have of this name; without any, `at` is returned as it was. */
static char *append_configured(char *at, const struct http_request *request, const char *name)
{
    const struct server_settings *settings = request->settings;
    for (size_t i = 0; i < settings->field_count; i++)
        if (strcasecmp(settings->fields[i].name, name) == 0 && is_sent(request, name))
            at = append_field(at, settings->fields[i].name, settings->fields[i].value);
    return at;
}

static char *append_host(char *at, const struct http_request *request)
{
    const struct url *url = request->url;
    char *end = append_configured(at, request, "Host");
    if (end != at)
        return end;
    at = stpcpy(at, "Host: ");
    at = mempcpy(at, url->text + url->authority, url_authority_length(url));
    return stpcpy(at, "\r\n");
}

/* `line` is ours. */
static char *append_own_field(char *at, const struct http_request *request, const char *name,
                              const char *line)
{
    char *end = append_configured(at, request, name);
    return end != at ? end : stpcpy(at, line);
}

static char *append_other_fields(char *at, const struct http_request *request)
{
    const struct server_settings *settings = request->settings;
    for (size_t i = 0; i < settings->field_count; i++) {
        const struct field *field = &settings->fields[i];
        if (!is_among(field->name, own_fields) && is_sent(request, field->name))
            at = append_field(at, field->name, field->value);
    }
    if (settings->authorization != NULL && !request->foreign)
        at = append_field(at, "Authorization", settings->authorization);
    return at;
}

static char *append_request_line(char *at, const struct http_request *request)
{
    at = stpcpy(at, method_names[request->method]);
    at = stpcpy(at, " ");
    at = stpcpy(at, request->url->text + request->url->target);
    return stpcpy(at, " HTTP/1.1\r\n");
}

size_t http_request_write(char out[HTTP_REQUEST_MAX], const struct http_request *request)
{
    const char *body = body_of(request);
    char *at = append_request_line(out, request);

    at = append_host(at, request);
    at = append_own_field(at, request, "User-Agent", "User-Agent: aiopoll/" AIOPOLL_VERSION "\r\n");
    at = append_own_field(at, request, "Accept", "Accept: */*\r\n");
    at = append_other_fields(at, request);
    if (has_length(request))
        at += sprintf(at, "Content-Length: %zu\r\n", strlen(body));
    if (request->close)
        at = append_field(at, "Connection", "close");
    at = stpcpy(at, "\r\n");
    at = stpcpy(at, body);
    return (size_t)(at - out);
}
