/* That the manual and the example have every key of the configuration. */
#include "check_main.h"

#include <stdio.h>
#include <string.h>

#include "config/setting.h"

static char text[200000];

static void read_document(const char *name)
{
    char path[4096];
    snprintf(path, sizeof path, "%s/%s", SOURCE_DIRECTORY, name);
    FILE *in = fopen(path, "re");
    ck_assert_msg(in != NULL, "%s cannot be read", path);
    size_t length = fread(text, 1, sizeof text - 1, in);
    ck_assert_uint_lt(length, sizeof text - 1);
    text[length] = '\0';
    fclose(in);
}

/* Each key stands at the beginning of a line, between these. */
static void assert_keys(const struct setting *table, const char *before, const char *behind)
{
    const char *names[SETTING_NAMES_MAX];
    char line[100];
    setting_names(table, names);
    for (size_t i = 0; names[i] != NULL; i++) {
        snprintf(line, sizeof line, "\n%s%s%s", before, names[i], behind);
        ck_assert_msg(strstr(text, line) != NULL, "there is no line%s", line);
    }
}

START_TEST(the_manual_has_every_key)
{
    read_document("man/aiopoll.ini.5");
    assert_keys(daemon_setting_table, ".It Cm ", " ");
    assert_keys(server_setting_table, ".It Cm ", " ");
}
END_TEST

START_TEST(the_example_has_every_key)
{
    read_document("conf/servers.ini");
    assert_keys(daemon_setting_table, ";", " = ");
    assert_keys(server_setting_table, ";", " = ");
}
END_TEST

static Suite *suite(void)
{
    Suite *s = suite_create("documents");
    TCase *tcase = tcase_create("documents");
    tcase_add_test(tcase, the_manual_has_every_key);
    tcase_add_test(tcase, the_example_has_every_key);
    suite_add_tcase(s, tcase);
    return s;
}

CHECK_MAIN(suite())
