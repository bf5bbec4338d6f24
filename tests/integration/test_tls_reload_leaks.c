/* Some hundreds of reloads while polls are under way leave nothing behind: no descriptor, no
 * connection, no memory. */
#include <signal.h>

#include "check_main.h"
#include "tls_scene.h"
#include "usage.h"

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define HAS_SANITIZER 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define HAS_SANITIZER 1
#endif
#endif
#ifndef HAS_SANITIZER
#define HAS_SANITIZER 0
#endif

/* With a sanitizer, which itself reports what was lost, memory says nothing. */
enum { WARM_UP = HAS_SANITIZER ? 10 : 100, RELOADS = HAS_SANITIZER ? 50 : 300 };

/* A fifth of this is usual, and twice as much if the servers that were taken away were lost. */
enum { GROWTH_MAX = 600 << 10 };

enum { SERVERS = 32, KINDS = 8 };

static const char *const queries[] = {
    "delay=0.05", "delay=0.05&connection=close", "silent",     "slow=30&delay=0.05",
    "status=500", "trickle=5&delay=0.05",        "delay=0.05", "delay=0.05&framing=chunked",
};

/* What becomes of a server from one reload to the next depends on its number alone. */
static void write_server(struct bytes *text, unsigned i, unsigned number)
{
    bool plain = i % KINDS != 7;

    if (i % KINDS == 6 && number % 2 == 0)
        return; /* added, and removed */
    bytes_print(text, "[server s%u]\nurl = %s127.0.0.1:%d/s%u-%u?%s\n", i, plain ? "" : "https://",
                plain ? mock_server_port(mock) : tls_relay_port(tls), i,
                i % KINDS == 5 ? number % 3 : 0, queries[(i / KINDS + i) % KINDS]);
    if (i % KINDS == 4 || i % KINDS == 3)
        bytes_print(text, "header = X-Number: %u\ntimeout = 20s\n", number);
    if (!plain)
        bytes_print(text, "ca-file = %s/ca.pem\nverify = %s\ncert-file = %s/leaf.pem\n",
                    rig_directory(rig), number % 2 == 0 ? "yes" : "no", rig_directory(rig));
}

#define SETTINGS "[defaults]\nretry = 50ms\nretry-max = 100ms\n[servers]\nz = @/z?delay=0.2\n"

static void reload(unsigned number)
{
    struct bytes text = {0};

    for (unsigned i = 0; i < SERVERS; i++)
        write_server(&text, i, number);
    ck_assert_str_eq(rig_string(scene_reload(SETTINGS "%s", text.data), "result"), "ok");
    bytes_finish(&text);
}

static bool has_one_connection(void *arg)
{
    (void)arg;
    return mock_server_open_connections(mock) == 1;
}

/* Back to "z" alone. */
static size_t count_descriptors(void)
{
    scene_reload(SETTINGS);
    scene_await_polls("z", rig_count_events(rig, "poll", "z") + 1);
    rig_wait(rig, has_one_connection, NULL, SCENE_LIMIT_MS);
    return usage_descriptors(rig_pid(rig));
}

START_TEST(hundreds_of_reloads_leave_nothing_behind)
{
    size_t descriptors;
    size_t resident;

    tls_scene_relay(&(struct tls_relay_setup){.tickets = 2});
    scene_set_level("info");
    scene_start(SETTINGS);
    scene_await_polls("z", 1);
    descriptors = count_descriptors();
    for (unsigned i = 0; i < WARM_UP; i++)
        reload(i);
    resident = usage_resident(rig_pid(rig));
    for (unsigned i = WARM_UP; i < RELOADS; i++)
        reload(i);
    if (!HAS_SANITIZER)
        ck_assert_uint_le(usage_resident(rig_pid(rig)), resident + GROWTH_MAX);
    ck_assert_uint_eq(count_descriptors(), descriptors);
    scene_check_all_good("z");
    scene_check_never_early("z");
}
END_TEST

static Suite *make_suite(void)
{
    Suite *suite = suite_create("tls_reload_leaks");
    TCase *tests = tls_scene_case(suite, "leaks");

    tcase_add_test(tests, hundreds_of_reloads_leave_nothing_behind);
    return suite;
}

CHECK_MAIN(make_suite())
