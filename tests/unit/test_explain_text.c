#include <stdint.h>
#include <string.h>

#include "ask/explain_text.h"
#include "check_main.h"

static char shown[20000];

static const char *show(const char *json, size_t width)
{
    struct server_answer answer;
    struct buffer out = {0};
    char why[ANSWER_WHY_SIZE] = "";
    bool read = server_answer_read(&answer, json, strlen(json), why);
    ck_assert_msg(read, "%s", why);
    explain_text(&out, &answer, width);
    ck_assert(!out.failed);
    ck_assert_uint_lt(out.length, sizeof shown);
    memcpy(shown, out.bytes, out.length);
    shown[out.length] = '\0';
    buffer_free(&out);
    server_answer_free(&answer);
    return shown;
}

static const char failed[] =
    "{\"name\":\"lease\",\"state\":\"failing\",\"since\":1764112400,\"url\":\"http://l/renew\","
    "\"polls\":1200,\"failures\":3,\"last\":1764112488.5,\"delay\":3.7,\"took\":0.0123,"
    "\"late\":0.0001,\"status\":503,\"error\":\"status\","
    "\"detail\":\"the server answered with status 503\",\"attempt\":3,"
    "\"next\":1764112494.7,\"now\":1764112490.5,\"history\":[],"
    "\"explain\":{\"wait\":3.7,\"attempt\":3,\"back-off\":4,\"as-last-delay\":true,"
    "\"jitter\":0.3,\"new\":null,\"raw\":\"a\\nb\"},"
    "\"why\":[\"The last poll failed (status): the server answered with status 503.\","
    "\"After 3 failures in a row the back-off is 4s.\"]}";

START_TEST(the_sentences_and_then_the_facts)
{
    ck_assert_str_eq(show(failed, SIZE_MAX),
                     "lease is failing, for 90 s.\n"
                     "\n"
                     "The last poll failed (status): the server answered with status 503.\n"
                     "After 3 failures in a row the back-off is 4s.\n"
                     "\n"
                     "  url           http://l/renew\n"
                     "  last poll     status 503 (3 times)\n"
                     "                2 s ago, took 12 ms, 0.1 ms late\n"
                     "  next poll     in 4.2 s\n"
                     "  polls         1,200, 3 failed\n"
                     "\n"
                     "  wait          3.7 s\n"
                     "  attempt       3\n"
                     "  back-off      4 s\n"
                     "  as-last-delay yes\n"
                     "  jitter        0.3 s\n"
                     "  new           -\n"
                     "  raw           a\\nb\n");
}
END_TEST

START_TEST(sentences_are_wrapped)
{
    show(failed, 40);
    ck_assert_ptr_nonnull(strstr(shown, "\n\nThe last poll failed (status): the\n"
                                        "server answered with status 503.\n"
                                        "After 3 failures in a row the back-off\n"
                                        "is 4s.\n\n"));
}
END_TEST

static const char talkative[] =
    "{\"name\":\"lease-of-a-long-name-that-has-no-blank-in-it\",\"state\":\"failing\",\"since\":1,"
    "\"url\":\"http://lease.example.net/renew?holder=me\",\"polls\":1,\"failures\":3,\"last\":2,"
    "\"delay\":3.7,\"took\":0.0123,\"late\":0.0001,\"error\":\"connect\",\"attempt\":3,"
    "\"detail\":\"[2001:db8::1]:443: network is unreachable\",\"next\":4,\"now\":3,"
    "\"explain\":{\"raw\":\"a body that has some more words\"},\"why\":[\"So it is.\"]}";

START_TEST(nothing_is_wider_than_the_terminal)
{
    ck_assert_str_eq(show(talkative, 40), "lease-of-a-long-name-that-has-no-blank-i\n"
                                          "n-it is failing, for 2 s.\n"
                                          "\n"
                                          "So it is.\n"
                                          "\n"
                                          "  url           http://lease.example.net\n"
                                          "                /renew?holder=me\n"
                                          "  last poll     connect:\n"
                                          "                [2001:db8::1]:443:\n"
                                          "                network is unreachable\n"
                                          "                (3 times)\n"
                                          "                1 s ago, took 12 ms, 0.1\n"
                                          "                ms late\n"
                                          "  next poll     in 1 s\n"
                                          "  polls         1, 3 failed\n"
                                          "\n"
                                          "  raw           a body that has some\n"
                                          "                more words\n");
}
END_TEST

START_TEST(a_server_that_was_not_polled)
{
    ck_assert_str_eq(
        show("{\"name\":\"a\",\"state\":\"ok\",\"since\":1,\"url\":\"http://a/\",\"polls\":0,"
             "\"failures\":0,\"next\":3,\"now\":3,\"why\":[\"It has not been polled yet.\"]}",
             80),
        "a is ok, for 2 s.\n\nIt has not been polled yet.\n\n"
        "  url           http://a/\n  next poll     due\n  polls         0, 0 failed\n");
}
END_TEST

START_TEST(a_hostile_text_is_shown)
{
    show("{\"name\":\"\\u001b]0;x\\u0007\",\"state\":\"ok\",\"since\":1,\"url\":\"\\n\","
         "\"polls\":0,\"failures\":0,\"now\":3,\"why\":[\"\",\" \",\"a\\nb\\u001b[2J\"],"
         "\"explain\":{\"\\u001b[2J a key that is longer than others\":\"\\u009b\","
         "\"wait\":1e308,\"o\":{},\"a\":[]}}",
         20);
    for (const char *at = shown; *at != '\0'; at++)
        ck_assert(*at == '\n' || (*at >= ' ' && *at <= '~'));
    ck_assert_ptr_nonnull(strstr(shown, "\na\\nb\\x1b[2J\n"));
    ck_assert_ptr_nonnull(
        strstr(shown, "\n  \\x1b[2J a key that is longer than others \\xc2\\x9b\n"));
}
END_TEST

static Suite *suite(void)
{
    Suite *s = suite_create("explain text");
    TCase *tcase = tcase_create("explain text");
    tcase_add_test(tcase, the_sentences_and_then_the_facts);
    tcase_add_test(tcase, sentences_are_wrapped);
    tcase_add_test(tcase, nothing_is_wider_than_the_terminal);
    tcase_add_test(tcase, a_server_that_was_not_polled);
    tcase_add_test(tcase, a_hostile_text_is_shown);
    suite_add_tcase(s, tcase);
    return s;
}

CHECK_MAIN(suite())
