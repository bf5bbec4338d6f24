/* Answers of whatever is there in a daemon's place. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "ask/answer.h"
#include "check_main.h"

static char why[ANSWER_WHY_SIZE];

static bool read_status(const char *json)
{
    struct status_answer answer;
    strcpy(why, "");
    if (!status_answer_read(&answer, json, strlen(json), why))
        return false;
    status_answer_free(&answer);
    return true;
}

static bool read_server(const char *json)
{
    struct server_answer answer;
    strcpy(why, "");
    if (!server_answer_read(&answer, json, strlen(json), why))
        return false;
    server_answer_free(&answer);
    return true;
}

#define HEAD                                                                                       \
    "{\"up\":1.5,\"now\":2.5,\"ok\":1,\"failing\":0,\"overdue\":0,\"polls\":9,\"failures\":0,"
#define ROW(more)                                                                                  \
    "{\"name\":\"a\",\"url\":\"http://a/\",\"state\":\"ok\",\"since\":1,\"polls\":9,"              \
    "\"failures\":0" more "}"
#define STATUS(rows) HEAD "\"servers\":[" rows "]}"
#define ONE(more)                                                                                  \
    "{\"name\":\"a\",\"url\":\"http://a/\",\"state\":\"ok\",\"since\":1,\"polls\":9,"              \
    "\"failures\":0,\"now\":2" more "}"

START_TEST(what_is_not_told_is_absent)
{
    const char *json = STATUS(ROW());
    struct status_answer answer;
    ck_assert(status_answer_read(&answer, json, strlen(json), why));
    ck_assert_uint_eq(answer.count, 1);
    ck_assert_int_eq(answer.early, -1);
    const struct answer_server *server = &answer.servers[0];
    ck_assert_str_eq(server->name, "a");
    ck_assert(isnan(server->last) && isnan(server->delay) && isnan(server->took));
    ck_assert(isnan(server->late) && isnan(server->next));
    ck_assert_ptr_null(server->error);
    ck_assert_ptr_null(server->detail);
    ck_assert(!server->busy);
    ck_assert_int_eq(server->status, 0);
    status_answer_free(&answer);
}
END_TEST

START_TEST(the_worst_come_first)
{
    static const char *const wanted[] = {"d", "b", "A", "a", "c"};
    const char *json = HEAD
        "\"servers\":["
        "{\"name\":\"c\",\"url\":\"\",\"state\":\"ok\",\"since\":1,\"polls\":0,\"failures\":0},"
        "{\"name\":\"a\",\"url\":\"\",\"state\":\"ok\",\"since\":1,\"polls\":0,\"failures\":0},"
        "{\"name\":\"b\",\"url\":\"\",\"state\":\"failing\",\"since\":1,\"polls\":0,"
        "\"failures\":0},"
        "{\"name\":\"A\",\"url\":\"\",\"state\":\"ok\",\"since\":1,\"polls\":0,\"failures\":0},"
        "{\"name\":\"d\",\"url\":\"\",\"state\":\"overdue\",\"since\":1,\"polls\":0,"
        "\"failures\":0}]}";
    struct status_answer answer;
    ck_assert(status_answer_read(&answer, json, strlen(json), why));
    ck_assert_uint_eq(answer.count, 5);
    for (size_t i = 0; i < 5; i++)
        ck_assert_str_eq(answer.servers[i].name, wanted[i]);
    status_answer_free(&answer);
}
END_TEST

/* Where it is wrong depends on the version of jansson. */
#define NO_JSON "its answer is not JSON from line 1, column "

static const struct {
    const char *json, *why; /* the beginning of the sentence; NULL: it is right */
} foreign[] = {
    {"", NO_JSON},
    {"<html>", NO_JSON},
    {"[]", "its answer is no JSON object"},
    {"{}", "\"up\" is missing"},
    {STATUS(""), NULL},
    {STATUS(ROW()), NULL},
    {STATUS(ROW()) "x", NO_JSON},
    {STATUS("1"), "a server is no object"},
    {STATUS("{}"), "\"name\" is missing"},
    {STATUS(ROW(",\"name\":\"a\"")), NO_JSON},
    {STATUS(ROW(",\"late\":\"1\"")), "\"late\" is no number"},
    {STATUS(ROW(",\"late\":null")), "\"late\" is no number"},
    {STATUS(ROW(",\"late\":1e999")), NO_JSON},
    {STATUS(ROW(",\"attempt\":1.5")), "\"attempt\" is no count"},
    {STATUS(ROW(",\"attempt\":-1")), "\"attempt\" is no count"},
    {STATUS(ROW(",\"attempt\":9223372036854775808")), NO_JSON},
    {STATUS(ROW(",\"error\":7")), "\"error\" is no text, or very long"},
    {STATUS(ROW(",\"error\":\"\\u0000\"")), NO_JSON},
    {STATUS(ROW(",\"error\":\"\xff\"")), NO_JSON},
    {HEAD "\"servers\":{}}", "\"servers\" is missing, or no array"},
    {HEAD "\"servers\":null}", "\"servers\" is missing, or no array"},
};

static void check_why(bool read, const char *beginning)
{
    ck_assert_int_eq(read, beginning == NULL);
    if (beginning != NULL)
        ck_assert_msg(strncmp(why, beginning, strlen(beginning)) == 0, "%s", why);
}

START_TEST(what_is_no_status_is_refused)
{
    bool read = read_status(foreign[_i].json);
    check_why(read, foreign[_i].why);
}
END_TEST

static const struct {
    const char *json, *why;
} foreign_servers[] = {
    {ONE(",\"why\":[]"), NULL},
    {ONE(",\"why\":[\"a\",\"b\"],\"explain\":{}"), NULL},
    {ONE(), "\"why\" is missing"},
    {ONE(",\"why\":{}"), "\"why\" is no list of sentences"},
    {ONE(",\"why\":[\"a\",1]"), "\"why\" is no list of sentences"},
    {ONE(",\"why\":[],\"explain\":[]"), "\"explain\" is no object"},
    {ONE(",\"why\":[],\"state\":\"ok\""), NO_JSON},
    {"{\"name\":\"a\",\"url\":\"\",\"state\":\"good\"}",
     "\"state\" is none of ok, failing, overdue"},
    {"[]", "its answer is no JSON object"},
};

START_TEST(what_is_no_server_is_refused)
{
    bool read = read_server(foreign_servers[_i].json);
    check_why(read, foreign_servers[_i].why);
}
END_TEST

static char *repeat(const char *beginning, const char *part, size_t times)
{
    size_t length = strlen(part), at = strlen(beginning);
    char *text = malloc(at + length * times + 1);
    ck_assert_ptr_nonnull(text);
    strcpy(text, beginning);
    for (size_t i = 0; i < times; i++, at += length)
        memcpy(text + at, part, length + 1);
    return text;
}

START_TEST(depth_and_memory_are_bounded)
{
    char *deep = repeat("", "[", 1000000), *wide = repeat("[0", ",{}", 100000);
    ck_assert(!read_status(deep));
    ck_assert(!read_status(wide));
    ck_assert_str_eq(why, "memory is short for its answer");
    free(deep);
    free(wide);
}
END_TEST

START_TEST(a_text_is_not_endless)
{
    char *name = repeat(HEAD "\"servers\":[{\"name\":\"", "x", ANSWER_TEXT_MAX + 1);
    char *json = repeat(name, "\"}]}", 1);
    ck_assert(!read_status(json));
    ck_assert_str_eq(why, "\"name\" is no text, or very long");
    free(json);
    free(name);
}
END_TEST

START_TEST(a_line_is_one_line_of_ascii)
{
    static const char json[] =
        "{\"a\":\t1764112480.123456,\r\n\"b\":\"\xc2\x9b\xf0\x9f\x98\x80\x7f\"}\n";
    struct buffer out = {0};
    answer_line(&out, json, strlen(json));
    buffer_add(&out, "", 1);
    ck_assert_str_eq(out.bytes,
                     "{\"a\":1764112480.123456,\"b\":\"\\u009b\\ud83d\\ude00\\u007f\"}\n");
    buffer_free(&out);
}
END_TEST

static Suite *suite(void)
{
    Suite *s = suite_create("answer");
    TCase *tcase = tcase_create("answer");
    tcase_set_timeout(tcase, 60);
    tcase_add_test(tcase, what_is_not_told_is_absent);
    tcase_add_test(tcase, the_worst_come_first);
    tcase_add_loop_test(tcase, what_is_no_status_is_refused, 0, sizeof foreign / sizeof *foreign);
    tcase_add_loop_test(tcase, what_is_no_server_is_refused, 0,
                        sizeof foreign_servers / sizeof *foreign_servers);
    tcase_add_test(tcase, depth_and_memory_are_bounded);
    tcase_add_test(tcase, a_text_is_not_endless);
    tcase_add_test(tcase, a_line_is_one_line_of_ascii);
    suite_add_tcase(s, tcase);
    return s;
}

CHECK_MAIN(suite())
