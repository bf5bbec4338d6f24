#include "trail.h"

#include <check.h>
#include <ctype.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "bytes.h"
#include "must.h"

enum { REQUESTS_MAX = 4096, TEXTS_MAX = 2048 };

static const struct mock_request *requests[REQUESTS_MAX];
static size_t request_count;
static struct bytes texts[TEXTS_MAX];
static size_t text_count;

void trail_begin(void)
{
    request_count = 0;
    while (text_count > 0)
        bytes_finish(&texts[--text_count]);
}

static void on_request(const struct mock_request *request, void *arg)
{
    (void)arg;
    ck_assert_uint_lt(request_count, REQUESTS_MAX);
    requests[request_count++] = request;
}

void trail_watch(struct mock_server *server)
{
    mock_server_observe(server, on_request, NULL);
}

size_t trail_count(void)
{
    return request_count;
}

const struct mock_request *trail_at(size_t index)
{
    ck_assert_msg(index < request_count, "there is no request number %zu of all", index);
    return requests[index];
}

const char *trail_line(size_t index)
{
    static struct bytes line;
    const char *header = trail_at(index)->header.data;
    const char *end = strstr(header, " HTTP/1.1\r\n");

    ck_assert_ptr_nonnull(end);
    bytes_truncate(&line, 0);
    bytes_append(&line, header, (size_t)(end - header));
    return line.data;
}

void trail_check_line(size_t index, const char *line)
{
    ck_assert_msg(strcmp(trail_line(index), line) == 0, "request %zu is %s instead of %s", index,
                  trail_line(index), line);
}

bool trail_has(size_t index, const char *field)
{
    const char *header = trail_at(index)->header.data;
    size_t length = strlen(field);

    while ((header = strstr(header, "\r\n")) != NULL) {
        header += 2;
        if (strncmp(header, field, length) == 0 && strncmp(header + length, "\r\n", 2) == 0)
            return true;
    }
    return false;
}

bool trail_has_name(size_t index, const char *name)
{
    const char *header = trail_at(index)->header.data;
    size_t length = strlen(name);

    while ((header = strstr(header, "\r\n")) != NULL) {
        header += 2;
        if (strncasecmp(header, name, length) == 0 && header[length] == ':')
            return true;
    }
    return false;
}

static struct bytes *new_text(void)
{
    ck_assert_uint_lt(text_count, TEXTS_MAX);
    texts[text_count] = (struct bytes){0};
    return &texts[text_count++];
}

const char *trail_encode(const char *text)
{
    struct bytes *out = new_text();

    bytes_append(out, "", 0);
    for (; *text != '\0'; text++) {
        if (isalnum((unsigned char)*text) || strchr("-._~/=:@", *text) != NULL)
            bytes_append_byte(out, *text, 1);
        else
            bytes_print(out, "%%%02X", (unsigned char)*text);
    }
    return out->data;
}

const char *trail_print(const char *format, ...)
{
    struct bytes *out = new_text();
    va_list args;

    va_start(args, format);
    bytes_print_args(out, format, args);
    va_end(args);
    return out->data;
}

const char *trail_to(int status, const char *location)
{
    return trail_print("status=%d&location=%s", status, trail_encode(location));
}
