#include "report/listener_request.h"

#include <string.h>

#include "base/http_chars.h"
#include "report/listener_target.h"

enum state {
    BEFORE, /* an empty line may come first (RFC 9112 section 2.2) */
    BEFORE_LF,
    METHOD,
    TARGET,
    VERSION,
    LINE_LF,
};

enum { HOST, IF_NONE_MATCH, WANTED };

static const char *const wanted[WANTED] = {"Host", "If-None-Match"};

_Static_assert(LISTENER_LINE_MAX == 2048 && LISTENER_HEADER_MAX == 8192, "the sentences name them");

void listener_request_refuse(struct listener_request *request, int status, const char *why)
{
    if (request->refused != 0)
        return;
    request->refused = status;
    request->why = why;
    request->keep_alive = false;
}

/* --- fields, by llhttp -------------------------------------------------------- */

static void begin_field(struct listener_request *request)
{
    http_field_line_begin(&request->line, wanted, WANTED);
}

static int on_field(llhttp_t *parser, const char *at, size_t length)
{
    struct listener_request *request = parser->data;
    http_field_line_add_name(&request->line, at, length);
    return 0;
}

static int on_value(llhttp_t *parser, const char *at, size_t length)
{
    struct listener_request *request = parser->data;
    http_field_line_add_value(&request->line, at, length);
    return 0;
}

/* Versions of llhttp differ in what they make of a Transfer-Encoding: be the first. */
static int on_field_complete(llhttp_t *parser)
{
    struct listener_request *request = parser->data;
    if (http_field_line_is(&request->line, "transfer-encoding"))
        listener_request_refuse(request, 400, "it has a Transfer-Encoding, and no body is taken");
    return request->refused != 0 ? -1 : 0;
}

static int on_value_complete(llhttp_t *parser)
{
    struct listener_request *request = parser->data;
    http_field_take(request->fields, &request->line);
    begin_field(request);
    return 0;
}

/* RFC 9112 section 9.3. */
static bool persists(const llhttp_t *parser)
{
    if (parser->flags & F_CONNECTION_CLOSE)
        return false;
    return parser->http_minor > 0 || (parser->flags & F_CONNECTION_KEEP_ALIVE);
}

static int on_headers_complete(llhttp_t *parser)
{
    struct listener_request *request = parser->data;
    request->header_read = true;
    request->keep_alive = persists(parser);
    if ((parser->flags & F_CONTENT_LENGTH) && parser->content_length > 0)
        listener_request_refuse(request, 413, "it has a body, and none is taken");
    return 0;
}

static const llhttp_settings_t *callbacks(void)
{
    static llhttp_settings_t table;
    if (table.on_header_field == NULL) {
        llhttp_settings_init(&table);
        table.on_header_field = on_field;
        table.on_header_field_complete = on_field_complete;
        table.on_header_value = on_value;
        table.on_header_value_complete = on_value_complete;
        table.on_headers_complete = on_headers_complete;
    }
    return &table;
}

/* What llhttp does behind the header section does not count: nothing follows there. */
static bool parse(struct listener_request *request, const char *bytes, size_t length)
{
    enum llhttp_errno error = llhttp_execute(&request->parser, bytes, length);
    if (error != HPE_OK && !request->header_read)
        listener_request_refuse(request, 400, "its header is malformed");
    return error == HPE_OK;
}

/* A tab is a blank, but llhttp does not see all of them so: give it blanks. */
static void parse_fields(struct listener_request *request, const char *bytes, size_t length)
{
    const char *end = bytes + length;
    while (bytes < end) {
        const char *tab = memchr(bytes, '\t', (size_t)(end - bytes));
        size_t run = (size_t)((tab != NULL ? tab : end) - bytes);
        if ((run > 0 && !parse(request, bytes, run)) || (tab != NULL && !parse(request, " ", 1)))
            return;
        bytes += run + (tab != NULL);
    }
}

/* --- the whole ---------------------------------------------------------------- */

static const char *host_of(const struct listener_request *request)
{
    const struct http_field *host = &request->fields[HOST];
    return host->state == HTTP_FIELD_PRESENT ? host->value : NULL;
}

/* RFC 9112 sections 3.2 and 3.2.2: of a target that is a URL, its own host counts. One that is too
 * long to be kept is at least no address. */
static void check_host(struct listener_request *request)
{
    enum http_field_state state = request->fields[HOST].state;
    const char *host = host_of(request);
    enum listener_host kind = host == NULL ? LISTENER_HOST_NAME : listener_host_read(host);
    if (state == HTTP_FIELD_REPEATED)
        listener_request_refuse(request, 400, "it has more than one Host");
    else if (state == HTTP_FIELD_ABSENT && !request->is_1_0)
        listener_request_refuse(request, 400, "it has no Host");
    else if (kind == LISTENER_HOST_MALFORMED)
        listener_request_refuse(request, 400, "its Host is malformed");
    else if (kind == LISTENER_HOST_NAME && !request->any_host && state != HTTP_FIELD_ABSENT &&
             !request->has_host)
        listener_request_refuse(request, 421, "its Host is neither an IP address nor localhost");
}

static void end_header(struct listener_request *request)
{
    if (!request->header_read)
        listener_request_refuse(request, 400, "its header is malformed");
    check_host(request);
    request->if_none_match = request->fields[IF_NONE_MATCH];
    request->complete = request->refused == 0;
}

static size_t feed_fields(struct listener_request *request, const char *bytes, size_t length)
{
    struct http_lines *lines = &request->lines;
    size_t room = LISTENER_HEADER_MAX - request->bytes;
    size_t right = http_lines_read(lines, bytes, length < room ? length : room);

    request->bytes += right;
    parse_fields(request, bytes, right);
    if (lines->refused != NULL)
        listener_request_refuse(request, lines->too_large ? 431 : 400, lines->refused);
    else if (lines->ended)
        end_header(request);
    else if (request->bytes == LISTENER_HEADER_MAX)
        listener_request_refuse(request, 431, "its header has more than 8192 bytes");
    return right;
}

static void check_version(struct listener_request *request)
{
    const char *version = request->text + request->version;
    size_t length = request->length - request->version - strlen("\r\n");
    if (length != strlen("HTTP/1.1") || memcmp(version, "HTTP/", 5) != 0 ||
        !http_is_digit((unsigned char)version[5]) || version[6] != '.' ||
        !http_is_digit((unsigned char)version[7]))
        listener_request_refuse(request, 400, "its request line is malformed");
    else if (version[5] != '1' || version[7] > '1')
        listener_request_refuse(request, 505, "its version is neither HTTP/1.1 nor HTTP/1.0");
    request->is_1_0 = request->refused == 0 && version[7] == '0';
}

static bool is_method(const struct listener_request *request, const char *method)
{
    size_t length = strlen(method);
    return request->target == length + 1 && memcmp(request->text, method, length) == 0;
}

static void check_method(struct listener_request *request)
{
    request->head = is_method(request, "HEAD");
    if (!request->head && !is_method(request, "GET"))
        listener_request_refuse(request, 405, "its method is neither GET nor HEAD");
}

static void read_target(struct listener_request *request)
{
    struct listener_target target;
    request->text[request->version - 1] = '\0';
    const char *wrong = listener_target_read(&target, request->text + request->target);
    if (wrong != NULL)
        listener_request_refuse(request, 400, wrong);
    else if (target.host != NULL && listener_host_read(target.host) == LISTENER_HOST_MALFORMED)
        listener_request_refuse(request, 400, "the host of its target is malformed");
    else if (target.host != NULL && listener_host_read(target.host) == LISTENER_HOST_NAME &&
             !request->any_host)
        listener_request_refuse(request, 421,
                                "the host of its target is neither an IP address nor localhost");
    request->has_host = target.host != NULL;
    request->path = target.path;
    request->query = target.query;
}

static void end_line(struct listener_request *request)
{
    check_version(request);
    check_method(request);
    if (request->refused == 0)
        parse(request, request->text, request->length);
    if (request->refused == 0)
        read_target(request);
    request->in_fields = true;
    http_lines_begin_trailer(&request->lines); /* which has the fields' form */
}

/* The first wrong byte is one of the line. */
static enum state refuse_line(struct listener_request *request)
{
    listener_request_refuse(request, 400, "its request line is malformed");
    return (enum state)request->state;
}

static enum state in_method(struct listener_request *request, unsigned char c)
{
    request->target = request->length + 1;
    if (c == ' ' && request->length > 0)
        return TARGET;
    return http_is_token(c) ? METHOD : refuse_line(request);
}

static enum state in_target(struct listener_request *request, unsigned char c)
{
    request->version = request->length + 1;
    if (c == ' ' && request->length > request->target)
        return VERSION;
    return c > ' ' && c < 0x7f && c != '#' ? TARGET : refuse_line(request);
}

static enum state next_state(struct listener_request *request, unsigned char c)
{
    switch ((enum state)request->state) {
    case BEFORE: return c == '\r' ? BEFORE_LF : in_method(request, c);
    case BEFORE_LF: return c == '\n' ? METHOD : refuse_line(request);
    case METHOD: return in_method(request, c);
    case TARGET: return in_target(request, c);
    case VERSION:
        if (c == '\r')
            return LINE_LF;
        return c > ' ' && c < 0x7f ? VERSION : refuse_line(request);
    case LINE_LF: return c == '\n' ? LINE_LF : refuse_line(request);
    }
    return refuse_line(request);
}

static void feed_line(struct listener_request *request, char c)
{
    enum state before = (enum state)request->state;
    if (request->length == LISTENER_LINE_MAX) {
        listener_request_refuse(request, before == METHOD ? 400 : 414,
                                "its request line has more than 2048 bytes");
        return;
    }
    request->state = (uint8_t)next_state(request, (unsigned char)c);
    request->bytes++;
    if (request->refused != 0 || request->state == BEFORE_LF || before == BEFORE_LF)
        return;
    request->text[request->length++] = c;
    if (before == LINE_LF)
        end_line(request);
}

void listener_request_init(struct listener_request *request, bool any_host)
{
    *request = (struct listener_request){.any_host = any_host};
    llhttp_init(&request->parser, HTTP_REQUEST, callbacks());
    request->parser.data = request;
    begin_field(request);
}

size_t listener_request_feed(struct listener_request *request, const char *bytes, size_t length)
{
    size_t at = 0;
    while (at < length && !request->complete && request->refused == 0) {
        if (request->in_fields)
            at += feed_fields(request, bytes + at, length - at);
        else
            feed_line(request, bytes[at++]);
    }
    return at;
}
