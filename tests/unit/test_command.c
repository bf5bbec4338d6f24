/* How the words of a command are read, which no shell does. */
#include "check_main.h"

#include <string.h>

#include "base/pool.h"
#include "config/command.h"

static const struct {
    const char *text, *words; /* each in [] */
} right[] = {
    {"/bin/true", "[/bin/true]"},
    {"mail", "[mail]"},
    {"/bin/sh -c 'exit 1'", "[/bin/sh][-c][exit 1]"},
    {"  /bin/a \t b  ", "[/bin/a][b]"},
    {"/bin/a \"b  c\" d", "[/bin/a][b  c][d]"},
    {"/bin/a 'say \"yes\"' \"don't\"", "[/bin/a][say \"yes\"][don't]"},
    {"/bin/a --to='a b'c", "[/bin/a][--to=a bc]"},
    {"/bin/a '' \"\"", "[/bin/a][][]"},
    {"'/bin/with blank' x", "[/bin/with blank][x]"},
    {"/bin/a $HOME `id` \\n * > | ; &", "[/bin/a][$HOME][`id`][\\n][*][>][|][;][&]"},
    {"/bin/a \xc3\xa4", "[/bin/a][\xc3\xa4]"},
};

START_TEST(words_are_what_stands_between_blanks)
{
    char told[200] = "";
    char **words = command_words(right[_i].text);
    ck_assert_ptr_nonnull(words);
    for (size_t i = 0; words[i] != NULL; i++) {
        strcat(told, "[");
        strcat(told, words[i]);
        strcat(told, "]");
    }
    ck_assert_str_eq(told, right[_i].words);
    free(words);
}
END_TEST

static bool read_command(const char *text, const char **out, char *why, size_t size)
{
    static struct pool pool;
    const struct written written = {.value = text, .shown = text};
    pool_free(&pool);
    return command_read(&written, &pool, out, why, size);
}

START_TEST(what_is_right_is_kept_as_it_stands)
{
    char why[200];
    const char *out = NULL;
    ck_assert(read_command(right[_i].text, &out, why, sizeof why));
    ck_assert_str_eq(out, right[_i].text);
}
END_TEST

static const char *const wrong[][2] = {
    {"", "write a program and its arguments"},
    {"  \t ", "write a program and its arguments"},
    {"bin/notify", "write the absolute path of a program, or its name alone, to be found in PATH"},
    {"./notify", "write the absolute path of a program, or its name alone, to be found in PATH"},
    {"'' x", "write the absolute path of a program, or its name alone, to be found in PATH"},
    {"/bin/a 'b", "a quote is not closed; write '...' or \"...\" around what has blanks in it"},
    {"/bin/a b\"", "a quote is not closed; write '...' or \"...\" around what has blanks in it"},
    {"/bin/a \x01", "write a command without control characters"},
    {"/bin/a\nb", "write a command without control characters"},
};

START_TEST(what_is_wrong_is_said)
{
    char why[200] = "";
    const char *out = NULL;
    ck_assert(!read_command(wrong[_i][0], &out, why, sizeof why));
    ck_assert_str_eq(why, wrong[_i][1]);
    ck_assert_ptr_null(out);
}
END_TEST

static Suite *suite(void)
{
    Suite *s = suite_create("command");
    TCase *tcase = tcase_create("command");
    tcase_add_loop_test(tcase, words_are_what_stands_between_blanks, 0,
                        sizeof right / sizeof *right);
    tcase_add_loop_test(tcase, what_is_right_is_kept_as_it_stands, 0, sizeof right / sizeof *right);
    tcase_add_loop_test(tcase, what_is_wrong_is_said, 0, sizeof wrong / sizeof *wrong);
    suite_add_tcase(s, tcase);
    return s;
}

CHECK_MAIN(suite())
