#include "check_main.h"

#include <stdio.h>
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

static void assert_request(const char *text, bool close, const char *expected)
{
    char out[HTTP_REQUEST_MAX], why[128] = "";
    struct url url;
    ck_assert_msg(url_parse(text, &url, why, sizeof why), "%s: %s", text, why);
    size_t length = http_request_write(out, &url, close);
    ck_assert_msg(length == strlen(expected) && memcmp(out, expected, length) == 0, "%s: %.*s",
                  text, (int)length, out);
    url_free(&url);
}

START_TEST(is_written)
{
    char expected[512];
    snprintf(expected, sizeof expected, "GET %s HTTP/1.1\r\nHost: %s" AGENT "\r\n",
             requests[_i].target, requests[_i].host);
    assert_request(requests[_i].url, false, expected);
}
END_TEST

START_TEST(says_when_it_is_the_last)
{
    assert_request("http://example.net/", true,
                   "GET / HTTP/1.1\r\nHost: example.net" AGENT "Connection: close\r\n\r\n");
}
END_TEST

START_TEST(longest_url_fits)
{
    char text[URL_MAX + 1], out[HTTP_REQUEST_MAX], why[128] = "";
    struct url url;
    memset(text, 'a', URL_MAX);
    memcpy(text, "http://b/", 9);
    text[URL_MAX] = '\0';
    ck_assert_msg(url_parse(text, &url, why, sizeof why), "%s", why);
    size_t length = http_request_write(out, &url, true);
    ck_assert_uint_gt(length, URL_MAX);
    ck_assert_uint_le(length, HTTP_REQUEST_MAX);
    ck_assert_mem_eq(out + length - 4, "\r\n\r\n", 4);
    url_free(&url);
}
END_TEST

static Suite *suite(void)
{
    Suite *s = suite_create("http_request");
    TCase *tcase = tcase_create("http_request");
    tcase_add_loop_test(tcase, is_written, 0, sizeof requests / sizeof requests[0]);
    tcase_add_test(tcase, says_when_it_is_the_last);
    tcase_add_test(tcase, longest_url_fits);
    suite_add_tcase(s, tcase);
    return s;
}

CHECK_MAIN(suite())
