/*
 * The recipes of aiopoll.ini(5), against responses such as those services send, and against
 * ones that are spoilt.
 */
#include <string.h>

#include "check_main.h"
#include "trail_scene.h"

#define COUNT_OF(array) ((int)(sizeof(array) / sizeof((array)[0])))

#define OK         "HTTP/1.1 200 OK\r\nDate: Wed, 25 Nov 2026 09:00:00 GMT\r\n"
#define JSON       OK "Content-Type: application/json\r\n"
#define BODY(n)    "Content-Length: " #n "\r\n\r\n"
#define SECONDS(n) (INT64_C(1000000000) * (n))
#define MINUTES(n) SECONDS((n)*60)

/* RFC 9773 section 4.2 and 4.3. */
#define ARI "delay-from = header:Retry-After\n"
#define ARI_WINDOW                                                                                 \
    "{\"suggestedWindow\":{\"start\":\"2026-12-03T04:00:00Z\",\"end\":\"2026-12-04T04:00:00Z\"}}"
#define ARI_BODY "Content-Length: 79\r\n\r\n" ARI_WINDOW

#define GITHUB    "delay-from = header:X-Poll-Interval\nheader = Accept: application/vnd.github+json\n"
#define APPCONFIG "delay-from = header:Next-Poll-Interval-In-Seconds\n"
#define HAWKBIT   "delay-from = json:/config/polling/sleep\n"
#define HAWKBIT_BODY(sleep)                                                                        \
    "Connection: close\r\n\r\n{\"config\":{\"polling\":{\"sleep\":" sleep "}},"                    \
    "\"_links\":{\"configData\":{\"href\":\"https://hawkbit.example/configData\"}}}"
#define DEVICE                                                                                     \
    "delay-from = json:/interval\nmethod = POST\nbody = client_id=1406020730\n"                    \
    "header = Content-Type: application/x-www-form-urlencoded\n"
#define DEVICE_BODY(interval)                                                                      \
    "Cache-Control: no-store\r\nConnection: "                                                      \
    "close\r\n\r\n{\"device_code\":\"GmRhmhcxhwAzkoEqiMEg\","                                      \
    "\"user_code\":\"WDJB-MJHT\",\"verification_uri\":\"https://example.com/device\","             \
    "\"expires_in\":1800" interval "}"
#define TRMNL "delay-from = json:/refresh_rate\n"
#define TRMNL_BODY(rate)                                                                           \
    "Connection: close\r\n\r\n{\"status\":0,\"image_url\":\"https://trmnl.example/i.bmp\","        \
    "\"filename\":\"i\",\"refresh_rate\":" rate ",\"reset_firmware\":false,"                       \
    "\"update_firmware\":false}"
#define LEASE "delay-from = json:/auth/lease_duration, json:/lease_duration\ndelay-scale = 0.33\n"
#define LEASE_BODY(lease)                                                                          \
    "Connection: close\r\n\r\n{\"request_id\":\"f1\",\"lease_id\":\"\",\"renewable\":false,"       \
    "\"lease_duration\":0,\"auth\":{\"client_token\":\"t\",\"lease_duration\":" lease              \
    ",\"renewable\":true}}"

static const struct {
    const char *settings, *response;
    int64_t delay;
} good[] = {
    {ARI, JSON "Retry-After: 21600\r\n" ARI_BODY, SECONDS(21600)},
    {ARI, JSON "Retry-After: Wed, 25 Nov 2026 15:00:00 GMT\r\n" ARI_BODY, SECONDS(21600)},
    {GITHUB, JSON "ETag: \"a18c\"\r\nX-Poll-Interval: 60\r\n" BODY(2) "[]", SECONDS(60)},
    {GITHUB, "HTTP/1.1 304 Not Modified\r\nETag: \"a18c\"\r\nX-Poll-Interval: 60\r\n\r\n",
     SECONDS(60)},
    {APPCONFIG,
     OK "Content-Type: application/octet-stream\r\nNext-Poll-Configuration-Token: AYADeN\r\n"
        "Next-Poll-Interval-In-Seconds: 60\r\nVersion-Label: 3\r\n" BODY(5) "flags",
     SECONDS(60)},
    /* nothing new, so no body */
    {APPCONFIG, OK "Next-Poll-Interval-In-Seconds: 15\r\n" BODY(0), SECONDS(15)},
    {HAWKBIT, JSON HAWKBIT_BODY("\"00:05:00\""), MINUTES(5)},
    {HAWKBIT, JSON HAWKBIT_BODY("\"12:00:00\""), MINUTES(720)},
    {DEVICE, JSON DEVICE_BODY(",\"interval\":5"), SECONDS(5)},
    {TRMNL, JSON TRMNL_BODY("\"1800\""), MINUTES(30)},
    {TRMNL, JSON TRMNL_BODY("1800"), MINUTES(30)},
    {LEASE, JSON LEASE_BODY("3600"), SECONDS(1188)},
    /* where it is no login, the lease of the secret counts */
    {LEASE, JSON BODY(23) "{\"lease_duration\":2700}", SECONDS(891)},
};

static void poll_once(const char *settings, const char *response, int status)
{
    scene_start_count(1, "[server a]\nurl = @/a?raw=%s&close=after\n%s", trail_encode(response),
                      settings);
    scene_await_exit(status);
}

START_TEST(a_recipe_finds_the_delay)
{
    poll_once(good[_i].settings, good[_i].response, 0);
    ck_assert_int_eq(scene_ns(scene_poll("a", 0), "delay"), good[_i].delay);
}
END_TEST

#define NOT_SHOWN "it is not shown, as it may repeat a secret of the request"

static const struct {
    const char *settings, *response, *detail;
} spoilt[] = {
    {ARI, JSON ARI_BODY, "the response has no field Retry-After"},
    {ARI, JSON "Retry-After: soon\r\n" ARI_BODY,
     "the field Retry-After is not a number of seconds, nor such as 1m30s or 00:01:30: \"soon\""},
    {ARI, JSON "Retry-After: Tue, 25 Nov 2026 15:00:00 GMT\r\n" ARI_BODY, "the field Retry-After"},
    {GITHUB, JSON "X-Poll-Interval: sixty\r\n" BODY(2) "[]",
     "the field X-Poll-Interval is not a number of seconds, nor such as 1m30s or "
     "00:01:30: " NOT_SHOWN},
    {GITHUB, "HTTP/1.1 304 Not Modified\r\nETag: \"a18c\"\r\n\r\n",
     "the response has no field X-Poll-Interval"},
    {APPCONFIG, OK "Next-Poll-Interval-In-Seconds:\r\n" BODY(0),
     "the field Next-Poll-Interval-In-Seconds is empty"},
    {APPCONFIG,
     OK "Next-Poll-Interval-In-Seconds: 60\r\nNext-Poll-Interval-In-Seconds: 15\r\n" BODY(0),
     "the field Next-Poll-Interval-In-Seconds stands more than once in the response"},
    {HAWKBIT, JSON HAWKBIT_BODY("\"00:05\""),
     "the value at json:/config/polling/sleep is not a number of seconds, nor such as 1m30s or "
     "00:01:30: \"00:05\""},
    {HAWKBIT, JSON HAWKBIT_BODY("\"00:60:00\""), ": \"00:60:00\""},
    {HAWKBIT, JSON BODY(13) "{\"config\":{}}",
     "the JSON of the body has nothing at json:/config/polling/sleep"},
    {DEVICE, JSON DEVICE_BODY(""), "the JSON of the body has nothing at json:/interval"},
    {DEVICE, JSON DEVICE_BODY(",\"interval\":-5"), "the value at json:/interval is below zero"},
    {DEVICE, JSON DEVICE_BODY(",\"interval\":5,\"interval\":6"),
     "the body has two members of one name in its JSON, at line 1, column"},
    {TRMNL, JSON TRMNL_BODY("\"half an hour\""), ": \"half an hour\""},
    {TRMNL, JSON TRMNL_BODY("null"),
     "the value at json:/refresh_rate is null, and not a number of seconds"},
    {TRMNL, OK BODY(6) "<html>", "the body is not JSON from line 1, column 1 on"},
    {LEASE, JSON LEASE_BODY("\"an hour\""), "the value at json:/auth/lease_duration is not a "},
    {LEASE, JSON LEASE_BODY("1e999"), "the body has a number too large for JSON at line 1"},
    {LEASE, JSON BODY(2) "{}",
     "the response has none of json:/auth/lease_duration, json:/lease_duration"},
};

START_TEST(what_is_spoilt_is_told)
{
    const char *detail;

    poll_once(spoilt[_i].settings, spoilt[_i].response, 1);
    detail = rig_string(scene_failure("a", 0, "no-delay"), "detail");
    ck_assert_msg(strstr(detail, spoilt[_i].detail) != NULL, "%s", detail);
}
END_TEST

static Suite *suite(void)
{
    Suite *s = suite_create("recipes");
    TCase *tests = scene_case(s, "recipes");

    tcase_add_loop_test(tests, a_recipe_finds_the_delay, 0, COUNT_OF(good));
    tcase_add_loop_test(tests, what_is_spoilt_is_told, 0, COUNT_OF(spoilt));
    return s;
}

CHECK_MAIN(suite())
