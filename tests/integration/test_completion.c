/*
 * Shell completion: that each file names every option, and what bash makes of its one.
 */
#include <stdio.h>
#include <string.h>

#include "ask_scene.h"
#include "check_main.h"

/* --- all three -------------------------------------------------------------------------------- */

static char text[20000];

static void read_completion(const char *name)
{
    char path[4096];
    snprintf(path, sizeof path, "%s/completions/%s", SOURCE_DIRECTORY, name);
    FILE *in = fopen(path, "re");
    ck_assert_msg(in != NULL, "%s cannot be read", path);
    size_t length = fread(text, 1, sizeof text - 1, in);
    ck_assert_uint_lt(length, sizeof text - 1);
    text[length] = '\0';
    fclose(in);
}

static const struct {
    const char *name, *before; /* a long option */
} files[] = {{"aiopoll.bash", "--"}, {"_aiopoll", "--"}, {"aiopoll.fish", " -l "}};

START_TEST(every_option_of_the_help_is_there)
{
    char wanted[64];
    unsigned count = 0;
    const struct rig_result *help = rig_run(rig, "--help", NULL);
    read_completion(files[_i].name);
    for (const char *at = help->out; (at = strstr(at, " --")) != NULL;) {
        at += 3;
        int length = (int)strspn(at, "abcdefghijklmnopqrstuvwxyz-");
        snprintf(wanted, sizeof wanted, "%s%.*s", files[_i].before, length, at);
        ck_assert_msg(strstr(text, wanted) != NULL, "%s has no %s", files[_i].name, wanted);
        count++;
    }
    ck_assert_uint_ge(count, 12);
}
END_TEST

/* --- bash ------------------------------------------------------------------------------------- */

/* The words are those that bash makes of the line: `=` and `:` stand for themselves. The first one
 * is the program. What may follow comes back, a line each. A slow machine has all the time it
 * needs. */
static const char *complete(const char *words)
{
    static const char script[] =
        "timeout() { shift; \"$@\"; }; cd \"$3\" && . \"$0\" && program=$1 && eval "
        "\"COMP_WORDS=($2)\" && "
        "COMP_CWORD=$((${#COMP_WORDS[@]} - 1)) && "
        "_aiopoll \"$program\" \"${COMP_WORDS[COMP_CWORD]}\" \"${COMP_WORDS[COMP_CWORD - 1]}\" && "
        "printf '%s\\n' \"${COMPREPLY[@]}\"";
    char path[4096];
    snprintf(path, sizeof path, "%s/completions/aiopoll.bash", SOURCE_DIRECTORY);
    const struct rig_result *result =
        rig_run_command(rig, "bash", "-c", script, path, AIOPOLL, words, rig_directory(rig), NULL);
    ck_assert_str_eq(result->err, "");
    ck_assert_int_eq(result->exit.status, 0);
    return result->out;
}

static const struct {
    const char *words, *replies;
} lines[] = {
    {"aiopoll --st", "--state-file=\n--status\n"},
    {"aiopoll --log-format = ''", "text\njson\n"},
    {"aiopoll --log-format =", "text\njson\n"},
    {"aiopoll --log-format = j", "json\n"},
    {"aiopoll --log-level w", "warning\n"},
    {"aiopoll --once --log-level = e", "error\n"},
    {"aiopoll -c serv", "servers.ini\n"},
    {"aiopoll --config = serv", "servers.ini\n"},
    {"aiopoll --state-file = serv", "servers.ini\n"},
    {"aiopoll --count = ''", "\n"},
    {"aiopoll http", "\n"},
    {"aiopoll --listen = 127", "\n"},
    {"aiopoll --explain = ''", "\n"},
};

START_TEST(a_line_is_completed)
{
    rig_write(rig, "servers.ini", "[servers]\n");
    ck_assert_str_eq(complete(lines[_i].words), lines[_i].replies);
}
END_TEST

START_TEST(names_are_those_of_the_daemon)
{
    char words[300];
    const char *address = canned_server_address(canned), *port = strchr(address, ':') + 1;
    canned_server_respond(canned, "/status.json", 200, ask_scene_five);
    snprintf(words, sizeof words, "aiopoll --listen = 127.0.0.1 : %s --explain = ''", port);
    ck_assert_str_eq(complete(words), "alpha\nbeta\ngamma\ndelta\nepsilon\n");
    snprintf(words, sizeof words, "aiopoll --listen 127.0.0.1:%s --explain e", port);
    ck_assert_str_eq(complete(words), "epsilon\n");
    rig_write(rig, "servers.ini", "[aiopoll]\nlisten = %s\n", address);
    ck_assert_str_eq(complete("aiopoll -c servers.ini --explain = be"), "beta\n");
    ck_assert_str_eq(complete("aiopoll --config = servers.ini --explain be"), "beta\n");
    ck_assert_uint_eq(canned_server_requests(canned), 4);
}
END_TEST

static Suite *suite(void)
{
    Suite *suite = suite_create("completion");
    TCase *tests = ask_scene_case(suite, "completion");
    tcase_add_loop_test(tests, every_option_of_the_help_is_there, 0, sizeof files / sizeof *files);
    tcase_add_loop_test(tests, a_line_is_completed, 0, sizeof lines / sizeof *lines);
    tcase_add_test(tests, names_are_those_of_the_daemon);
    return suite;
}

CHECK_MAIN(suite())
