/*
 * All servers brought to another generation of the configuration, to the nanosecond. The program's
 * objects are linked as they are; but for the first servers, none is due before the test is over.
 */
#include "base/clock.h"
#include "base/duration.h"
#include "bytes.h"
#include "check_main.h"
#include "config_scene.h"
#include "pace/fleet.h"

enum { SERVERS = 1000, KINDS = 10 };

static uv_loop_t loop;
static struct wakeups wakeups;
static struct http_env *env;
static struct fleet fleet;
static size_t applied, settled;

/* --- the fleet's owner --------------------------------------------------------------------- */

static void on_polled(void *user, const struct poll *poll)
{
    (void)user, (void)poll;
}

static void on_changed(void *user, const struct server_change *change)
{
    (void)user, (void)change;
}

static void on_ended(void *user)
{
    (void)user;
}

static void on_applied(void *user, const struct server_config *server, enum fate fate)
{
    (void)user, (void)server, (void)fate;
    applied++;
}

static void on_settled(void *user)
{
    (void)user;
    settled++;
}

static void setup(void)
{
    config_scene_start();
    ck_assert_int_eq(uv_loop_init(&loop), 0);
    ck_assert_int_eq(wakeups_init(&wakeups, &loop), 0);
    env = calloc(1, sizeof(*env));
    ck_assert_ptr_nonnull(env);
    env->loop = &loop;
    env->wakeups = &wakeups;
    slots_init(&env->slots, &wakeups, 10, &conn_slots_callbacks);
    applied = settled = 0;
}

static void teardown(void)
{
    fleet_close(&fleet, "the test is over");
    slots_close(&env->slots);
    wakeups_close(&wakeups);
    uv_run(&loop, UV_RUN_DEFAULT);
    wakeups_free(&wakeups);
    ck_assert_int_eq(uv_loop_close(&loop), 0);
    free(env);
    config_scene_finish();
}

/* --- two configurations ---------------------------------------------------------------------- */

/* What becomes of a server is a matter of its number. */
enum { CHANGED = 1, MOVED = 2, REMOVED = 3 };

static void list(struct bytes *text, unsigned i, bool second)
{
    unsigned kind = i % KINDS;

    if (second && kind == REMOVED)
        return;
    bytes_print(text, "[server s%u]\nurl = http://127.0.0.1:1/%s\nheader = X-Number: %u\n%s", i,
                second && kind == MOVED ? "moved" : "", i,
                second && kind == CHANGED ? "timeout = 11s\n" : "");
}

/* The second has them the other way round, and some that are new. One a second is started. */
static struct generation *read_generation(bool second)
{
    struct bytes text = {0};
    struct config *read;

    for (unsigned i = 0; i < SERVERS; i++)
        list(&text, second ? SERVERS - 1 - i : i, second);
    for (unsigned i = SERVERS; second && i < SERVERS + 20; i++)
        list(&text, i, false);
    read_config("[aiopoll]\nstart-rate = 1\n%s", text.data);
    bytes_finish(&text);
    ck_assert_ptr_nonnull(config);
    read = config;
    config = NULL;
    return generation_new(read);
}

static void start(void)
{
    const struct fleet_listener listener = {.server = {on_polled, on_changed, NULL},
                                            .ended = on_ended,
                                            .applied = on_applied,
                                            .settled = on_settled};
    struct generation *generation = read_generation(false);

    fleet_start(&fleet, generation, 0, env, NULL, &listener);
    generation_release(generation);
}

static bool no_files_differ(void *user, const struct server_settings *old,
                            const struct server_settings *new)
{
    (void)user, (void)old, (void)new;
    return false;
}

static void adopt(bool second)
{
    struct generation *generation = read_generation(second);
    struct difference difference;

    difference_find(&difference, fleet.generation->config, generation->config, no_files_differ,
                    NULL);
    fleet_adopt(&fleet, generation, &difference);
    generation_release(generation);
}

static void await_settled(size_t count)
{
    while (settled < count)
        uv_run(&loop, UV_RUN_ONCE);
}

/* --- what is kept ------------------------------------------------------------------------------
 */

struct known {
    const struct server *task;
    int64_t due;
};

static unsigned number_of(const struct server *server)
{
    unsigned number = 0;

    ck_assert_int_eq(sscanf(server->config->name, "s%u", &number), 1);
    return number;
}

static void note_all(struct known *known)
{
    for (size_t i = 0; i < fleet.count; i++)
        known[number_of(fleet.servers[i])] =
            (struct known){fleet.servers[i], fleet.servers[i]->due};
}

static void check_kept(const struct known *known, int64_t begun)
{
    size_t kept = 0;

    for (size_t i = 0; i < fleet.count; i++) {
        const struct server *server = fleet.servers[i];
        unsigned number = number_of(server);

        ck_assert_ptr_eq(server->config, &fleet.generation->config->servers[i]);
        ck_assert_ptr_eq(server->generation, fleet.generation);
        ck_assert_ptr_eq(fleet.by_id[server->id], server);
        if (number >= SERVERS || number % KINDS == MOVED || known[number].due < begun + MINUTE)
            continue;
        ck_assert_ptr_eq(server, known[number].task);
        ck_assert_int_eq(server->due, known[number].due);
        ck_assert_int_eq(wakeup_due(&wakeups, &server->sleep), server->due);
        kept++;
    }
    ck_assert_uint_ge(kept, SERVERS * (KINDS - 2) / KINDS - 60);
}

/* All that are in the new configuration, but those that have not been added yet. */
static void check_found(void)
{
    const struct config *now = fleet.generation->config;

    for (size_t i = 0; i < now->server_count; i++) {
        const char *name = now->servers[i].name;
        const struct server *found = fleet_find(&fleet, name);

        if (found != NULL)
            ck_assert_str_eq(found->config->name, name);
        else
            ck_assert_msg(fleet_is_changing(&fleet) && strtoul(name + 1, NULL, 10) >= SERVERS,
                          "%s is not found", name);
    }
    ck_assert_ptr_null(fleet_find(&fleet, "s3")); /* it is removed */
    ck_assert_ptr_null(fleet_find(&fleet, ""));
}

START_TEST(servers_are_found_by_name_while_a_generation_is_applied)
{
    start();
    ck_assert_ptr_nonnull(fleet_find(&fleet, "s3"));
    adopt(true);
    while (settled == 0) {
        check_found();
        uv_run(&loop, UV_RUN_ONCE);
    }
    check_found();
    ck_assert_ptr_nonnull(fleet_find(&fleet, "s2"));
}
END_TEST

START_TEST(tasks_and_due_moments_are_kept_to_the_nanosecond)
{
    static struct known known[SERVERS];
    int64_t begun = clock_now();

    start();
    note_all(known);
    adopt(true);
    await_settled(1);
    if (clock_now() > begun + MINUTE)
        return; /* so slow a machine shows nothing */
    ck_assert_uint_eq(fleet.count, SERVERS - SERVERS / KINDS + 20);
    ck_assert_uint_eq(fleet.running, fleet.count);
    ck_assert_uint_eq(fleet.states[HEALTH_OK] + fleet.states[HEALTH_FAILING], fleet.count);
    ck_assert_uint_eq(applied, 3 * SERVERS / KINDS + 20);
    check_kept(known, begun);
}
END_TEST

static size_t check_numbers(void)
{
    size_t found = 0;

    for (uint32_t id = 0; id < fleet.ids; id++) {
        const struct server *server = fleet.by_id[id];

        found += server != NULL;
        ck_assert(server == NULL || server->id == id);
    }
    return found;
}

/* Whoever goes through the numbers meets each of them once, also one that has moved. */
START_TEST(a_server_keeps_its_number_all_the_time)
{
    uint32_t ids[SERVERS];

    start();
    for (size_t i = 0; i < SERVERS; i++)
        ids[i] = fleet.servers[i]->id;
    adopt(true);
    while (settled == 0) {
        check_numbers();
        for (unsigned i = 0; i < SERVERS; i++)
            ck_assert(i % KINDS == REMOVED || number_of(fleet.by_id[ids[i]]) == i);
        uv_run(&loop, UV_RUN_ONCE);
    }
    ck_assert_uint_eq(check_numbers(), fleet.count);
}
END_TEST

/* In the end there is nothing but what was read last. */
START_TEST(older_generations_are_freed_by_and_by)
{
    start();
    adopt(true);
    await_settled(1);
    ck_assert_ptr_nonnull(fleet.bin.first); /* 1,000 servers take more than a turn */
    adopt(false);
    await_settled(2);
    while (fleet.bin.first != NULL)
        uv_run(&loop, UV_RUN_ONCE);
    ck_assert_uint_eq(fleet.generation->users, fleet.count + 1);
}
END_TEST

/* The sanitizers tell if anything was left, or was used afterwards. */
START_TEST(the_end_comes_at_any_time)
{
    start();
    adopt(true);
    for (int i = 0; i < _i; i++)
        uv_run(&loop, UV_RUN_ONCE);
}
END_TEST

static Suite *make_suite(void)
{
    Suite *suite = suite_create("fleet");
    TCase *tests = tcase_create("generations");

    tcase_add_checked_fixture(tests, setup, teardown);
    tcase_set_timeout(tests, 60);
    tcase_add_test(tests, tasks_and_due_moments_are_kept_to_the_nanosecond);
    tcase_add_test(tests, servers_are_found_by_name_while_a_generation_is_applied);
    tcase_add_test(tests, a_server_keeps_its_number_all_the_time);
    tcase_add_test(tests, older_generations_are_freed_by_and_by);
    tcase_add_loop_test(tests, the_end_comes_at_any_time, 0, 30);
    suite_add_tcase(suite, tests);
    return suite;
}

/* The linker calls this in place of main(), which is the program's. */
int __wrap_main(void);

int __wrap_main(void)
{
    return check_main(make_suite());
}
