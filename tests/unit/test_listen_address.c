/* Where the listener listens: what is taken, and the sentence on what is not. */
#include <string.h>

#include "check_main.h"
#include "config/listen_address.h"

static const struct {
    const char *text, *written; /* NULL: the same */
    bool local;
} addresses[] = {
    {"127.0.0.1:9914", NULL, true},
    {"127.1.2.3:0", NULL, true},
    {"localhost:80", "127.0.0.1:80", true},
    {"LocalHost:65535", "127.0.0.1:65535", true},
    {"0.0.0.0:1", NULL, false},
    {"192.0.2.7:00080", "192.0.2.7:80", false},
    {"[::1]:9914", NULL, true},
    {"[0:0::1]:9914", "[::1]:9914", true},
    {"[::]:9914", NULL, false},
    {"[::ffff:127.0.0.1]:1", NULL, true},
    {"[::ffff:192.0.2.7]:1", NULL, false},
    {"[2001:db8::7]:9914", NULL, false},
    {"[fec0::1]:9914", NULL, false},
    {"unix:/run/aiopoll.sock", NULL, true},
    {"unix:a", NULL, true},
    {"unix:127.0.0.1:80", NULL, true},
};

START_TEST(an_address_is_read)
{
    struct listen_address address;
    char why[256] = "", text[LISTEN_ADDRESS_SIZE];
    const char *written = addresses[_i].written;

    ck_assert_msg(listen_address_parse(&address, addresses[_i].text, why, sizeof why), "%s: %s",
                  addresses[_i].text, why);
    ck_assert_str_eq(listen_address_text(&address, text),
                     written != NULL ? written : addresses[_i].text);
    ck_assert_int_eq(listen_address_is_local(&address), addresses[_i].local);
    ck_assert_uint_gt(address.length, 0);
}
END_TEST

#define FORM            "write HOST:PORT, [IPv6]:PORT or unix:PATH, such as 127.0.0.1:9914"
#define BEHIND_BRACKETS "write a port from 0 to 65535 behind the brackets: [IPv6]:PORT"
#define IN_BRACKETS     "write an IPv6 address in the brackets, such as [::1]:9914"
#define BEHIND_COLON    "write a port from 0 to 65535 behind the colon"
#define NAME            "write an IP address, or localhost: other names are not looked up"
#define PATH            "write a path without control characters behind the colon: unix:PATH"
#define LINK_LOCAL                                                                                 \
    "link-local addresses are not taken, as they need an interface as well; write another one, "   \
    "or [::] for all"
#define TEN     "0123456789"
#define HUNDRED TEN TEN TEN TEN TEN TEN TEN TEN TEN TEN

static const struct {
    const char *text, *why;
} mistakes[] = {
    {"", FORM},
    {"9914", FORM},
    {"127.0.0.1", FORM},
    {"/run/aiopoll.sock", FORM},
    {"http://127.0.0.1:9914", FORM},
    {"http://127.0.0.1:9914/", FORM},
    {":9914", "write an address in front of the port: 127.0.0.1, or 0.0.0.0 for all"},
    {"::1:9914", "write an IPv6 address in brackets: [IPv6]:PORT"},
    {"::1", "write an IPv6 address in brackets: [IPv6]:PORT"},
    {"127.0.0.1:", BEHIND_COLON},
    {"127.0.0.1:65536", BEHIND_COLON},
    {"127.0.0.1:000001", BEHIND_COLON},
    {"127.0.0.1:-1", BEHIND_COLON},
    {"127.0.0.1:+1", BEHIND_COLON},
    {"127.0.0.1:80 ", BEHIND_COLON},
    {"127.0.0.1:http", BEHIND_COLON},
    {"127.0.0.1:80/", BEHIND_COLON},
    {"example.net:80", NAME},
    {"localhost.:80", NAME},
    {"127.1:80", NAME},
    {"127.0.0.256:80", NAME},
    {"127.0.0.01:80", NAME},
    {" 127.0.0.1:80", NAME},
    {HUNDRED ":80", NAME},
    {"[]:80", IN_BRACKETS},
    {"[::1:80", IN_BRACKETS},
    {"[127.0.0.1]:80", IN_BRACKETS},
    {"[fe80::1]:45199", LINK_LOCAL},
    {"[febf::1]:80", LINK_LOCAL},
    {"[fe80::1%lo]:80", LINK_LOCAL},
    {"[::1%lo]:80", IN_BRACKETS},
    {"[localhost]:80", IN_BRACKETS},
    {"[" HUNDRED "]:80", IN_BRACKETS},
    {"[::1]", BEHIND_BRACKETS},
    {"[::1]80", BEHIND_BRACKETS},
    {"[::1]:", BEHIND_BRACKETS},
    {"[::1]:65536", BEHIND_BRACKETS},
    {"unix:", PATH},
    {"unix:a\nb", PATH},
    {"unix:/" HUNDRED TEN, "the path has 111 bytes, and 107 is the most"},
};

START_TEST(a_mistake_gets_a_sentence)
{
    struct listen_address address;
    char why[256] = "";

    ck_assert_msg(!listen_address_parse(&address, mistakes[_i].text, why, sizeof why), "%s",
                  mistakes[_i].text);
    ck_assert_str_eq(why, mistakes[_i].why);
}
END_TEST

static const char *read_key(struct pool *pool, const char *value, const char *file)
{
    const struct written written = {value, value, {file, 0, 1}};
    const char *out = NULL;
    char why[256] = "";

    if (!text_read_listen(&written, pool, &out, why, sizeof why)) {
        ck_assert_str_ne(why, "");
        return "refused";
    }
    return out;
}

/* Like the paths of other keys. */
START_TEST(as_a_key_a_path_is_taken_from_the_folder_of_the_file)
{
    struct pool pool = {0};

    ck_assert_str_eq(read_key(&pool, "unix:a.sock", "/etc/aiopoll/servers.ini"),
                     "unix:/etc/aiopoll/a.sock");
    ck_assert_str_eq(read_key(&pool, "unix:/run/a.sock", "/etc/aiopoll/servers.ini"),
                     "unix:/run/a.sock");
    ck_assert_str_eq(read_key(&pool, "127.0.0.1:9914", "/etc/aiopoll/servers.ini"),
                     "127.0.0.1:9914");
    ck_assert_str_eq(read_key(&pool, "unix:", "/etc/aiopoll/servers.ini"), "refused");
    ck_assert_str_eq(read_key(&pool, "unix:" TEN, "/" HUNDRED "/a.ini"), "refused");
    ck_assert_str_eq(read_key(&pool, "name:1", "/etc/aiopoll/servers.ini"), "refused");
    pool_free(&pool);
}
END_TEST

static Suite *suite(void)
{
    Suite *suite = suite_create("listen_address");
    TCase *tests = tcase_create("listen_address");

    tcase_add_loop_test(tests, an_address_is_read, 0, sizeof addresses / sizeof addresses[0]);
    tcase_add_loop_test(tests, a_mistake_gets_a_sentence, 0, sizeof mistakes / sizeof mistakes[0]);
    tcase_add_test(tests, as_a_key_a_path_is_taken_from_the_folder_of_the_file);
    suite_add_tcase(suite, tests);
    return suite;
}

CHECK_MAIN(suite())
