/* The answer to --status, from the bytes that come to the lines that are shown. */
#include <stdint.h>
#include <string.h>

#include "ask/answer.h"
#include "ask/status_table.h"
#include "check_main.h"

#define HEAD                                                                                       \
    "{\"version\":\"0.1.0\",\"pid\":42,\"up\":267999.75,\"now\":1764268000.25,"                    \
    "\"generation\":1,"
#define SERVER(name, state, since, rest)                                                           \
    "{\"name\":\"" name "\",\"state\":\"" state "\",\"since\":" #since ",\"url\":\"https://" name  \
    ".example.net/lease/renew?holder=me\"," rest "}"

static const char five[] =
    HEAD "\"ok\":3,\"failing\":1,\"overdue\":1,\"polls\":12345,\"failures\":121,\"early\":0,"
         "\"servers\":[" SERVER("gamma", "ok", 1764000000.75,
                                "\"polls\":6100,\"failures\":0,\"last\":1764267996.2,\"delay\":5,"
                                "\"took\":0.0123,\"late\":0.00007,\"status\":200,\"next\":"
                                "1764268001.2") ",\n" SERVER("beta", "overdue", 1764267800.25,
                                                             "\"polls\":120,\"failures\":112,"
                                                             "\"last\":1764267996.2,\"delay\":60,"
                                                             "\"took\":1.5,\"late\":0.0002,"
                                                             "\"status\":503,\"error\":\"status\","
                                                             "\"detail\":\"the server answered "
                                                             "with status 503\",\"attempt\":112,"
                                                             "\"next\":1764268056.2") ",\n" //
    SERVER("delta", "failing", 1764267998,
           "\"polls\":25,\"failures\":9,\"last\":1764267998,\"delay\":1,\"took\":0.0004,"
           "\"error\":\"connect\",\"detail\":\"[2001:db8::1]:443: connection refused\","
           "\"attempt\":1,\"next\":1764267999,\"busy\":true") ",\n" //
    SERVER("epsilon", "ok", 1764268000,
           "\"polls\":0,\"failures\":0,\"next\":1764268000") ",\n" //
    SERVER("alpha", "ok", 1764181600.25,
           "\"polls\":6100,\"failures\":0,\"last\":1764264400.25,\"delay\":7200,"
           "\"took\":0.25,\"status\":200,\"next\":1764271600.25") "]}\n";

static char shown[100000];

static const char *show(const char *json, struct screen screen)
{
    struct status_answer answer;
    struct buffer out = {0};
    char why[ANSWER_WHY_SIZE] = "";
    bool read = status_answer_read(&answer, json, strlen(json), why);
    ck_assert_msg(read, "%s", why);
    status_table(&out, &answer, &screen);
    ck_assert(!out.failed);
    ck_assert_uint_lt(out.length, sizeof shown);
    memcpy(shown, out.bytes, out.length);
    shown[out.length] = '\0';
    buffer_free(&out);
    status_answer_free(&answer);
    return shown;
}

START_TEST(five_servers_in_80_columns)
{
    ck_assert_str_eq(
        show(five, (struct screen){.width = 80, .height = 24}),
        "3 ok, 1 failing, 1 overdue; 12,345 polls, 121 failed, none early; up 3.1 d\n"
        "\n"
        "STATE    SERVER       FOR  NEXT       DELAY  LAST RESULT\n"
        "overdue  beta     3.3 min  in 56 s     60 s  status 503 (112 times)\n"
        "failing  delta      2.2 s  polling      1 s  connect: [2001:d...nnection refused\n"
        "ok       alpha        1 d  in 1 h       2 h  200\n"
        "ok       epsilon   250 ms  due            -  not polled yet\n"
        "ok       gamma      3.1 d  in 950 ms    5 s  200\n");
}
END_TEST

START_TEST(five_servers_in_200_columns)
{
    ck_assert_str_eq(show(five, (struct screen){.width = 200, .height = 24}),
                     "3 ok, 1 failing, 1 overdue; 12,345 polls, 121 failed, none early; up 3.1 d\n"
                     "\n"
                     "STATE    SERVER       FOR  NEXT       DELAY     LATE    TOOK  POLLS  FAILED  "
                     "URL                                                LAST RESULT\n"
                     "overdue  beta     3.3 min  in 56 s     60 s   0.2 ms   1.5 s    120     112  "
                     "https://beta.example.net/lease/renew?holder=me     status 503 (112 times)\n"
                     "failing  delta      2.2 s  polling      1 s        -  0.4 ms     25       9  "
                     "https://delta.example.net/lease/renew?holder=me    connect: "
                     "[2001:db8::1]:443: connection refused\n"
                     "ok       alpha        1 d  in 1 h       2 h        -  250 ms  6,100       0  "
                     "https://alpha.example.net/lease/renew?holder=me    200\n"
                     "ok       epsilon   250 ms  due            -        -       -      0       0  "
                     "https://epsilon.example.net/lease/renew?holder=me  not polled yet\n"
                     "ok       gamma      3.1 d  in 950 ms    5 s  0.07 ms   12 ms  6,100       0  "
                     "https://gamma.example.net/lease/renew?holder=me    200\n");
}
END_TEST

START_TEST(nothing_is_cut_without_a_terminal)
{
    show(five, (struct screen){.width = SIZE_MAX, .height = SIZE_MAX});
    ck_assert_ptr_nonnull(strstr(shown, "  https://epsilon.example.net/lease/renew?holder=me  "));
    ck_assert_ptr_nonnull(strstr(shown, "  connect: [2001:db8::1]:443: connection refused\n"));
    ck_assert_ptr_nonnull(strstr(shown, "(112 times)\n"));
    ck_assert_ptr_null(strstr(shown, "..."));
    ck_assert_ptr_null(strchr(shown, '\x1b'));
}
END_TEST

enum { MANY = 400, LONG = 8 };

/* A few of many have long names, and are the ones that fail. */
static const char *show_many(size_t width)
{
    struct buffer json = {0};
    buffer_print(&json,
                 HEAD "\"ok\":%d,\"failing\":%d,\"overdue\":0,\"polls\":1,"
                      "\"failures\":1,\"servers\":[",
                 MANY - LONG, LONG);
    for (int i = 0; i < MANY; i++)
        buffer_print(&json,
                     "%s{\"name\":\"%s%d\",\"state\":\"%s\",\"since\":1764267800,"
                     "\"url\":\"http://a/\",\"polls\":9,\"failures\":9,\"delay\":60,"
                     "\"last\":1764268000%s}",
                     i > 0 ? "," : "",
                     i < LONG ? "the-long-name-of-a-server-in.some.rack-of-eu-west-" : "s", i,
                     i < LONG ? "failing" : "ok",
                     i == 1 ? ",\"error\":\"connect\",\"detail\":\"127.0.0.1:45199: connection "
                              "refused\",\"attempt\":1234"
                            : ",\"status\":200");
    buffer_add(&json, "]}", sizeof "]}");
    show(json.bytes, (struct screen){.width = width, .height = SIZE_MAX});
    buffer_free(&json);
    return shown;
}

static const char *const rows_of_80 =
    "\nSTATE    SERVER                FOR  NEXT  DELAY  LAST RESULT\n"
    "failing  the-lo...-west-0  3.3 min  -      60 s  200\n"
    "failing  the-lo...-west-1  3.3 min  -      60 s  connect...refused (1,234 times)\n";

/* Both ends of a name tell it apart, and it takes no column away from all the others. */
START_TEST(long_names_are_cut_in_the_middle)
{
    ck_assert_msg(strstr(show_many(80), rows_of_80) != NULL, "%.600s", shown);
    ck_assert_ptr_nonnull(strstr(shown, "\nok       s399 "));
    show_many(140);
    ck_assert_msg(strstr(shown, "\nfailing  the-long-name-...ck-of-eu-west-7  ") != NULL, "%.600s",
                  shown);
    show_many(SIZE_MAX);
    ck_assert_ptr_nonnull(strstr(shown, "  the-long-name-of-a-server-in.some.rack-of-eu-west-7  "));
}
END_TEST

/* "127.0.0...." would be read as one more part of the address. */
START_TEST(no_dot_is_beside_those_of_a_cut)
{
    show_many((size_t)_i);
    ck_assert_ptr_nonnull(strstr(shown, "..."));
    ck_assert_ptr_null(strstr(shown, "...."));
}
END_TEST

/* Rather than how often, though nothing of that is shown without its beginning. */
START_TEST(a_narrow_terminal_shows_why)
{
    show_many((size_t)_i);
    const char *row = strchr(strstr(shown, "\nfailing") + 1, '\n') + 1;
    const char *end = strchr(row, '\n'), *why = strstr(row, "  con"),
               *times = strstr(row, "times)");
    ck_assert_msg(why != NULL && why < end, "%d: %.200s", _i, row);
    if (times != NULL && times < end)
        ck_assert_msg(strncmp(times - 7, "(1,234 ", 7) == 0, "%d: %.200s", _i, row);
}
END_TEST

/* In any width; names and states are there however narrow it is. */
START_TEST(no_line_is_longer_than_the_terminal)
{
    show(five, (struct screen){.width = (size_t)_i, .height = 24});
    const char *line = strstr(shown, "\n\n") + 2;
    ck_assert_int_eq(strncmp(line, "STATE  ", 7), 0);
    for (; *line != '\0'; line += strcspn(line, "\n") + 1)
        ck_assert_msg(strcspn(line, "\n") <= (size_t)_i, "%d: %s", _i, line);
}
END_TEST

START_TEST(a_long_table_has_its_head_at_the_end)
{
    const char *head = show(five, (struct screen){.width = 80, .height = 9});
    ck_assert_ptr_null(strstr(head + 1, "\n3 ok, "));
    head = show(five, (struct screen){.width = 80, .height = 8});
    const char *end = strstr(head, "\n\n3 ok, 1 failing, 1 overdue; ");
    ck_assert_ptr_nonnull(end);
    ck_assert_ptr_eq(strchr(end + 2, '\n') + 1, head + strlen(head));
}
END_TEST

/* Only states have colours, and the titles are bold. */
START_TEST(colours_do_not_move_anything)
{
    static char plain[sizeof shown];
    strcpy(plain, show(five, (struct screen){.width = 80, .height = 24}));
    const char *at = show(five, (struct screen){.width = 80, .height = 24, .colour = true});
    ck_assert_ptr_nonnull(strstr(at, "\n\x1b[1;31moverdue\x1b[0m  beta "));
    ck_assert_ptr_nonnull(strstr(at, "\n\x1b[33mfailing\x1b[0m  delta "));
    ck_assert_ptr_nonnull(strstr(at, ", \x1b[33m1 failing\x1b[0m, "));
    size_t n = 0;
    for (; *at != '\0'; at++) {
        if (*at == '\x1b')
            at = strchr(at, 'm');
        else
            ck_assert_int_eq(*at, plain[n++]);
    }
    ck_assert_int_eq(plain[n], '\0');
}
END_TEST

START_TEST(an_empty_fleet_is_one_line)
{
    ck_assert_str_eq(show(HEAD "\"ok\":0,\"failing\":0,\"overdue\":0,\"polls\":1,\"failures\":0,"
                               "\"servers\":[]}",
                          (struct screen){.width = 80, .height = 24}),
                     "no servers; 1 poll; up 3.1 d\n");
}
END_TEST

START_TEST(early_requests_are_told)
{
    show(HEAD "\"ok\":1234,\"failing\":0,\"overdue\":0,\"polls\":20,\"failures\":0,\"early\":1000,"
              "\"servers\":[]}",
         (struct screen){.width = 80, .height = 24});
    ck_assert_str_eq(shown, "1,234 ok; 20 polls, 1,000 early; up 3.1 d\n"
                            "The daemon tells nothing of single servers.\n");
}
END_TEST

/* What a server, or somebody in the daemon's place, would do to a terminal. */
START_TEST(a_hostile_text_is_shown)
{
    show(HEAD "\"ok\":0,\"failing\":1,\"overdue\":0,\"polls\":1,\"failures\":1,\"servers\":["
              "{\"name\":\"a\\u001b[2J\\n\",\"state\":\"failing\",\"since\":1e300,"
              "\"url\":\"http://\xc2\x9b\xf0\x9f\x98\x80/\",\"polls\":9223372036854775807,"
              "\"failures\":1,\"last\":-1e300,\"delay\":1e300,\"took\":-5,\"late\":1e-300,"
              "\"error\":\"\\u007f\\r\",\"detail\":\"\\u009b31m \\\"quoted\\\"\","
              "\"attempt\":9223372036854775807,\"next\":-1e300}]}",
         (struct screen){.width = SIZE_MAX, .height = SIZE_MAX});
    for (const char *at = shown; *at != '\0'; at++)
        ck_assert(*at == '\n' || (*at >= ' ' && *at <= '~'));
    ck_assert_ptr_nonnull(strstr(shown, "\nfailing  a\\x1b[2J\\n  "));
    ck_assert_ptr_nonnull(strstr(shown, "  \\x7f\\r: \\xc2\\x9b31m \"quoted\" (9,223,"));
    ck_assert_ptr_nonnull(strstr(shown, "  999999 d  "));
}
END_TEST

/* What looks like the beginning of an escape may be the end of the text. */
START_TEST(escapes_are_not_cut_and_not_read_beyond)
{
    static const char *const names[] = {"\\\\x", "\\\\",
                                        "\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9"};
    struct buffer json = {0};
    buffer_print(&json, HEAD "\"ok\":3,\"failing\":0,\"overdue\":0,\"polls\":1,\"failures\":0,"
                             "\"servers\":[");
    for (size_t i = 0; i < 3; i++)
        buffer_print(
            &json,
            "%s{\"name\":\"a-name-of-some-length-%s\",\"state\":\"ok\",\"since\":1764267800,"
            "\"url\":\"http://a/%s\",\"polls\":9,\"failures\":9}",
            i > 0 ? "," : "", names[i], names[i]);
    buffer_add(&json, "]}", sizeof "]}");
    show(json.bytes, (struct screen){.width = (size_t)_i, .height = SIZE_MAX});
    buffer_free(&json);
    for (const char *at = shown; (at = strstr(at, "\\xc3")) != NULL; at++)
        ck_assert(strncmp(at, "\\xc3\\xa9", 8) == 0 || strncmp(at + 4, "...", 3) == 0 ||
                  at[4] == ' ');
    ck_assert_ptr_null(strstr(shown, "...xa9"));
}
END_TEST

static Suite *suite(void)
{
    Suite *s = suite_create("status table");
    TCase *tcase = tcase_create("status table");
    tcase_add_test(tcase, five_servers_in_80_columns);
    tcase_add_test(tcase, five_servers_in_200_columns);
    tcase_add_test(tcase, nothing_is_cut_without_a_terminal);
    tcase_add_test(tcase, long_names_are_cut_in_the_middle);
    tcase_add_loop_test(tcase, no_dot_is_beside_those_of_a_cut, 40, 120);
    tcase_add_loop_test(tcase, no_line_is_longer_than_the_terminal, 20, 260);
    tcase_add_loop_test(tcase, a_narrow_terminal_shows_why, 40, 140);
    tcase_add_test(tcase, a_long_table_has_its_head_at_the_end);
    tcase_add_test(tcase, colours_do_not_move_anything);
    tcase_add_test(tcase, an_empty_fleet_is_one_line);
    tcase_add_test(tcase, early_requests_are_told);
    tcase_add_test(tcase, a_hostile_text_is_shown);
    tcase_add_loop_test(tcase, escapes_are_not_cut_and_not_read_beyond, 20, 120);
    suite_add_tcase(s, tcase);
    return s;
}

CHECK_MAIN(suite())
