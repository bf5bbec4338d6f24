/* The keys that make a request: method, body, header; and where its response has the delay. */
#include "check_main.h"

#include <stdio.h>
#include <string.h>

#include "config_scene.h"

#define COUNT_OF(array) ((int)(sizeof(array) / sizeof(array)[0]))

/* The server below has these lines. */
#define SERVER "[server a]\nurl = h\n"

/* "NAME=VALUE|", run together. */
static void assert_fields(const struct server_settings *settings, const char *expected)
{
    char all[1000] = "";
    for (size_t i = 0; i < settings->field_count; i++) {
        size_t at = strlen(all);
        snprintf(all + at, sizeof all - at, "%s=%s|", settings->fields[i].name,
                 settings->fields[i].value);
    }
    ck_assert_str_eq(all, expected);
}

/* `expected` are the items as they are written. */
static void assert_sources(const struct server_settings *settings, const char *expected)
{
    char all[256] = "";
    const struct delay_sources *sources = settings->delay_from;
    for (size_t i = 0; i < sources->count; i++) {
        strcat(all, i == 0 ? "" : " ");
        strcat(all, sources->list[i].item);
    }
    ck_assert_str_eq(all, expected);
}

START_TEST(without_a_key_it_is_a_get_whose_body_has_the_delay)
{
    read_config(SERVER);
    const struct server_settings *settings = settings_of("a");
    ck_assert_int_eq(settings->method, METHOD_GET);
    ck_assert_int_eq(settings->redirects, 5);
    ck_assert_pstr_eq(settings->body, NULL);
    ck_assert_pstr_eq(settings->authorization, NULL);
    assert_sources(settings, "body");
    ck_assert_int_eq(settings->delay_unit, UNIT_SECONDS);
    ck_assert_int_eq(settings->delay_scale, DELAY_SCALE_ONE);
    assert_fields(settings, "");
}
END_TEST

/* --- method, body, delay-from ----------------------------------------------------- */

static const struct {
    const char *defaults, *own;
    enum method method;
    const char *body, *sources;
} requests[] = {
    {"", "method = GET\n", METHOD_GET, NULL, "body"},
    {"", "method = POST\n", METHOD_POST, NULL, "body"},
    {"", "method = PUT\nbody = a=b&c=d e\n", METHOD_PUT, "a=b&c=d e", "body"},
    {"", "method = POST\nbody = {\"a\": [1]}\n", METHOD_POST, "{\"a\": [1]}", "body"},
    {"", "body = \xc3\xbc\nmethod = POST\n", METHOD_POST, "\xc3\xbc", "body"},
    {"", "method = POST\nbody = ${OF_TEST}!\n", METHOD_POST, "two\nlines!", "body"},
    {"", "method = HEAD\ndelay-from = header:X-Next\n", METHOD_HEAD, NULL, "header:X-Next"},
    {"", "delay-from = header:retry-after\n", METHOD_GET, NULL, "header:retry-after"},
    {"", "delay-from = header:!#$%&'*+-.^_`|~09azAZ\n", METHOD_GET, NULL,
     "header:!#$%&'*+-.^_`|~09azAZ"},
    {"", "delay-from = body\n", METHOD_GET, NULL, "body"},
    {"", "delay-from = header:A, json:/a/0/b,body\n", METHOD_GET, NULL,
     "header:A json:/a/0/b body"},
    {"", "delay-from =  json: ,\tjson:/ , json:/~0~1\n", METHOD_GET, NULL,
     "json: json:/ json:/~0~1"},
    {"", "method = HEAD\ndelay-from = header:A, header:B\n", METHOD_HEAD, NULL,
     "header:A header:B"},
    /* What is inherited. */
    {"method = POST\nbody = x\n", "", METHOD_POST, "x", "body"},
    {"method = POST\nbody = x\n", "body = y\n", METHOD_POST, "y", "body"},
    {"method = POST\nbody = x\n", "method = PUT\n", METHOD_PUT, "x", "body"},
    {"method = POST\nbody = x\n", "method = GET\n", METHOD_GET, NULL, "body"},
    {"method = POST\nbody = x\n", "method = HEAD\ndelay-from = header:A\n", METHOD_HEAD, NULL,
     "header:A"},
    {"method = HEAD\ndelay-from = header:A\n", "", METHOD_HEAD, NULL, "header:A"},
    {"method = HEAD\ndelay-from = header:A\n", "delay-from = header:B\n", METHOD_HEAD, NULL,
     "header:B"},
    {"delay-from = header:A\n", "method = HEAD\n", METHOD_HEAD, NULL, "header:A"},
    {"delay-from = header:A\n", "delay-from = body\n", METHOD_GET, NULL, "body"},
};

START_TEST(a_request_is_as_it_is_written)
{
    setenv("OF_TEST", "two\nlines", 1);
    read_config("[defaults]\n%s" SERVER "%s", requests[_i].defaults, requests[_i].own);
    const struct server_settings *settings = settings_of("a");
    ck_assert_int_eq(settings->method, requests[_i].method);
    ck_assert_pstr_eq(settings->body, requests[_i].body);
    assert_sources(settings, requests[_i].sources);
}
END_TEST

#define DEFAULTS(lines) "[servers]\na = h\n[defaults]\n" lines
#define NO_BODY(what, method)                                                                      \
    what ": a request with the method " method " has no body; write method = POST or PUT, or "     \
         "leave body out\n"
#define NO_SOURCE(what)                                                                            \
    what ": the response to the method HEAD has no body that names a delay; write delay-from = "   \
         "header:NAME\n"
#define WRITE_SOURCE "write body, header:NAME or json:/POINTER, with commas between several\n"
#define MISSING_SOURCE                                                                             \
    "an item is missing; write body, header:NAME or json:/POINTER, with commas between\n"
#define WRITE_NAME   "behind header: has to be the name of a field, as in header:X-Poll-Interval\n"
#define WRITE_SLASH  "a JSON pointer begins with a slash, as in json:/interval\n"
#define WRITE_ESCAPE "in a JSON pointer ~ stands only in ~0, which is ~, and in ~1, which is /\n"

static const struct {
    const char *text, *told;
} wrong_requests[] = {
    {SERVER "method = DELETE\n",
     "f.ini:3: method = \"DELETE\": write one of GET, HEAD, POST, PUT\n"},
    {SERVER "method = get\n", "f.ini:3: method = \"get\": write one of GET, HEAD, POST, PUT\n"},
    {SERVER "method =\n", "f.ini:3: method = \"\": write one of GET, HEAD, POST, PUT\n"},
    {SERVER "method = POST\nmethod = POST\n",
     "f.ini:4: method is set already; each key can be set once\n"},
    {SERVER "method = POST\nbody =\n",
     "f.ini:4: body = \"\": write a text, or leave the key out\n"},
    {SERVER "method = POST\nbody = ${EMPTY_OF_TEST}\n",
     "f.ini:4: body = \"${EMPTY_OF_TEST}\": write a text, or leave the key out\n"},
    {SERVER "method = POST\nbody = ${MISSING}\n",
     "f.ini:4: \"${MISSING}\": there is no such variable in the environment\n"},
    {SERVER "body = x\n", NO_BODY("f.ini:1: [server a]", "GET")},
    {SERVER "body = x\nmethod = HEAD\ndelay-from = header:A\n",
     NO_BODY("f.ini:1: [server a]", "HEAD")},
    {DEFAULTS("body = x\n"), NO_BODY("f.ini:3: [defaults]", "GET")},
    {"[defaults]\nmethod = POST\n" SERVER "method = GET\nbody = x\n",
     NO_BODY("f.ini:3: [server a]", "GET")},
    {SERVER "method = HEAD\n", NO_SOURCE("f.ini:1: [server a]")},
    {SERVER "method = HEAD\ndelay-from = body\n", NO_SOURCE("f.ini:1: [server a]")},
    {DEFAULTS("method = HEAD\n"), NO_SOURCE("f.ini:3: [defaults]")},
    {"[defaults]\nmethod = HEAD\ndelay-from = header:A\n" SERVER "delay-from = body\n",
     NO_SOURCE("f.ini:4: [server a]")},
    /* One mistake is not told as two. */
    {SERVER "method = PSOT\nbody = x\n",
     "f.ini:3: method = \"PSOT\": write one of GET, HEAD, POST, PUT\n"},
    {SERVER "method = HEAD\ndelay-from = json\n", "f.ini:4: delay-from = \"json\": " WRITE_SOURCE},
    {"[defaults]\nmethod = PSOT\n" SERVER "body = x\n",
     "f.ini:2: method = \"PSOT\": write one of GET, HEAD, POST, PUT\n"},
    {SERVER "method = HEAD\ndelay-from = header:A, json:/a\n", NO_SOURCE("f.ini:1: [server a]")},
    {SERVER "delay-from =\n", "f.ini:3: delay-from = \"\": " MISSING_SOURCE},
    {SERVER "delay-from = Body\n", "f.ini:3: delay-from = \"Body\": " WRITE_SOURCE},
    {SERVER "delay-from = header\n", "f.ini:3: delay-from = \"header\": " WRITE_SOURCE},
    {SERVER "delay-from = header:\n", "f.ini:3: delay-from = \"header:\": " WRITE_NAME},
    {SERVER "delay-from = header: A\n", "f.ini:3: delay-from = \"header: A\": " WRITE_NAME},
    {SERVER "delay-from = body, header:A B\n",
     "f.ini:3: delay-from = \"body, header:A B\": \"header:A B\": " WRITE_NAME},
    {SERVER "delay-from = body,\n", "f.ini:3: delay-from = \"body,\": " MISSING_SOURCE},
    {SERVER "delay-from = ,body\n", "f.ini:3: delay-from = \",body\": " MISSING_SOURCE},
    {SERVER "delay-from = header:A,,body\n",
     "f.ini:3: delay-from = \"header:A,,body\": " MISSING_SOURCE},
    {SERVER "delay-from = header:A, body, header:a\n",
     "f.ini:3: delay-from = \"header:A, body, header:a\": \"header:a\": stands there twice; once "
     "is "
     "enough\n"},
    {SERVER "delay-from = json:interval\n",
     "f.ini:3: delay-from = \"json:interval\": " WRITE_SLASH},
    {SERVER "delay-from = json:/a~2\n", "f.ini:3: delay-from = \"json:/a~2\": " WRITE_ESCAPE},
    {SERVER "delay-from = json:/a~\n", "f.ini:3: delay-from = \"json:/a~\": " WRITE_ESCAPE},
    {SERVER "delay-from = json:1,header:1,json:/1,json:/2,json:/3,json:/4,json:/5,json:/6\n",
     "f.ini:3: delay-from = \"json:1,header:1,json:/1,json:/2,json:/3,json:/4,json:/5,js\"...: "
     "\"json:1\": " WRITE_SLASH},
    {SERVER "delay-from = json:/1,json:/2,json:/3,json:/4,json:/5,json:/6,json:/7,json:/8,body\n",
     "f.ini:3: delay-from = \"json:/1,json:/2,json:/3,json:/4,json:/5,json:/6,json:/7,js\"...: "
     "\"body\": is one too many; 8 are the most\n"},
    {SERVER "delay-from = ${EMPTY_OF_TEST}\n",
     "f.ini:3: delay-from = \"${EMPTY_OF_TEST}\": " MISSING_SOURCE},
    {SERVER "delay-from = body, ${SECRET_OF_TEST}\n",
     "f.ini:3: delay-from = \"body, ${SECRET_OF_TEST}\": item 2: " WRITE_SOURCE},
    {SERVER "delay-unit = sec\n", "f.ini:3: delay-unit = \"sec\": write one of ms, s, m, h, d\n"},
    {SERVER "delay-scale = 0\n",
     "f.ini:3: delay-scale = \"0\": out of range, which is from 0.001 to 1000\n"},
    {SERVER "delay-scale = 1000.1\n",
     "f.ini:3: delay-scale = \"1000.1\": out of range, which is from 0.001 to 1000\n"},
    {SERVER "delay-scale = 1/3\n",
     "f.ini:3: delay-scale = \"1/3\": write a number such as 0.33 or 2\n"},
    {SERVER "redirects = 21\n",
     "f.ini:3: redirects = \"21\": out of range, which is from 0 to 20\n"},
};

START_TEST(a_wrong_request_is_told)
{
    setenv("SECRET_OF_TEST", "s3cret", 1);
    setenv("EMPTY_OF_TEST", "", 1);
    unsetenv("MISSING");
    read_config("%s", wrong_requests[_i].text);
    assert_all_told(wrong_requests[_i].told);
}
END_TEST

/* --- header ----------------------------------------------------------------------- */

static const struct {
    const char *defaults, *own, *fields;
} headers[] = {
    {"", "header = Accept: text/plain\n", "Accept=text/plain|"},
    {"", "header = A: b\nheader = C: d\nheader = A: e\n", "A=b|C=d|A=e|"},
    {"", "header = A:b\n", "A=b|"},
    {"", "header = A: \t b \t c\t \n", "A=b \t c|"},
    {"", "header = A: b: c = d\n", "A=b: c = d|"},
    {"", "header = A:\n", "A=|"},
    {"", "header = !#$%&'*+-.^_`|~09azAZ: x\n", "!#$%&'*+-.^_`|~09azAZ=x|"},
    {"", "header = A: gr\xc3\xbc\xc3\x9f\n", "A=gr\xc3\xbc\xc3\x9f|"},
    {"", "header = Host: other.example:8080\n", "Host=other.example:8080|"},
    {"", "header = User-Agent: me\nheader = accept: b\n", "User-Agent=me|accept=b|"},
    {"", "header = A: ${OF_TEST}\nheader = ${OF_TEST}: ${OF_TEST}\n", "A=value|value=value|"},
    {"", "header = A: 1\nheader = B: 2\nheader = C: 3\nheader = D: 4\nheader = E: 5\n",
     "A=1|B=2|C=3|D=4|E=5|"},
    {"header = A: b\n", "", "A=b|"},
    {"header = A: b\n", "timeout = 1\n", "A=b|"},
    {"header = A: b\n", "header = C: d\n", "A=b|C=d|"},
    {"header = A: b\nheader = C: d\n", "header = a: e\n", "C=d|a=e|"},
    {"header = A: b\nheader = a: c\n", "header = A: d\nheader = A: e\n", "A=d|A=e|"},
    {"header = Host: b\n", "header = Host: c\n", "Host=c|"},
};

START_TEST(a_field_is_sent_as_it_is_written)
{
    setenv("OF_TEST", "value", 1);
    read_config("[servers]\nb = h\n[defaults]\n%s" SERVER "%s", headers[_i].defaults,
                headers[_i].own);
    assert_fields(settings_of("a"), headers[_i].fields);
}
END_TEST

START_TEST(the_fields_of_one_server_are_not_those_of_another)
{
    read_config("[defaults]\nheader = A: b\n[server c]\nurl = h\nheader = C: d\n"
                "[server e]\nurl = h\nheader = a: f\n[servers]\ng = h\n");
    assert_fields(settings_of("c"), "A=b|C=d|");
    assert_fields(settings_of("e"), "a=f|");
    assert_fields(settings_of("g"), "A=b|");
}
END_TEST

#define WRITE_FIELD "; write NAME: VALUE\n"
#define NO_NAME     "before the colon is no name of a field (RFC 9110)" WRITE_FIELD
#define NO_CONTROL  "a control character cannot stand in its value" WRITE_FIELD

/* "hunter2" is secret everywhere. */
static const struct {
    const char *lines, *told;
} wrong_headers[] = {
    {"header =\n", "f.ini:3: header: it is empty" WRITE_FIELD},
    {"header = ${EMPTY_OF_TEST}\n", "f.ini:3: header: it is empty" WRITE_FIELD},
    {"header = Authorization Bearer hunter2\n", "f.ini:3: header: it has no colon" WRITE_FIELD},
    {"header = : hunter2\n", "f.ini:3: header: " NO_NAME},
    {"header = hunter2 : hunter2\n", "f.ini:3: header: " NO_NAME},
    {"header = hunter2(: hunter2\n", "f.ini:3: header: " NO_NAME},
    {"header = gr\xc3\xbc: hunter2\n", "f.ini:3: header: " NO_NAME},
    {"header = ${NEWLINE}A: hunter2\n", "f.ini:3: header: " NO_NAME},
    {"header = A: hunter2${NEWLINE}\n", "f.ini:3: header: " NO_CONTROL},
    {"header = A: ${NEWLINE}B: hunter2\n", "f.ini:3: header: " NO_CONTROL},
    {"header = A: ${RETURN}hunter2\n", "f.ini:3: header: " NO_CONTROL},
    {"header = A: hunter2${DELETE}\n", "f.ini:3: header: " NO_CONTROL},
    {"header = A: ${MISSING}hunter2\n",
     "f.ini:3: \"${MISSING}\": there is no such variable in the environment\n"},
    {"header = Host: h\nheader = host: hunter2\n",
     "f.ini:4: header: \"host\" is set already; it can be set once\n"},
    {"header = Authorization: Bearer hunter2\nheader = AUTHORIZATION: hunter2\n",
     "f.ini:4: header: \"AUTHORIZATION\" is set already; it can be set once\n"},
};

START_TEST(a_wrong_field_is_told_without_its_value)
{
    setenv("EMPTY_OF_TEST", "", 1);
    setenv("NEWLINE", "\r\n", 1);
    setenv("RETURN", "\r", 1);
    setenv("DELETE", "\x7f", 1);
    unsetenv("MISSING");
    read_config(SERVER "%s", wrong_headers[_i].lines);
    assert_all_told(wrong_headers[_i].told);
}
END_TEST

static const char *const reserved[] = {"Content-Length",
                                       "content-length",
                                       "Transfer-Encoding",
                                       "Connection",
                                       "Keep-Alive",
                                       "keep-alive",
                                       "Proxy-Connection",
                                       "TE",
                                       "te",
                                       "Trailer",
                                       "Upgrade",
                                       "Expect"};

START_TEST(a_field_that_frames_the_message_cannot_be_set)
{
    char expected[200];
    snprintf(expected, sizeof expected,
             "f.ini:3: header: \"%s\" is about the connection or the form of a message, which "
             "aiopoll sees to; leave it out\n",
             reserved[_i]);
    read_config(SERVER "header = %s: 5\n", reserved[_i]);
    assert_all_told(expected);
}
END_TEST

/* Where a line is told as a whole, and by people who forget the key. */
static const char *const lines_with_secrets[] = {
    "header: Authorization: Bearer hunter2",
    "header Authorization: Bearer hunter2",
    "header = A: hunter2\x01",
    "Header: A: hunter2",
    "Authorization: Bearer hunter2",
    "authorization : Bearer hunter2",
    "Proxy-Authorization: Basic hunter2",
    "Cookie: hunter2",
    "[server Authorization: hunter2",
};

START_TEST(a_line_that_is_wrong_keeps_the_secret_of_a_field)
{
    char too_long[6000];
    snprintf(too_long, sizeof too_long, "%s%05000d", lines_with_secrets[_i], 0);
    const char *const lines[] = {lines_with_secrets[_i], too_long};
    for (int i = 0; i < 2; i++) {
        read_config(SERVER "%s\n", lines[i]);
        ck_assert_uint_eq(problems.count, 1);
        ck_assert_msg(strncmp(told(0), "f.ini:3: ", 9) == 0, "%s", told(0));
        ck_assert_msg(strstr(told(0), "hunter2") == NULL, "%s", told(0));
        ck_assert_msg(strstr(told(0), "***\"") != NULL, "%s", told(0));
    }
}
END_TEST

/* --- how much --------------------------------------------------------------------- */

#define TOO_MUCH(place)                                                                            \
    place ": body, header and credentials have 16385 bytes together, and 16384 is the most\n"

static void set_env_of(const char *name, size_t length)
{
    static char text[REQUEST_CONTENT_MAX + 2];
    memset(text, 'x', length);
    text[length] = '\0';
    setenv(name, text, 1);
}

START_TEST(all_of_a_request_is_bounded)
{
    set_env_of("MOST", REQUEST_CONTENT_MAX);
    set_env_of("MORE", REQUEST_CONTENT_MAX + 1);
    set_env_of("HALF", REQUEST_CONTENT_MAX / 2);
    read_config(SERVER "method = POST\nbody = ${MOST}\n");
    ck_assert_uint_eq(strlen(settings_of("a")->body), REQUEST_CONTENT_MAX);
    read_config(SERVER "method = POST\nbody = ${MORE}\n");
    assert_all_told(TOO_MUCH("f.ini:1: [server a]"));
    read_config(SERVER "method = POST\nbody = ${HALF}\nheader = ${HALF}: A\n");
    assert_all_told(TOO_MUCH("f.ini:1: [server a]"));
    read_config("[defaults]\nheader = ${HALF}: A\n" SERVER "header = B: ${HALF}\n");
    ck_assert_uint_eq(problems.count, 1);
    ck_assert_ptr_nonnull(strstr(told(0), "f.ini:3: [server a]: body, header and credentials"));
    read_config("[defaults]\nheader = A: ${MOST}\n[servers]\na = h\n");
    assert_all_told(TOO_MUCH("f.ini:1: [defaults]"));
    /* Not with what it replaces. */
    read_config("[defaults]\nheader = A: ${HALF}\n" SERVER "header = a: ${HALF}\n");
    ck_assert_uint_eq(settings_of("a")->field_count, 1);
}
END_TEST

static Suite *suite(void)
{
    Suite *s = suite_create("config_request");
    TCase *tcase = tcase_create("config_request");
    tcase_add_checked_fixture(tcase, config_scene_start, config_scene_finish);
    tcase_add_test(tcase, without_a_key_it_is_a_get_whose_body_has_the_delay);
    tcase_add_loop_test(tcase, a_request_is_as_it_is_written, 0, COUNT_OF(requests));
    tcase_add_loop_test(tcase, a_wrong_request_is_told, 0, COUNT_OF(wrong_requests));
    tcase_add_loop_test(tcase, a_field_is_sent_as_it_is_written, 0, COUNT_OF(headers));
    tcase_add_test(tcase, the_fields_of_one_server_are_not_those_of_another);
    tcase_add_loop_test(tcase, a_wrong_field_is_told_without_its_value, 0, COUNT_OF(wrong_headers));
    tcase_add_loop_test(tcase, a_field_that_frames_the_message_cannot_be_set, 0,
                        COUNT_OF(reserved));
    tcase_add_loop_test(tcase, a_line_that_is_wrong_keeps_the_secret_of_a_field, 0,
                        COUNT_OF(lines_with_secrets));
    tcase_add_test(tcase, all_of_a_request_is_bounded);
    suite_add_tcase(s, tcase);
    return s;
}

CHECK_MAIN(suite())
