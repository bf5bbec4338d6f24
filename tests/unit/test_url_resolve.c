/* References of a Location field against the URL that was asked for. */
#include "check_main.h"

#include <stdio.h>
#include <string.h>

#include "config/url.h"

#define COUNT_OF(array) ((int)(sizeof(array) / sizeof(array)[0]))

static struct url parsed(const char *text)
{
    struct url url;
    char why[256] = "";
    ck_assert_msg(url_parse(text, &url, NULL, why, sizeof why), "%s: %s", text, why);
    return url;
}

static void assert_resolved(const char *base_text, const char *reference, const char *expected)
{
    char why[256] = "";
    struct url base = parsed(base_text), result = {0};
    ck_assert_msg(url_resolve(&base, reference, &result, why, sizeof why), "%s: %s", reference,
                  why);
    ck_assert_msg(strcmp(result.text, expected) == 0, "%s: %s instead of %s", reference,
                  result.text, expected);
    struct url again = parsed(result.text);
    ck_assert_uint_eq(again.target, result.target);
    ck_assert_uint_eq(again.authority, result.authority);
    ck_assert_uint_eq(again.port, result.port);
    ck_assert_int_eq(again.https, result.https);
    url_free(&again);
    url_free(&result);
    url_free(&base);
}

static void assert_refused(const char *base_text, const char *reference, const char *part)
{
    char why[256] = "";
    struct url base = parsed(base_text), result = {.text = (char *)"untouched"};
    ck_assert_msg(!url_resolve(&base, reference, &result, why, sizeof why), "%s became %s",
                  reference, result.text);
    ck_assert_str_eq(result.text, "untouched");
    ck_assert_msg(*why != '\0' && strstr(why, part) != NULL, "%s: %s", reference, why);
    for (const char *at = why; *at != '\0'; at++)
        ck_assert(*at >= ' ' && *at < 0x7f);
    url_free(&base);
}

/* RFC 3986 section 5.4, without the fragments. */
static const struct {
    const char *reference, *target;
} examples[] = {
    {"g", "/b/c/g"},
    {"./g", "/b/c/g"},
    {"g/", "/b/c/g/"},
    {"/g", "/g"},
    {"?y", "/b/c/d;p?y"},
    {"g?y", "/b/c/g?y"},
    {"#s", "/b/c/d;p?q"},
    {"g#s", "/b/c/g"},
    {"g?y#s", "/b/c/g?y"},
    {";x", "/b/c/;x"},
    {"g;x", "/b/c/g;x"},
    {"g;x?y#s", "/b/c/g;x?y"},
    {"", "/b/c/d;p?q"},
    {".", "/b/c/"},
    {"./", "/b/c/"},
    {"..", "/b/"},
    {"../", "/b/"},
    {"../g", "/b/g"},
    {"../..", "/"},
    {"../../", "/"},
    {"../../g", "/g"},
    /* Abnormal ones. */
    {"../../../g", "/g"},
    {"../../../../g", "/g"},
    {"/./g", "/g"},
    {"/../g", "/g"},
    {"g.", "/b/c/g."},
    {".g", "/b/c/.g"},
    {"g..", "/b/c/g.."},
    {"..g", "/b/c/..g"},
    {"./../g", "/b/g"},
    {"./g/.", "/b/c/g/"},
    {"g/./h", "/b/c/g/h"},
    {"g/../h", "/b/c/h"},
    {"g;x=1/./y", "/b/c/g;x=1/y"},
    {"g;x=1/../y", "/b/c/y"},
    {"g?y/./x", "/b/c/g?y/./x"},
    {"g?y/../x", "/b/c/g?y/../x"},
    {"g#s/./x", "/b/c/g"},
    {"g#s/../x", "/b/c/g"},
};

START_TEST(the_examples_of_the_rfc_come_out_right)
{
    char expected[100];
    snprintf(expected, sizeof expected, "http://a%s", examples[_i].target);
    assert_resolved("http://a/b/c/d;p?q", examples[_i].reference, expected);
    snprintf(expected, sizeof expected, "http://[::1]:81%s", examples[_i].target);
    assert_resolved("http://[::1]:81/b/c/d;p?q", examples[_i].reference, expected);
}
END_TEST

static const struct {
    const char *base, *reference, *expected;
} others[] = {
    {"http://a/b", "//g", "http://g/"},
    {"http://a:81/b", "//g/x/../y", "http://g/y"},
    {"http://a/b", "http://g:80/x", "http://g/x"},
    {"http://a/b", "HTTP://G/../x/./y", "http://G/x/y"},
    {"http://a/b", "http://g", "http://g/"},
    {"http://a/b", "http://g?q#f", "http://g/?q"},
    {"http://a/b", "//[2001:db8::1]:8080/", "http://[2001:db8::1]:8080/"},
    {"http://a/b", "//127.0.0.1/", "http://127.0.0.1/"},
    {"http://127.0.0.1:81/b", "c", "http://127.0.0.1:81/c"},
    {"http://[::ffff:1.2.3.4]/b", "/c", "http://[::ffff:1.2.3.4]/c"},
    {"http://a", "g", "http://a/g"},
    {"http://a?q", "", "http://a/?q"},
    {"http://a//b//c", "../d", "http://a//b/d"},
    {"http://a/b", "%2e%2e/%41", "http://a/%2e%2e/%41"},
    {"http://a/b", "./c@d:e", "http://a/c@d:e"},
    {"http://a/b", "./c:d", "http://a/c:d"},
    {"http://a/b?u=x/y", "c", "http://a/c"},
#ifdef HAVE_TLS
    {"http://a:81/b", "https://a/c", "https://a/c"},
    {"https://a/b", "//g:443/c", "https://g/c"},
    {"https://a/b", "c", "https://a/c"},
    {"https://a/b", "http://a/c", "http://a/c"},
#endif
};

START_TEST(a_reference_may_lead_anywhere_in_http)
{
    assert_resolved(others[_i].base, others[_i].reference, others[_i].expected);
}
END_TEST

static const struct {
    const char *reference, *part;
} hostile[] = {
    {"g:h", "the scheme \"g\" is not http"},
    {"file:///etc/passwd", "\"file\" is not http"},
    {"javascript:alert(1)", "\"javascript\" is not http"},
    {"ftp://h/", "\"ftp\" is not http"},
    {"http:g", "it has no host"},
    {"http:/g", "it has no host"},
    {"http:", "it has no host"},
    {"http://", "it has no host"},
    {"http:///g", "it has no host"},
    {"//", "it has no host"},
    {"///g", "it has no host"},
    {"//:80/", "it has no host"},
    {"http://user:hunter2@h/", "a user or password in it is not supported"},
    {"//user@h/", "a user or password"},
    {"//@h/", "a user or password"},
    {"//h:0/", "port is not from 1 to 65535"},
    {"//h:65536/", "port"},
    {"//h:99999999999999999999999999/", "port"},
    {"//h:x/", ""},
    {"//127.1/", "looks like an IPv4"},
    {"//10.0.0.256/", "looks like an IPv4"},
    {"//a..b/", "neither a name"},
    {"//%41/", "neither a name"},
    {"//[v1.x]/", "neither a name"},
    {"//[::1/", ""},
    {"//[fe80::1%25eth0]/", ""},
    {"a b", "\" \" cannot stand at its character 2"},
    {" ", "cannot stand"},
    {"a\r\nX: y", "\"\\r\" cannot stand"},
    {"\x01", "cannot stand"},
    {"\xc3\xa9", "\"\\xc3\" cannot stand"},
    {"%", ""},
    {"%zz", ""},
    {"1:2", ""},
    {":", ""},
    {"::::", ""},
    {"\\\\h\\x", "cannot stand"},
#ifndef HAVE_TLS
    {"https://h/", "TLS"},
#endif
};

START_TEST(what_leads_elsewhere_is_refused)
{
    assert_refused("http://a/b/c", hostile[_i].reference, hostile[_i].part);
    assert_refused("http://[::1]:81/", hostile[_i].reference, hostile[_i].part);
}
END_TEST

/* `piece`, over and over, for `length` bytes. */
static char *repeated(const char *piece, size_t length)
{
    char *text = malloc(length + 1);
    for (size_t i = 0; i < length; i++)
        text[i] = piece[i % strlen(piece)];
    text[length] = '\0';
    return text;
}

static const char *const pieces[] = {"a", "/", "../", "./", "a/../", "a/", "%41", "?", ";", "//"};

/* Neither a long base nor a long reference makes more than a URL may be. */
START_TEST(a_result_is_as_long_as_a_url_at_most)
{
    char why[256], base_text[4000] = "http://h/";
    struct url result;
    memset(base_text + 9, 'b', 3000);
    strcpy(base_text + 3009, "/c");
    struct url base = parsed(base_text);
    for (size_t length = 4080; length < 4110; length++) {
        char *reference = repeated(pieces[_i], length);
        if (url_resolve(&base, reference, &result, why, sizeof why)) {
            ck_assert_uint_le(strlen(result.text), URL_MAX);
            url_free(&result);
        }
        free(reference);
    }
    url_free(&base);
}
END_TEST

START_TEST(what_would_be_too_long_is_told)
{
    char base[4000] = "http://h/", *reference = repeated("a", 2000);
    memset(base + 9, 'b', 3000);
    strcpy(base + 3009, "/c");
    assert_refused(base, reference, "characters, and 4096 is the most");
    free(reference);
    reference = repeated("a", 1 << 20);
    assert_refused(base, reference, "it has 1048576 characters, and 4096 is the most");
    free(reference);
}
END_TEST

static const struct {
    const char *a, *b;
    bool same;
} origins[] = {
    {"http://h/a", "http://H:80/b?c", true},
    {"http://[::1]:81/a", "http://[::1]:81/", true},
    {"http://127.0.0.1", "http://127.0.0.1:80/", true},
    {"http://h/", "http://h:81/", false},
    {"http://h/", "http://h.example/", false},
    {"http://h.example/", "http://i.example/", false},
#ifdef HAVE_TLS
    {"https://h/", "https://h:443/x", true},
    {"http://h/", "https://h/", false},
    {"http://h:443/", "https://h:443/", false},
    {"http://h:80/", "https://h:80/", false},
#endif
};

START_TEST(an_origin_is_scheme_host_and_port)
{
    struct url a = parsed(origins[_i].a), b = parsed(origins[_i].b);
    ck_assert_int_eq(url_same_origin(&a, &b), origins[_i].same);
    ck_assert_int_eq(url_same_origin(&b, &a), origins[_i].same);
    url_free(&a);
    url_free(&b);
}
END_TEST

static Suite *suite(void)
{
    Suite *s = suite_create("url_resolve");
    TCase *tcase = tcase_create("url_resolve");
    tcase_add_loop_test(tcase, the_examples_of_the_rfc_come_out_right, 0, COUNT_OF(examples));
    tcase_add_loop_test(tcase, a_reference_may_lead_anywhere_in_http, 0, COUNT_OF(others));
    tcase_add_loop_test(tcase, what_leads_elsewhere_is_refused, 0, COUNT_OF(hostile));
    tcase_add_loop_test(tcase, a_result_is_as_long_as_a_url_at_most, 0, COUNT_OF(pieces));
    tcase_add_test(tcase, what_would_be_too_long_is_told);
    tcase_add_loop_test(tcase, an_origin_is_scheme_host_and_port, 0, COUNT_OF(origins));
    suite_add_tcase(s, tcase);
    return s;
}

CHECK_MAIN(suite())
