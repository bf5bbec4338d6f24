#include "report/listener_response.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

#include "base/duration.h"

/* Nothing but what comes from here is run, shown or asked for by the page, and no other page has
 * any of it. */
static const char safety[] =
    "Content-Security-Policy: default-src 'none'; script-src 'self'; style-src 'self'; "
    "connect-src 'self'; img-src 'self'; base-uri 'none'; form-action 'none'; "
    "frame-ancestors 'none'\r\n"
    "X-Content-Type-Options: nosniff\r\n"
    "Referrer-Policy: no-referrer\r\n"
    "Cross-Origin-Resource-Policy: same-origin\r\n";

static const struct {
    int status;
    const char *reason;
} reasons[] = {
    {200, "OK"},
    {304, "Not Modified"},
    {400, "Bad Request"},
    {404, "Not Found"},
    {405, "Method Not Allowed"},
    {408, "Request Timeout"},
    {413, "Content Too Large"},
    {414, "URI Too Long"},
    {421, "Misdirected Request"},
    {431, "Request Header Fields Too Large"},
    {503, "Service Unavailable"},
    {505, "HTTP Version Not Supported"},
};

/* It may be empty, but not the blank before it. */
static const char *reason_of(int status)
{
    for (size_t i = 0; i < sizeof reasons / sizeof reasons[0]; i++)
        if (reasons[i].status == status)
            return reasons[i].reason;
    return "";
}

/* RFC 9110 section 5.6.7, in English whatever the locale is. */
static void add_date(struct buffer *out, int64_t wall)
{
    static const char *const days[] = {"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
    static const char *const months[] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                         "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
    struct tm tm;
    gmtime_r(&(time_t){wall / SECOND}, &tm);
    buffer_print(out, "Date: %s, %02d %s %04d %02d:%02d:%02d GMT\r\n", days[tm.tm_wday], tm.tm_mday,
                 months[tm.tm_mon], tm.tm_year + 1900, tm.tm_hour, tm.tm_min, tm.tm_sec);
}

/* One with an ETag is asked for again each time, and mostly not sent again. */
static void add_caching(struct buffer *out, const char *etag)
{
    if (etag == NULL)
        buffer_text(out, "Cache-Control: no-store\r\n");
    else
        buffer_print(out, "ETag: %s\r\nCache-Control: no-cache\r\n", etag);
}

static void add_framing(struct buffer *out, const struct listener_response *response)
{
    if (response->type == NULL)
        return;
    buffer_print(out, "Content-Type: %s\r\n", response->type);
    if (response->framing == LISTENER_LENGTH)
        buffer_print(out, "Content-Length: %zu\r\n", response->length);
    else if (response->framing == LISTENER_CHUNKS)
        buffer_text(out, "Transfer-Encoding: chunked\r\n");
}

void listener_response_head(struct buffer *out, const struct listener_response *response,
                            int64_t wall)
{
    buffer_print(out, "HTTP/1.1 %d %s\r\n", response->status, reason_of(response->status));
    add_date(out, wall);
    add_framing(out, response);
    add_caching(out, response->etag);
    buffer_text(out, safety);
    if (response->status == 405)
        buffer_text(out, "Allow: GET, HEAD\r\n");
    if (response->close)
        buffer_text(out, "Connection: close\r\n");
    else if (response->is_1_0)
        buffer_text(out, "Connection: keep-alive\r\n");
    buffer_text(out, "\r\n");
}

/* How long it is comes later; zeros before a size are right (RFC 9112 section 7.1). */
static const char no_size[] = "00000000\r\n";

size_t listener_chunk_begin(struct buffer *out)
{
    size_t begun = out->length;
    buffer_text(out, no_size);
    return begun;
}

void listener_chunk_end(struct buffer *out, size_t begun)
{
    char size[sizeof no_size];
    size_t head = sizeof no_size - 1;
    buffer_text(out, "\r\n");
    if (out->failed)
        return;
    snprintf(size, sizeof size, "%08x\r\n", (unsigned)(out->length - begun - head - 2));
    memcpy(out->bytes + begun, size, head);
}

void listener_chunk_last(struct buffer *out)
{
    buffer_text(out, "0\r\n\r\n");
}

/* By the weak comparison, which is for this field. */
static const char *opaque(const char *etag)
{
    return strncmp(etag, "W/", 2) == 0 ? etag + 2 : etag;
}

bool listener_etag_matches(const char *list, const char *etag)
{
    const char *wanted = opaque(etag);
    size_t length = strlen(wanted);
    if (strcmp(list, "*") == 0)
        return true;
    while (*(list += strspn(list, ", \t")) != '\0') {
        list = opaque(list);
        const char *end = *list == '"' ? strchr(list + 1, '"') : NULL;
        if (end == NULL)
            return false;
        if ((size_t)(end + 1 - list) == length && memcmp(list, wanted, length) == 0)
            return true;
        list = end + 1;
    }
    return false;
}
