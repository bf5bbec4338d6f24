/*
 * The command line of --status and --explain: what goes with them, where they ask, and what they
 * make of a terminal.
 */
#include <pty.h>
#include <stdio.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>

#include "ask_scene.h"
#include "check_main.h"

static const struct rig_result *result;

static void check_asked(void)
{
    ck_assert_str_eq(result->err, "");
    ck_assert_int_eq(result->exit.status, 0);
    ck_assert_int_eq(strncmp(result->out, "1 ok; ", 6), 0);
}

/* --- mistakes ------------------------------------------------------------------------------ */

#define ALONE                                                                                      \
    "aiopoll: --status and --explain ask a running daemon, and go only with -c FILE, --listen "    \
    "and --log-format\n"

static const struct {
    const char *words[4];
    const char *sentence;
} mistakes[] = {
    {{"--status"}, "aiopoll: whom to ask is missing; give -c FILE with the key listen in it, "},
    {{"--explain=a"}, "aiopoll: whom to ask is missing; "},
    {{"--status", "--explain=a", "--listen=[::1]:1"},
     "aiopoll: --status and --explain are two questions; ask one at a time\n"},
    {{"--status", "--listen=[::1]:1", "http://a/"}, ALONE},
    {{"--status", "--listen=[::1]:1", "--once"}, ALONE},
    {{"--status", "--listen=[::1]:1", "--count=3"}, ALONE},
    {{"--explain=a", "--listen=[::1]:1", "-t"}, ALONE},
    {{"--status", "--listen=[::1]:1", "--log-level=info"}, ALONE},
    {{"--status", "--listen=[::1]:1", "--state-file=x"}, ALONE},
    {{"--status", "--listen=example.net:1"},
     "aiopoll: listen = \"example.net:1\": write an IP address"},
    {{"--status", "--listen=127.0.0.1:0"},
     "aiopoll: no daemon answers at \"127.0.0.1:0\" (port 0 is any; give the one that the log "
     "names); "},
};

START_TEST(a_mistake_is_told)
{
    const char *const *words = mistakes[_i].words;
    result = rig_run(rig, words[0], words[1], words[2], NULL);
    ask_scene_check_refused(result, mistakes[_i].sentence);
}
END_TEST

/* --- where it asks ------------------------------------------------------------------------- */

START_TEST(the_file_says_where)
{
    canned_server_respond(canned, "/status.json", 200, ask_scene_well);
    const char *path = rig_write(rig, "a.ini", "[aiopoll]\nlisten = %s\n[servers]\na = 127.0.0.1\n",
                                 canned_server_address(canned));
    result = rig_run(rig, "--status", "-c", path, NULL);
    check_asked();
    rig_write(rig, "a.ini", "[aiopoll]\nlisten = 127.0.0.1:1\n");
    result = rig_run(rig, "--status", "-c", path, ask_scene_listen(), NULL);
    check_asked(); /* the option wins */
}
END_TEST

/* Whatever has become of the file since the daemon read it. */
static const char *const broken[] = {
    "nonsense\n[aiopoll]\nlisten = %s\n",
    "[aiopoll]\nlog-formt = text\nlog-file = ${NO_SUCH_VARIABLE}\nlisten = %s\n",
    "[sever a]\nlisten = 127.0.0.1:1\n[aiopoll]\nlisten = %s\n[servers]\na = gopher://x\n",
    "[aiopoll]\ninclude = nowhere/*.ini\nlisten = %s\nlisten = 127.0.0.1:1\n",
    "[servers]\nlisten = 127.0.0.1:1\n[aiopoll]\nlisten = %s\n",
};

START_TEST(a_broken_file_says_where_all_the_same)
{
    canned_server_respond(canned, "/status.json", 200, ask_scene_well);
    const char *path = rig_write(rig, "a.ini", broken[_i], canned_server_address(canned));
    result = rig_run(rig, "--status", "-c", path, NULL);
    check_asked();
}
END_TEST

START_TEST(an_included_file_says_where)
{
    canned_server_respond(canned, "/status.json", 200, ask_scene_well);
    rig_write(rig, "b.ini", "[aiopoll]\nlisten = %s\n", canned_server_address(canned));
    const char *path = rig_write(rig, "a.ini", "[aiopoll]\ninclude = b.ini\n");
    result = rig_run(rig, "--status", "-c", path, NULL);
    check_asked();
}
END_TEST

static const struct {
    const char *text, *told; /* behind the name of the file */
} without[] = {
    {"[servers]\na = 127.0.0.1\n", ": there is no key listen in [aiopoll], so that the daemon "
                                   "cannot be asked; write one, such as listen = 127.0.0.1:9914, "
                                   "or give --listen=ADDRESS\n"},
    {"[aiopoll]\nlisten = here\n", ":2: listen = \"here\": write HOST:PORT, "},
    {"[aiopoll]\nlisten = ${NO_SUCH_VARIABLE}\n", ":2: \"${NO_SUCH_VARIABLE}\": there is no such "},
    {"[aiopoll]\n\ninclude = nowhere.ini\n", ":3: include = \"nowhere.ini\": no file matches; "},
};

START_TEST(a_file_that_does_not_say_where_is_told)
{
    char told[400];
    const char *path = rig_write(rig, "a.ini", "%s", without[_i].text);
    snprintf(told, sizeof told, "%s%s", path, without[_i].told);
    result = rig_run(rig, "--status", "-c", path, NULL);
    ask_scene_check_refused(result, told);
    result = rig_run(rig, "--explain=a", "-c", path, NULL);
    ask_scene_check_refused(result, told);
}
END_TEST

START_TEST(a_file_that_is_not_there_is_told)
{
    result = rig_run(rig, "--status", "-c", "/nowhere.ini", NULL);
    ask_scene_check_refused(result, "aiopoll: the configuration file \"/nowhere.ini\" cannot be "
                                    "read: ");
}
END_TEST

/* --- on a terminal --------------------------------------------------------------------------- */

static char shown[4096]; /* a terminal that nobody reads from holds as much */

static void show(unsigned short columns, const char *variable, const char *value)
{
    struct winsize size = {.ws_col = columns, .ws_row = 24};
    struct termios raw = {0};
    int terminal, program;
    cfmakeraw(&raw);
    ck_assert_int_eq(openpty(&terminal, &program, NULL, &raw, &size), 0);
    canned_server_respond(canned, "/status.json", 200, ask_scene_five);
    rig_set_env(rig, "TERM", "xterm");
    rig_set_env(rig, "NO_COLOR", NULL);
    rig_set_env(rig, "COLUMNS", NULL);
    rig_set_env(rig, variable, value);
    rig_set_stdout_fd(rig, program);
    rig_start(rig, "--status", ask_scene_listen(), NULL);
    ck_assert_int_eq(rig_wait_exit(rig, SCENE_LIMIT_MS).status, 1);
    ssize_t n = read(terminal, shown, sizeof shown - 1);
    ck_assert_int_gt(n, 0);
    shown[n] = '\0';
    close(terminal);
    close(program);
}

static bool has_colour(void)
{
    return strchr(shown, '\x1b') != NULL;
}

/* The titles. */
static size_t table_width(void)
{
    size_t width = 0;
    for (const char *line = strstr(shown, "\n\n") + 2; *line != '\0'; line = strchr(line, '\n') + 1)
        width = strcspn(line, "\n") > width ? strcspn(line, "\n") : width;
    return width;
}

START_TEST(a_terminal_has_colours_unless_they_are_not_wanted)
{
    show(80, "X", "");
    ck_assert(has_colour());
    ck_assert_ptr_nonnull(strstr(shown, "\n\x1b[1;31moverdue\x1b[0m  delta "));
    show(80, "NO_COLOR", "");
    ck_assert(has_colour());
    show(80, "NO_COLOR", "1");
    ck_assert(!has_colour());
    show(80, "TERM", "dumb");
    ck_assert(!has_colour());
}
END_TEST

START_TEST(the_table_fits_the_terminal)
{
    show(40, "NO_COLOR", "1");
    ck_assert_uint_le(table_width(), 40);
    show(80, "NO_COLOR", "1");
    ck_assert_uint_le(table_width(), 80);
    ck_assert_ptr_null(strstr(shown, "  URL  "));
    show(200, "NO_COLOR", "1");
    ck_assert_uint_gt(table_width(), 80);
    ck_assert_ptr_nonnull(strstr(shown, "  URL  "));
}
END_TEST

/* A terminal may not know how wide it is. */
START_TEST(columns_of_the_environment_are_next)
{
    rig_set_env(rig, "NO_COLOR", "1");
    show(0, "COLUMNS", "50");
    ck_assert_ptr_null(strstr(shown, "  DELAY  "));
    show(0, "COLUMNS", "200");
    ck_assert_ptr_nonnull(strstr(shown, "  URL  "));
    show(0, "COLUMNS", "many");
    ck_assert_ptr_nonnull(strstr(shown, "  DELAY  "));
    ck_assert_ptr_null(strstr(shown, "  URL  "));
}
END_TEST

static Suite *suite(void)
{
    Suite *suite = suite_create("ask line");
    TCase *tests = ask_scene_case(suite, "mistakes");
    tcase_add_loop_test(tests, a_mistake_is_told, 0, sizeof mistakes / sizeof *mistakes);
    tests = ask_scene_case(suite, "where");
    tcase_add_test(tests, the_file_says_where);
    tcase_add_loop_test(tests, a_broken_file_says_where_all_the_same, 0,
                        sizeof broken / sizeof *broken);
    tcase_add_test(tests, an_included_file_says_where);
    tcase_add_loop_test(tests, a_file_that_does_not_say_where_is_told, 0,
                        sizeof without / sizeof *without);
    tcase_add_test(tests, a_file_that_is_not_there_is_told);
    tests = ask_scene_case(suite, "terminal");
    tcase_add_test(tests, a_terminal_has_colours_unless_they_are_not_wanted);
    tcase_add_test(tests, the_table_fits_the_terminal);
    tcase_add_test(tests, columns_of_the_environment_are_next);
    return suite;
}

CHECK_MAIN(suite())
