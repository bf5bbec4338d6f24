#include "check_main.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "http/http_request.h"

#define AGENT "\r\nUser-Agent: aiopoll/" AIOPOLL_VERSION "\r\nAccept: */*\r\n"

static const struct {
    const char *url, *target, *host;
} requests[] = {
    {"http://example.net/", "/", "example.net"},
    {"http://example.net", "/", "example.net"},
    {"example.net", "/", "example.net"},
    {"http://example.net:80/", "/", "example.net"},
    {"http://example.net:/", "/", "example.net"},
    {"http://example.net:8080/", "/", "example.net:8080"},
    {"http://example.net:443/", "/", "example.net:443"},
    {"http://127.0.0.1:8001/next", "/next", "127.0.0.1:8001"},
    {"http://[::1]/", "/", "[::1]"},
    {"http://[::1]:80/", "/", "[::1]"},
    {"http://[::1]:8002/next?who=me", "/next?who=me", "[::1]:8002"},
    {"http://example.net?a=b", "/?a=b", "example.net"},
    {"http://example.net:8080?a=b", "/?a=b", "example.net:8080"},
    {"http://example.net/a/b;c=d?e=f&g=/?", "/a/b;c=d?e=f&g=/?", "example.net"},
    {"http://example.net/a#b", "/a", "example.net"},
    {"http://example.net/%20a", "/%20a", "example.net"},
};

static struct url url_of(const char *text)
{
    char why[128] = "";
    struct url url;
    ck_assert_msg(url_parse(text, &url, NULL, why, sizeof why), "%s: %s", text, why);
    return url;
}

/* From a buffer of just that room, so that writing too far is found out. */
static void assert_written(const struct http_request *request, const char *expected)
{
    char *out = malloc(HTTP_REQUEST_MAX);
    size_t length = http_request_write(out, request);
    ck_assert_msg(length == strlen(expected) && memcmp(out, expected, length) == 0,
                  "%.*s\ninstead of\n%s", (int)length, out, expected);
    free(out);
}

static void assert_get(const char *text, bool close, const char *expected)
{
    const struct server_settings settings = {0};
    struct url url = url_of(text);
    assert_written(&(struct http_request){.method = METHOD_GET,
                                          .url = &url,
                                          .settings = &settings,
                                          .with_body = true,
                                          .close = close},
                   expected);
    url_free(&url);
}

START_TEST(is_written)
{
    char expected[512];
    snprintf(expected, sizeof expected, "GET %s HTTP/1.1\r\nHost: %s" AGENT "\r\n",
             requests[_i].target, requests[_i].host);
    assert_get(requests[_i].url, false, expected);
}
END_TEST

START_TEST(says_when_it_is_the_last)
{
    assert_get("http://example.net/", true,
               "GET / HTTP/1.1\r\nHost: example.net" AGENT "Connection: close\r\n\r\n");
}
END_TEST

#define HOST "Host: a:81"

/* without_body, foreign */
#define NO_BODY true, false
#define FOREIGN false, true
#define NEITHER true, true

/* All to http://a:81/p. */
static const struct {
    enum method method;
    struct field fields[12];
    const char *authorization, *body;
    bool without_body, foreign;
    const char *expected;
} messages[] = {
    /* Methods and bodies */
    {METHOD_HEAD, {{0}}, NULL, NULL, false, false, "HEAD /p HTTP/1.1\r\n" HOST AGENT "\r\n"},
    {METHOD_GET, {{0}}, NULL, "5", false, false, "GET /p HTTP/1.1\r\n" HOST AGENT "\r\n"},
    {METHOD_HEAD, {{0}}, NULL, "5", false, false, "HEAD /p HTTP/1.1\r\n" HOST AGENT "\r\n"},
    {METHOD_POST,
     {{0}},
     NULL,
     NULL,
     false,
     false,
     "POST /p HTTP/1.1\r\n" HOST AGENT "Content-Length: 0\r\n\r\n"},
    {METHOD_PUT,
     {{0}},
     NULL,
     NULL,
     false,
     false,
     "PUT /p HTTP/1.1\r\n" HOST AGENT "Content-Length: 0\r\n\r\n"},
    {METHOD_POST,
     {{0}},
     NULL,
     "",
     false,
     false,
     "POST /p HTTP/1.1\r\n" HOST AGENT "Content-Length: 0\r\n\r\n"},
    {METHOD_POST,
     {{0}},
     NULL,
     "a=b\r\n\r\n",
     false,
     false,
     "POST /p HTTP/1.1\r\n" HOST AGENT "Content-Length: 7\r\n\r\na=b\r\n\r\n"},
    {METHOD_PUT,
     {{0}},
     NULL,
     "0123456789",
     false,
     false,
     "PUT /p HTTP/1.1\r\n" HOST AGENT "Content-Length: 10\r\n\r\n0123456789"},
    {METHOD_POST,
     {{0}},
     NULL,
     "5",
     NO_BODY,
     "POST /p HTTP/1.1\r\n" HOST AGENT "Content-Length: 0\r\n\r\n"},

    /* Fields */
    {METHOD_GET,
     {{"X-A", "b"}, {"x-c", ""}, {"X-A", "d: e"}},
     NULL,
     NULL,
     false,
     false,
     "GET /p HTTP/1.1\r\n" HOST AGENT "X-A: b\r\nx-c: \r\nX-A: d: e\r\n\r\n"},
    {METHOD_GET,
     {{"X-A", "b"}},
     "Bearer c",
     NULL,
     false,
     false,
     "GET /p HTTP/1.1\r\n" HOST AGENT "X-A: b\r\nAuthorization: Bearer c\r\n\r\n"},
    {METHOD_GET,
     {{"X-A", "b"}, {"hOST", "c"}},
     NULL,
     NULL,
     false,
     false,
     "GET /p HTTP/1.1\r\nhOST: c" AGENT "X-A: b\r\n\r\n"},
    {METHOD_GET,
     {{"user-agent", "me/1"}},
     NULL,
     NULL,
     false,
     false,
     "GET /p HTTP/1.1\r\n" HOST "\r\nuser-agent: me/1\r\nAccept: */*\r\n\r\n"},
    {METHOD_GET,
     {{"ACCEPT", "a/b"}, {"X", "y"}, {"Accept", "c/d"}},
     NULL,
     NULL,
     false,
     false,
     "GET /p HTTP/1.1\r\n" HOST "\r\nUser-Agent: aiopoll/" AIOPOLL_VERSION
     "\r\nACCEPT: a/b\r\nAccept: c/d\r\nX: y\r\n\r\n"},
    {METHOD_GET,
     {{"Accept", ""}, {"User-Agent", ""}, {"Host", "c:8"}},
     NULL,
     NULL,
     false,
     false,
     "GET /p HTTP/1.1\r\nHost: c:8\r\nUser-Agent: \r\nAccept: \r\n\r\n"},
    {METHOD_GET,
     {{"Hosts", "b"}, {"Accept-", "c"}, {"Acc", "d"}},
     NULL,
     NULL,
     false,
     false,
     "GET /p HTTP/1.1\r\n" HOST AGENT "Hosts: b\r\nAccept-: c\r\nAcc: d\r\n\r\n"},
    {METHOD_POST,
     {{"Content-Type", "a/b"}},
     NULL,
     "5",
     false,
     false,
     "POST /p HTTP/1.1\r\n" HOST AGENT "Content-Type: a/b\r\nContent-Length: 1\r\n\r\n5"},

    /* A POST that has become a GET */
    {METHOD_GET,
     {{"Content-Type", "a/b"}, {"content-language", "de"}, {"CONTENT-X", "y"}, {"Content", "c"}},
     "Bearer c",
     "5",
     NO_BODY,
     "GET /p HTTP/1.1\r\n" HOST AGENT "Content: c\r\nAuthorization: Bearer c\r\n\r\n"},

    /* To another origin */
    {METHOD_GET,
     {{"X-Api-Key", "s3cret"}, {"Cookie", "s3cret"}},
     "Bearer s3cret",
     NULL,
     FOREIGN,
     "GET /p HTTP/1.1\r\n" HOST AGENT "\r\n"},
    {METHOD_GET,
     {{"Authorization", "s3cret"}, {"Host", "b"}},
     NULL,
     NULL,
     FOREIGN,
     "GET /p HTTP/1.1\r\n" HOST AGENT "\r\n"},
    {METHOD_GET,
     {{"Accept-Foo", "s3cret"},
      {"accept", "a/b"},
      {"User-Agent", "me"},
      {"accept-language", "de"},
      {"Accept-Encoding", "identity"},
      {"Content-Type", "c/d"},
      {"Content-Language", "fr"}},
     NULL,
     NULL,
     FOREIGN,
     "GET /p HTTP/1.1\r\n" HOST "\r\nUser-Agent: me\r\naccept: a/b\r\naccept-language: de\r\n"
     "Accept-Encoding: identity\r\n\r\n"},
    {METHOD_POST,
     {{"content-type", "c/d"}, {"Content-Language", "fr"}, {"Content-Key", "s3cret"}},
     "Bearer s3cret",
     "5",
     FOREIGN,
     "POST /p HTTP/1.1\r\n" HOST AGENT "Content-Length: 0\r\n\r\n"},
    {METHOD_POST,
     {{"Content-Type", "c/d"}},
     NULL,
     NULL,
     FOREIGN,
     "POST /p HTTP/1.1\r\n" HOST AGENT "Content-Length: 0\r\n\r\n"},
    {METHOD_GET,
     {{"Content-Type", "c/d"}, {"Accept", "a/b"}},
     "Bearer s3cret",
     "5",
     NEITHER,
     "GET /p HTTP/1.1\r\n" HOST "\r\nUser-Agent: aiopoll/" AIOPOLL_VERSION
     "\r\nAccept: a/b\r\n\r\n"},
};

static size_t count_fields(const struct field *fields)
{
    size_t count = 0;
    while (fields[count].name != NULL)
        count++;
    return count;
}

START_TEST(says_what_the_settings_say)
{
    const struct server_settings settings = {.fields = messages[_i].fields,
                                             .field_count = count_fields(messages[_i].fields),
                                             .authorization = messages[_i].authorization,
                                             .body = messages[_i].body};
    struct url url = url_of("http://a:81/p");
    assert_written(&(struct http_request){.method = messages[_i].method,
                                          .url = &url,
                                          .settings = &settings,
                                          .with_body = !messages[_i].without_body,
                                          .foreign = messages[_i].foreign},
                   messages[_i].expected);
    url_free(&url);
}
END_TEST

/* A text of the whole content that settings may have. */
static char *whole_content(void)
{
    char *text = malloc(REQUEST_CONTENT_MAX + 1);
    memset(text, 'x', REQUEST_CONTENT_MAX);
    text[REQUEST_CONTENT_MAX] = '\0';
    return text;
}

/* With the longest URL, and all that a request may say besides. */
static void assert_fits(const struct server_settings *settings)
{
    char text[URL_MAX + 1], *out = malloc(HTTP_REQUEST_MAX);
    memset(text, 'a', URL_MAX);
    memcpy(text, "http://b:65535/", 15);
    text[URL_MAX] = '\0';
    struct url url = url_of(text);
    const struct http_request request = {
        .method = METHOD_POST, .url = &url, .settings = settings, .with_body = true, .close = true};
    size_t length = http_request_write(out, &request);
    ck_assert_uint_gt(length, URL_MAX + REQUEST_CONTENT_MAX);
    ck_assert_uint_lt(length, HTTP_REQUEST_MAX);
    url_free(&url);
    free(out);
}

START_TEST(most_content_fits)
{
    char *content = whole_content();
    const struct field long_name = {content, ""}, long_value = {"x", content + 1};
    assert_fits(&(struct server_settings){.body = content});
    assert_fits(&(struct server_settings){.authorization = content});
    assert_fits(&(struct server_settings){.fields = &long_name, .field_count = 1});
    assert_fits(&(struct server_settings){.fields = &long_value, .field_count = 1});
    free(content);
}
END_TEST

/* No other settings take as many bytes: each byte of content has four around it. */
START_TEST(most_fields_fit)
{
    enum { REST = 2 }; /* for a body and an authorization, which have their names */
    struct field *fields = malloc(REQUEST_CONTENT_MAX * sizeof *fields);
    for (size_t i = 0; i < REQUEST_CONTENT_MAX; i++)
        fields[i] = (struct field){"x", ""};
    assert_fits(&(struct server_settings){.fields = fields, .field_count = REQUEST_CONTENT_MAX});
    assert_fits(&(struct server_settings){.fields = fields,
                                          .field_count = REQUEST_CONTENT_MAX - REST,
                                          .authorization = "a",
                                          .body = "b"});
    free(fields);
}
END_TEST

static Suite *suite(void)
{
    Suite *s = suite_create("http_request");
    TCase *tcase = tcase_create("http_request");
    tcase_add_loop_test(tcase, is_written, 0, sizeof requests / sizeof requests[0]);
    tcase_add_test(tcase, says_when_it_is_the_last);
    tcase_add_loop_test(tcase, says_what_the_settings_say, 0, sizeof messages / sizeof messages[0]);
    tcase_add_test(tcase, most_content_fits);
    tcase_add_test(tcase, most_fields_fit);
    suite_add_tcase(s, tcase);
    return s;
}

CHECK_MAIN(suite())
