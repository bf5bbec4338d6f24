#include "check_main.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "config/url.h"

#define COUNT_OF(array) ((int)(sizeof(array) / sizeof(array)[0]))

static const struct {
    const char *text, *normalised, *authority, *host, *target;
    uint16_t port;
} good[] = {
    {"http://h", "http://h/", "h", "h", "/", 80},
    {"http://h/", "http://h/", "h", "h", "/", 80},
    {"h", "http://h/", "h", "h", "/", 80},
    {"h/a/b?c=d&e=f", "http://h/a/b?c=d&e=f", "h", "h", "/a/b?c=d&e=f", 80},
    {"http://h?q", "http://h/?q", "h", "h", "/?q", 80},
    {"h:81?q", "http://h:81/?q", "h:81", "h", "/?q", 81},
    {"http://h?", "http://h/?", "h", "h", "/?", 80},
    /* Ports: the default one is dropped. */
    {"http://h:8001/", "http://h:8001/", "h:8001", "h", "/", 8001},
    {"h:8001", "http://h:8001/", "h:8001", "h", "/", 8001},
    {"http://h:80/x", "http://h/x", "h", "h", "/x", 80},
    {"http://h:/x", "http://h/x", "h", "h", "/x", 80},
    {"h:", "http://h/", "h", "h", "/", 80},
    {"http://h:0080/", "http://h/", "h", "h", "/", 80},
    {"http://h:00000000000000000000081/", "http://h:81/", "h:81", "h", "/", 81},
    {"http://h:1/", "http://h:1/", "h:1", "h", "/", 1},
    {"http://h:65535/", "http://h:65535/", "h:65535", "h", "/", 65535},
    {"http://h:443/", "http://h:443/", "h:443", "h", "/", 443},
    /* A fragment is never sent. */
    {"http://h/#top", "http://h/", "h", "h", "/", 80},
    {"http://h#top", "http://h/", "h", "h", "/", 80},
    {"http://h/a#b?c", "http://h/a", "h", "h", "/a", 80},
    {"http://h?a#b/c", "http://h/?a", "h", "h", "/?a", 80},
    {"http://h/#", "http://h/", "h", "h", "/", 80},
    /* IPv6: brackets are of the authority, and not of the host. */
    {"http://[::1]/", "http://[::1]/", "[::1]", "::1", "/", 80},
    {"http://[::1]:8002/n?w=me", "http://[::1]:8002/n?w=me", "[::1]:8002", "::1", "/n?w=me", 8002},
    {"[::1]", "http://[::1]/", "[::1]", "::1", "/", 80},
    {"[::1]:80?q", "http://[::1]/?q", "[::1]", "::1", "/?q", 80},
    {"[::1]:", "http://[::1]/", "[::1]", "::1", "/", 80},
    {"[::]", "http://[::]/", "[::]", "::", "/", 80},
    {"[2001:DB8::a:1]:9", "http://[2001:DB8::a:1]:9/", "[2001:DB8::a:1]:9", "2001:DB8::a:1", "/",
     9},
    {"[::ffff:127.0.0.1]", "http://[::ffff:127.0.0.1]/", "[::ffff:127.0.0.1]", "::ffff:127.0.0.1",
     "/", 80},
    {"[1:2:3:4:5:6:7:8]", "http://[1:2:3:4:5:6:7:8]/", "[1:2:3:4:5:6:7:8]", "1:2:3:4:5:6:7:8", "/",
     80},
    {"http://127.0.0.1:8001/", "http://127.0.0.1:8001/", "127.0.0.1:8001", "127.0.0.1", "/", 8001},
    {"255.255.255.255", "http://255.255.255.255/", "255.255.255.255", "255.255.255.255", "/", 80},
    {"0.0.0.0", "http://0.0.0.0/", "0.0.0.0", "0.0.0.0", "/", 80},
    /* Names. */
    {"localhost", "http://localhost/", "localhost", "localhost", "/", 80},
    {"a-b.c_d.example", "http://a-b.c_d.example/", "a-b.c_d.example", "a-b.c_d.example", "/", 80},
    {"example.net./x", "http://example.net./x", "example.net.", "example.net.", "/x", 80},
    {"1a.2b", "http://1a.2b/", "1a.2b", "1a.2b", "/", 80},
    {"host1", "http://host1/", "host1", "host1", "/", 80},
    {"3com.example", "http://3com.example/", "3com.example", "3com.example", "/", 80},
    {"xn--bcher-kva.example", "http://xn--bcher-kva.example/", "xn--bcher-kva.example",
     "xn--bcher-kva.example", "/", 80},
    {"http", "http://http/", "http", "http", "/", 80},
    /* The path is sent as it is written. */
    {"h/a%20b", "http://h/a%20b", "h", "h", "/a%20b", 80},
    {"h/%e2%82%AC", "http://h/%e2%82%AC", "h", "h", "/%e2%82%AC", 80},
    {"h//a/../b/./c", "http://h//a/../b/./c", "h", "h", "//a/../b/./c", 80},
    {"h/-._~!$&'()*+,;=:@", "http://h/-._~!$&'()*+,;=:@", "h", "h", "/-._~!$&'()*+,;=:@", 80},
    {"h/?a=/?b", "http://h/?a=/?b", "h", "h", "/?a=/?b", 80},
    {"h/x;p=1?a=b", "http://h/x;p=1?a=b", "h", "h", "/x;p=1?a=b", 80},
    {"h/http://other/", "http://h/http://other/", "h", "h", "/http://other/", 80},
    {"h?u=http://other:81/#f", "http://h/?u=http://other:81/", "h", "h", "/?u=http://other:81/",
     80},
};

static const struct {
    const char *text, *normalised, *authority, *host, *target;
    uint16_t port;
} tls[] = {
    {"https://h", "https://h/", "h", "h", "/", 443},
    {"HTTPS://h:443/x", "https://h/x", "h", "h", "/x", 443},
    {"https://h:/x", "https://h/x", "h", "h", "/x", 443},
    {"https://h:80/", "https://h:80/", "h:80", "h", "/", 80},
    {"https://[::1]:8443?q", "https://[::1]:8443/?q", "[::1]:8443", "::1", "/?q", 8443},
};

static void assert_parts(const struct url *url, const char *authority, const char *host,
                         const char *target)
{
    char copy[URL_HOST_MAX + 1];
    ck_assert_str_eq(url->text + url->target, target);
    ck_assert_uint_eq(url->host_length, strlen(host));
    ck_assert_str_eq(url_host(url, copy), host);
    ck_assert_uint_eq(url_authority_length(url), strlen(authority));
    ck_assert_int_eq(strncmp(url->text + url->authority, authority, strlen(authority)), 0);
}

START_TEST(is_taken_apart)
{
    char why[256] = "";
    struct url url;
    ck_assert_msg(url_parse(good[_i].text, &url, NULL, why, sizeof why), "%s: %s", good[_i].text,
                  why);
    ck_assert_str_eq(url.text, good[_i].normalised);
    ck_assert_uint_eq(url.port, good[_i].port);
    assert_parts(&url, good[_i].authority, good[_i].host, good[_i].target);
    url_free(&url);
}
END_TEST

START_TEST(an_https_url_is_taken_apart)
{
#ifdef HAVE_TLS
    char why[256] = "";
    struct url url;
    ck_assert_msg(url_parse(tls[_i].text, &url, NULL, why, sizeof why), "%s: %s", tls[_i].text,
                  why);
    ck_assert(url.https);
    ck_assert_str_eq(url.text, tls[_i].normalised);
    ck_assert_uint_eq(url.port, tls[_i].port);
    assert_parts(&url, tls[_i].authority, tls[_i].host, tls[_i].target);
    url_free(&url);
#endif
}
END_TEST

START_TEST(the_normalised_form_stays_as_it_is)
{
    char why[256];
    struct url once, twice;
    ck_assert(url_parse(good[_i].text, &once, NULL, why, sizeof why));
    ck_assert(url_parse(once.text, &twice, NULL, why, sizeof why));
    ck_assert_str_eq(twice.text, once.text);
    ck_assert_uint_eq(twice.port, once.port);
    url_free(&once);
    url_free(&twice);
}
END_TEST

START_TEST(upper_case_is_the_same_scheme_and_host)
{
    char why[256], host[URL_HOST_MAX + 1];
    struct url url;
    ck_assert(url_parse("HTTP://EXAMPLE.Net:80/Path?Query", &url, NULL, why, sizeof why));
    ck_assert_int_eq(strncmp(url.text, "http://", 7), 0);
    ck_assert_int_eq(strcasecmp(url_host(&url, host), "example.net"), 0);
    ck_assert_str_eq(url.text + url.target, "/Path?Query");
    url_free(&url);
}
END_TEST

static const struct {
    const char *text, *part;
} bad[] = {
    {"", "empty"},
    {"http://", "no host"},
    {"http:///x", "no host"},
    {"/x", "no host"},
    {"?x", "no host"},
    {"#x", "no host"},
    {":80", "no host"},
    {"http://:80/", "no host"},
    {"://h/", ""},
    /* Ports. */
    {"http://h:0/", "port is not from 1 to 65535"},
    {"h:000", "port"},
    {"h:65536", "port is not from 1 to 65535"},
    {"h:99999999999999999999999999", "port"},
    {"http://h:-1/", "port"},
    {"host:abc", "port"},
    {"http://host:80x/", "port"},
    {"h:80:81", ""},
    {"http://h: 80/", "port is not a number"},
/* Other schemes. */
#ifndef HAVE_TLS
    {"https://h/", "TLS"},
    {"HTTPS://h/", "TLS"},
#endif
    {"ftp://h/", "\"ftp\" is not http"},
    {"file:///etc/passwd", "\"file\" is not http"},
    {"ws://h/", "\"ws\" is not http"},
    {"httpx://h/", "\"httpx\" is not http"},
    {"htt://h/", "\"htt\" is not http"},
    {"unix:///run/x", "\"unix\" is not http"},
    /* A slash forgotten is not a server named "http". */
    {"http:/h/", ""},
    {"https:/h/", ""},
    {"http:h/", ""},
    /* Users and passwords. */
    {"http://us^er@h/", "a character before its '@' cannot stand there"},
    {"http://user@h/", "user or password"},
    {"http://user:secret@h/", "user or password"},
    {"http://@h/", "user or password"},
    {"user:secret@h", "user or password"},
    {"mailto:me@h", ""},
    /* Bytes. */
    {" http://h/", ""},
    {"http://h/ ", "\" \" cannot stand at its character 10"},
    {"h/a b", "\" \" cannot stand at its character 4"},
    {"http://a b/", "\" \" cannot stand at its character 9"},
    {"http://h/\r\nX: y", "\"\\r\" cannot stand"},
    {"http://h/\n", "\"\\n\" cannot stand"},
    {"http://h/\t", "\"\\t\" cannot stand"},
    {"http://h/\x01", "\"\\x01\" cannot stand"},
    {"http://h/\x7f", "\"\\x7f\" cannot stand"},
    {"http://h/\xc3\xa9", "\"\\xc3\" cannot stand at its character 10"},
    {"http://b\xc3\xbc"
     "cher/",
     "\"\\xc3\" cannot stand at its character 9"},
    {"http://h/\"", "cannot stand"},
    {"http://h/<x>", "cannot stand"},
    {"http://h/{x}", "cannot stand"},
    {"http://h/a|b", "cannot stand"},
    {"http://h\\x", "cannot stand"},
    {"http://h/a^b", "cannot stand"},
    {"http://h/`", "cannot stand"},
    {"http://h/?a[]=1", "cannot stand"},
    {"http://h/%", ""},
    {"http://h/%4", ""},
    {"http://h/%zz", "cannot stand"},
    {"http://h/a#b#c", "cannot stand"},
    /* Hosts. */
    {"a..b", "neither a name nor an IP address"},
    {".a", "neither a name"},
    {".", "neither a name"},
    {"..", "neither a name"},
    {"a!b", "neither a name"},
    {"%41.example", "neither a name"},
    {"a,b", "neither a name"},
    {"*", "neither a name"},
    {"127.1", "looks like an IPv4 address"},
    {"10.0.0.256", "looks like an IPv4 address"},
    {"10.0.0.256.", "looks like an IPv4 address"},
    {"1.2.3.4.5", "looks like an IPv4 address"},
    {"010.0.0.1", "looks like an IPv4 address"},
    {"8080", "looks like an IPv4 address"},
    {"a.1", "looks like an IPv4 address"},
    {"0x7f.0.0.1", "looks like an IPv4 address"},
    {"::1", ""},
    {"http://::1/", ""},
    {"http://[::1/", ""},
    {"[::1", ""},
    {"[]", ""},
    {"[:::1]", ""},
    {"[1:2:3:4:5:6:7:8:9]", ""},
    {"[::g]", ""},
    {"[::1]x", ""},
    {"[127.0.0.1]", ""},
    {"[fe80::1%eth0]", ""},
    {"[fe80::1%25eth0]", ""},
    {"[v1.fe80::a+en1]", "neither a name"},
    {"]", ""},
};

START_TEST(is_refused)
{
    char why[256] = "";
    struct url url = {0};
    ck_assert_msg(!url_parse(bad[_i].text, &url, NULL, why, sizeof why), "\"%s\" became \"%s\"",
                  bad[_i].text, url.text);
    ck_assert_msg(strlen(why) > 0 && strstr(why, bad[_i].part) != NULL, "%s: %s", bad[_i].text,
                  why);
    for (const char *at = why; *at != '\0'; at++)
        ck_assert(*at >= ' ' && *at < 0x7f);
}
END_TEST

static const struct {
    const char *text, *normalised, *userinfo;
} users[] = {
    {"http://h/", "http://h/", NULL},
    {"http://h/a@b?c@d", "http://h/a@b?c@d", NULL},
    {"http://user:pass@h/x", "http://h/x", "user:pass"},
    {"http://user@h:81?q", "http://h:81/?q", "user"},
    {"user:pass@h", "http://h/", "user:pass"},
    {"http://u:p@[::1]:81/", "http://[::1]:81/", "u:p"},
    {"http://u%3a:p%40@h/", "http://h/", "u%3a:p%40"},
    {"http://:@h/", "http://h/", ":"},
    {"http://@h/", "http://h/", ""},
};

START_TEST(a_user_and_password_are_handed_out_apart)
{
    char why[256] = "", *userinfo = NULL;
    struct url url;
    ck_assert_msg(url_parse(users[_i].text, &url, &userinfo, why, sizeof why), "%s: %s",
                  users[_i].text, why);
    ck_assert_str_eq(url.text, users[_i].normalised);
    ck_assert_pstr_eq(userinfo, users[_i].userinfo);
    url_free(&url);
    free(userinfo);
}
END_TEST

static const char *const hosts[] = {"h", "a-b.example.", "127.0.0.1", "::1", "2001:DB8::1"};
static const char *const no_hosts[] = {"",      ".a",    "a b",  "a/",
                                       "127.1", "[::1]", "h:80", "fe80::1%lo"};

START_TEST(a_host_alone_is_checked_by_the_same_rule)
{
    char name[300];
    for (int i = 0; i < COUNT_OF(hosts); i++)
        ck_assert_msg(url_is_host(hosts[i]), "%s", hosts[i]);
    for (int i = 0; i < COUNT_OF(no_hosts); i++)
        ck_assert_msg(!url_is_host(no_hosts[i]), "%s", no_hosts[i]);
    memset(name, 'a', sizeof name);
    name[254] = '\0';
    ck_assert(!url_is_host(name));
}
END_TEST

/* "aaa.aaa.aaa" with the given length. */
static char *long_host(char *out, size_t length)
{
    for (size_t i = 0; i < length; i++)
        out[i] = i % 32 == 31 && i + 1 < length ? '.' : 'a';
    out[length] = '\0';
    return out;
}

START_TEST(a_host_has_up_to_253_characters)
{
    char name[300], text[400], authority[400], why[256];
    struct url url;
    snprintf(text, sizeof text, "http://%s:8080/x", long_host(name, 253));
    snprintf(authority, sizeof authority, "%s:8080", name);
    ck_assert_msg(url_parse(text, &url, NULL, why, sizeof why), "%s", why);
    assert_parts(&url, authority, name, "/x");
    url_free(&url);
    ck_assert(!url_parse(long_host(name, 254), &url, NULL, why, sizeof why));
    ck_assert_ptr_nonnull(strstr(why, "254"));
    ck_assert_ptr_nonnull(strstr(why, "253"));
}
END_TEST

/* A text of this length that begins with `start`, and then has a path of 'p'. */
static char *long_url(const char *start, size_t length)
{
    char *text = malloc(length + 1);
    memset(text, 'p', length);
    memcpy(text, start, strlen(start));
    text[length] = '\0';
    return text;
}

static const char *const starts[] = {"http://h/", "h/", "h?", "h:8080?", "[::1]:65535?"};

START_TEST(a_url_has_up_to_4096_characters)
{
    char why[256];
    struct url url;
    char *fits = long_url(starts[_i], 4096), *too_long = long_url(starts[_i], 4097);
    ck_assert_msg(url_parse(fits, &url, NULL, why, sizeof why), "%s", why);
    ck_assert_int_eq(url.text[url.target], '/');
    ck_assert_uint_eq(strspn(strpbrk(url.text + url.target, "p"), "p"), 4096 - strlen(starts[_i]));
    url_free(&url);
    ck_assert(!url_parse(too_long, &url, NULL, why, sizeof why));
    ck_assert_ptr_nonnull(strstr(why, "4097"));
    ck_assert_ptr_nonnull(strstr(why, "4096"));
    free(fits);
    free(too_long);
}
END_TEST

START_TEST(a_short_room_for_the_sentence_is_kept)
{
    struct url url;
    for (size_t size = 1; size < 64; size++) {
        char *why = malloc(size);
        ck_assert(!url_parse("gopher://h/", &url, NULL, why, size));
        ck_assert_uint_lt(strlen(why), size);
        free(why);
    }
}
END_TEST

static Suite *suite(void)
{
    Suite *s = suite_create("url");
    TCase *tcase = tcase_create("url");
    tcase_add_loop_test(tcase, is_taken_apart, 0, COUNT_OF(good));
    tcase_add_loop_test(tcase, an_https_url_is_taken_apart, 0, COUNT_OF(tls));
    tcase_add_loop_test(tcase, the_normalised_form_stays_as_it_is, 0, COUNT_OF(good));
    tcase_add_test(tcase, upper_case_is_the_same_scheme_and_host);
    tcase_add_loop_test(tcase, is_refused, 0, COUNT_OF(bad));
    tcase_add_loop_test(tcase, a_user_and_password_are_handed_out_apart, 0, COUNT_OF(users));
    tcase_add_test(tcase, a_host_alone_is_checked_by_the_same_rule);
    tcase_add_test(tcase, a_host_has_up_to_253_characters);
    tcase_add_loop_test(tcase, a_url_has_up_to_4096_characters, 0, COUNT_OF(starts));
    tcase_add_test(tcase, a_short_room_for_the_sentence_is_kept);
    suite_add_tcase(s, tcase);
    return s;
}

CHECK_MAIN(suite())
