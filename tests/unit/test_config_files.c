/* The files of a configuration: those that can't be read, and those that include others. */
#include "check_main.h"

#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "config_scene.h"

static const char *path(const char *name)
{
    return scratch_path(scratch, name);
}

static const char *bytes(const char *name, const char *text, size_t length)
{
    FILE *out = fopen(path(name), "we");
    ck_assert_ptr_nonnull(out);
    ck_assert_uint_eq(fwrite(text, 1, length, out), length);
    fclose(out);
    return path(name);
}

static void folder(const char *name)
{
    ck_assert_int_eq(mkdir(path(name), 0755), 0);
}

static void read_file(const char *name)
{
    config = config_read(name, NULL, 0, &problems);
    ck_assert_int_eq(config == NULL, problems.count > 0);
}

/* The names of the servers in order, each with a blank behind it. */
static void assert_servers(const char *expected)
{
    char names[200] = "";
    ck_assert_msg(problems.count == 0, "%s", problems.count == 0 ? "" : problems.list[0].text);
    for (size_t i = 0; i < config->server_count; i++) {
        strcat(names, config->servers[i].name);
        strcat(names, " ");
    }
    ck_assert_str_eq(names, expected);
}

/* The only problem. `place` is without the scratch folder, or "" for the command line. */
static void assert_problem(const char *place, const char *part)
{
    ck_assert_uint_ge(problems.count, 1);
    const char *text = problems.list[0].text;
    ck_assert_msg(problems.count == 1, "%s\n%s", text, problems.list[problems.count - 1].text);
    if (*place == '\0') {
        ck_assert_msg(strncmp(text, "aiopoll: ", 9) == 0, "%s", text);
    } else {
        const char *expected = path(place);
        ck_assert_msg(strncmp(text, expected, strlen(expected)) == 0, "%s", text);
    }
    ck_assert_msg(strstr(text, part) != NULL, "%s", text);
}

START_TEST(a_missing_file_is_told)
{
    read_file(path("none.ini"));
    assert_problem("", "none.ini\" cannot be read: No such file or directory");
}
END_TEST

START_TEST(a_folder_is_no_file)
{
    folder("d.ini");
    read_file(path("d.ini"));
    assert_problem("", "d.ini\" cannot be read: Is a directory");
}
END_TEST

START_TEST(a_link_in_a_circle_is_told)
{
    ck_assert_int_eq(symlink(path("b.ini"), path("a.ini")), 0);
    ck_assert_int_eq(symlink(path("a.ini"), path("b.ini")), 0);
    read_file(path("a.ini"));
    assert_problem("", "a.ini\" cannot be read: Too many levels of symbolic links");
}
END_TEST

/* Root may read everything, so a child gives that up. Its verdict is its exit status. */
static int read_as_nobody(const char *name)
{
    if (geteuid() == 0 && (setgid(65534) != 0 || setuid(65534) != 0))
        return 2;
    config = config_read(name, NULL, 0, &problems);
    int told = config == NULL && problems.count == 1 &&
               strstr(problems.list[0].text, "f.ini\" cannot be read: Permission denied") != NULL;
    config_free(config);
    problems_free(&problems);
    return told ? 0 : 1;
}

START_TEST(a_file_without_permission_is_told)
{
    int status;
    const char *name = file("f.ini", "[servers]\na = h\n");
    ck_assert_int_eq(chmod(name, 0), 0);
    pid_t child = fork();
    if (child == 0)
        _exit(read_as_nobody(name));
    ck_assert_int_eq(waitpid(child, &status, 0), child);
    ck_assert(WIFEXITED(status));
    ck_assert_int_eq(WEXITSTATUS(status), 0);
}
END_TEST

START_TEST(an_empty_file_has_no_server)
{
    read_file(file("f.ini", "%s", ""));
    assert_problem("f.ini: ", "there is no server to poll");
}
END_TEST

START_TEST(nul_bytes_are_told_once)
{
    static const char text[] = "[servers]\na = http://h/\0x\nb\0 = h\n";
    read_file(bytes("f.ini", text, sizeof text - 1));
    assert_problem("f.ini:2: ", "a NUL byte");
}
END_TEST

START_TEST(utf_16_is_told)
{
    static const char text[] = "\xff\xfe[\0s\0e\0r\0v\0e\0r\0s\0]\0\n\0a\0=\0h\0\n";
    read_file(bytes("f.ini", text, sizeof text));
    assert_problem("f.ini:1: ", "UTF-16");
}
END_TEST

START_TEST(a_huge_file_is_no_configuration)
{
    const char *name = file("f.ini", "%s", "");
    ck_assert_int_eq(truncate(name, (64 << 20) + 1), 0);
    read_file(name);
    assert_problem("", "f.ini\" cannot be read: File too large");
}
END_TEST

START_TEST(a_file_without_a_folder_in_its_name_is_read)
{
    ck_assert_int_eq(chdir(scratch_directory(scratch)), 0);
    file("more.ini", "[servers]\nb = h\n");
    file("f.ini", "[servers]\na = h\n[aiopoll]\ninclude = more.ini\n");
    read_file("f.ini");
    assert_servers("a b ");
}
END_TEST

/* Including. */

START_TEST(a_file_is_included_from_the_folder_of_the_one_that_names_it)
{
    folder("conf.d");
    folder("conf.d/deep");
    file("conf.d/b.ini", "[aiopoll]\ninclude = deep/c.ini\n[servers]\nb = h\n");
    file("conf.d/deep/c.ini", "[servers]\nc = h\n");
    read_file(file("f.ini", "[aiopoll]\ninclude = conf.d/b.ini\n[servers]\na = h\n"));
    assert_servers("a b c ");
}
END_TEST

START_TEST(a_file_is_included_by_its_absolute_name)
{
    char text[1000];
    snprintf(text, sizeof text, "[aiopoll]\ninclude = %s\n[servers]\na = h\n",
             file("b.ini", "[servers]\nb = h\n"));
    folder("other");
    read_file(file("other/f.ini", "%s", text));
    assert_servers("a b ");
}
END_TEST

START_TEST(a_pattern_includes_its_files_sorted)
{
    folder("conf.d");
    file("conf.d/30.ini", "[servers]\nd = h\n");
    file("conf.d/10.ini", "[servers]\nz = h\n");
    file("conf.d/20.ini", "[servers]\nm = h\n");
    file("conf.d/20.ini.old", "[servers]\nwrong = h\n");
    file("conf.d/.hidden.ini", "[servers]\nwrong = h\n");
    read_file(file("f.ini", "[aiopoll]\ninclude = conf.d/*.ini\n[servers]\na = h\n"));
    assert_servers("a z m d ");
}
END_TEST

START_TEST(include_can_be_repeated)
{
    file("b.ini", "[servers]\nb = h\n");
    file("c.ini", "[servers]\nc = h\n");
    read_file(file("f.ini", "[aiopoll]\ninclude = c.ini\ninclude = b.ini\n"));
    assert_servers("c b ");
}
END_TEST

START_TEST(the_environment_is_expanded_in_an_include)
{
    setenv("FOLDER_OF_TEST", scratch_directory(scratch), 1);
    file("b.ini", "[servers]\nb = h\n");
    read_file(file("f.ini", "[aiopoll]\ninclude = ${FOLDER_OF_TEST}/b.ini\n"));
    assert_servers("b ");
}
END_TEST

/* The name of the folder is no part of the pattern. */
START_TEST(a_folder_with_brackets_in_its_name_is_no_pattern)
{
    folder("site[1]");
    file("site[1]/b.ini", "[servers]\nb = h\n");
    read_file(file("site[1]/f.ini", "[aiopoll]\ninclude = b.ini\n"));
    assert_servers("b ");
}
END_TEST

START_TEST(an_include_that_matches_nothing_is_told)
{
    read_file(file("f.ini", "[servers]\na = h\n[aiopoll]\ninclude = conf.d/*.ini\n"));
    assert_problem("f.ini:4: ", "\"conf.d/*.ini\": no file matches");
}
END_TEST

START_TEST(an_included_folder_is_told_at_its_include)
{
    folder("conf.d");
    read_file(file("f.ini", "[servers]\na = h\n[aiopoll]\ninclude = conf.d\n"));
    assert_problem("f.ini:4: ", "conf.d\" cannot be read: Is a directory");
}
END_TEST

START_TEST(an_empty_include_is_told)
{
    read_file(file("f.ini", "[servers]\na = h\n[aiopoll]\ninclude =\n"));
    assert_problem("f.ini:4: ", "include");
}
END_TEST

START_TEST(a_file_cannot_include_itself)
{
    read_file(file("f.ini", "[servers]\na = h\n[aiopoll]\ninclude = f.ini\n"));
    assert_problem("f.ini:4: ", "f.ini\" has been read before");
}
END_TEST

START_TEST(a_pattern_that_matches_its_own_file_is_told)
{
    file("g.ini", "[servers]\nb = h\n");
    read_file(file("f.ini", "[aiopoll]\ninclude = *.ini\n[servers]\na = h\n"));
    assert_problem("f.ini:2: ", "f.ini\" has been read before");
}
END_TEST

START_TEST(a_file_cannot_include_itself_by_another_name)
{
    ck_assert_int_eq(symlink("f.ini", path("link.ini")), 0);
    read_file(file("f.ini", "[servers]\na = h\n[aiopoll]\ninclude = ./link.ini\n"));
    assert_problem("f.ini:4: ", "link.ini\" has been read before");
}
END_TEST

START_TEST(a_circle_of_includes_is_told)
{
    file("b.ini", "[aiopoll]\ninclude = c.ini\n");
    file("c.ini", "[aiopoll]\n\n\ninclude = f.ini\n");
    read_file(file("f.ini", "[servers]\na = h\n[aiopoll]\ninclude = b.ini\n"));
    assert_problem("c.ini:4: ", "f.ini\" has been read before");
}
END_TEST

START_TEST(a_file_included_twice_is_told)
{
    file("b.ini", "[servers]\nb = h\n");
    read_file(file("f.ini", "[aiopoll]\ninclude = b.ini\ninclude = b.ini\n"));
    assert_problem("f.ini:3: ", "b.ini\" has been read before");
}
END_TEST

START_TEST(a_section_ends_with_its_file)
{
    file("b.ini", "timeout = 5s\n");
    read_file(file("f.ini", "[aiopoll]\ninclude = b.ini\n[server a]\nurl = h\n"));
    assert_problem("b.ini:1: ", "before the first [SECTION]");
}
END_TEST

START_TEST(a_duplicate_in_another_file_names_both_places)
{
    file("b.ini", "\n\n[servers]\nb = h\na = h\n");
    read_file(file("f.ini", "[aiopoll]\ninclude = b.ini\n[servers]\na = h\n"));
    assert_problem("b.ini:5: ", "\"a\" is defined already, at ");
    ck_assert_ptr_nonnull(strstr(problems.list[0].text, path("f.ini:4;")));
}
END_TEST

START_TEST(a_daemon_key_in_another_file_is_a_duplicate)
{
    file("b.ini", "[aiopoll]\nlog-level = info\n");
    read_file(file("f.ini", "[aiopoll]\ninclude = b.ini\nlog-level = debug\n[servers]\na = h\n"));
    assert_problem("b.ini:2: ", "log-level is set already");
}
END_TEST

static void add_reading(TCase *tcase)
{
    tcase_add_test(tcase, a_missing_file_is_told);
    tcase_add_test(tcase, a_folder_is_no_file);
    tcase_add_test(tcase, a_link_in_a_circle_is_told);
    tcase_add_test(tcase, a_file_without_permission_is_told);
    tcase_add_test(tcase, an_empty_file_has_no_server);
    tcase_add_test(tcase, nul_bytes_are_told_once);
    tcase_add_test(tcase, utf_16_is_told);
    tcase_add_test(tcase, a_huge_file_is_no_configuration);
    tcase_add_test(tcase, a_file_without_a_folder_in_its_name_is_read);
}

static void add_including(TCase *tcase)
{
    tcase_add_test(tcase, a_file_is_included_from_the_folder_of_the_one_that_names_it);
    tcase_add_test(tcase, a_file_is_included_by_its_absolute_name);
    tcase_add_test(tcase, a_pattern_includes_its_files_sorted);
    tcase_add_test(tcase, include_can_be_repeated);
    tcase_add_test(tcase, the_environment_is_expanded_in_an_include);
    tcase_add_test(tcase, a_folder_with_brackets_in_its_name_is_no_pattern);
    tcase_add_test(tcase, an_include_that_matches_nothing_is_told);
    tcase_add_test(tcase, an_included_folder_is_told_at_its_include);
    tcase_add_test(tcase, an_empty_include_is_told);
    tcase_add_test(tcase, a_file_cannot_include_itself);
    tcase_add_test(tcase, a_pattern_that_matches_its_own_file_is_told);
    tcase_add_test(tcase, a_file_cannot_include_itself_by_another_name);
    tcase_add_test(tcase, a_circle_of_includes_is_told);
    tcase_add_test(tcase, a_file_included_twice_is_told);
    tcase_add_test(tcase, a_section_ends_with_its_file);
    tcase_add_test(tcase, a_duplicate_in_another_file_names_both_places);
    tcase_add_test(tcase, a_daemon_key_in_another_file_is_a_duplicate);
}

static Suite *suite(void)
{
    Suite *s = suite_create("config_files");
    TCase *tcase = tcase_create("config_files");
    tcase_set_timeout(tcase, 60);
    tcase_add_checked_fixture(tcase, config_scene_start, config_scene_finish);
    add_reading(tcase);
    add_including(tcase);
    suite_add_tcase(s, tcase);
    return s;
}

CHECK_MAIN(suite())
