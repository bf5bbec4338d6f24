#include "mock_parser.h"

static int on_begin(llhttp_t *llhttp)
{
    struct mock_parser *parser = llhttp->data;

    parser->message.arrived_ns = parser->now_ns;
    return 0;
}

static int on_url(llhttp_t *llhttp, const char *data, size_t length)
{
    struct mock_parser *parser = llhttp->data;

    bytes_append(&parser->message.url, data, length);
    return 0;
}

static int on_body(llhttp_t *llhttp, const char *data, size_t length)
{
    struct mock_parser *parser = llhttp->data;

    bytes_append(&parser->message.body, data, length);
    return 0;
}

/* The pauses here and below let mock_parser_feed() see where the header section ends. */
static int on_headers_complete(llhttp_t *llhttp)
{
    (void)llhttp;
    return HPE_PAUSED;
}

static int on_message_complete(llhttp_t *llhttp)
{
    struct mock_parser *parser = llhttp->data;

    parser->message.head = llhttp->method == HTTP_HEAD;
    parser->message.keep_alive = llhttp_should_keep_alive(llhttp) != 0;
    parser->complete = true;
    return HPE_PAUSED;
}

static const llhttp_settings_t settings = {
    .on_message_begin = on_begin,
    .on_url = on_url,
    .on_body = on_body,
    .on_headers_complete = on_headers_complete,
    .on_message_complete = on_message_complete,
};

void mock_parser_init(struct mock_parser *parser, mock_message_cb *cb, void *arg)
{
    *parser = (struct mock_parser){.in_header = true, .cb = cb, .arg = arg};
    llhttp_init(&parser->llhttp, HTTP_REQUEST, &settings);
    parser->llhttp.data = parser;
}

static void clear_message(struct mock_parser *parser)
{
    bytes_finish(&parser->message.url);
    bytes_finish(&parser->message.header);
    bytes_finish(&parser->message.body);
}

void mock_parser_finish(struct mock_parser *parser)
{
    clear_message(parser);
}

static void at_pause(struct mock_parser *parser)
{
    parser->in_header = parser->complete;
    if (parser->complete) {
        parser->complete = false;
        parser->cb(parser->arg, &parser->message);
        clear_message(parser);
    }
}

bool mock_parser_feed(struct mock_parser *parser, const char *data, size_t length, int64_t now_ns)
{
    enum llhttp_errno error;

    parser->now_ns = now_ns;
    do {
        size_t used = length;

        error = llhttp_execute(&parser->llhttp, data, length);
        if (error == HPE_PAUSED)
            used = (size_t)(llhttp_get_error_pos(&parser->llhttp) - data);
        if (parser->in_header)
            bytes_append(&parser->message.header, data, used);
        data += used;
        length -= used;
        if (error == HPE_PAUSED) {
            llhttp_resume(&parser->llhttp);
            at_pause(parser);
        }
    } while (error == HPE_PAUSED);
    return error == HPE_OK;
}
