#include "distant_scene.h"

#include <stdio.h>
#include <stdlib.h>

#include "distant_relay.h"
#include "must.h"

enum { FIGURES_MAX = 10000 };

static struct distant_relay *relays[DISTANT_SERVERS_MAX];
static unsigned relay_count;
static int64_t delay_ns;
static int64_t *late_ns[DISTANT_GROUPS];
static size_t late_count[DISTANT_GROUPS];

static void setup(void)
{
    relay_count = 0;
    for (unsigned i = 0; i < DISTANT_GROUPS; i++) {
        late_ns[i] = must_calloc(FIGURES_MAX, sizeof(**late_ns));
        late_count[i] = 0;
    }
}

static void teardown(void)
{
    if (rig_is_running(rig))
        rig_stop(rig);
    for (unsigned i = 0; i < relay_count; i++)
        distant_relay_free(relays[i]);
    for (unsigned i = 0; i < DISTANT_GROUPS; i++)
        free(late_ns[i]);
}

TCase *distant_scene_case(Suite *suite, const char *name)
{
    TCase *tests = tls_scene_case(suite, name);

    tcase_add_checked_fixture(tests, setup, teardown);
    return tests;
}

/* Target number n, from 0, is of group n % DISTANT_GROUPS. */
static void on_request(const struct mock_request *request, void *arg)
{
    unsigned number = (unsigned)atoi(request->target + 1);
    unsigned group = number % DISTANT_GROUPS;
    struct distant_relay *relay = relays[number];

    (void)arg;
    if (relay->answered_ns > 0 && late_count[group] < FIGURES_MAX)
        late_ns[group][late_count[group]++] = relay->came_ns - relay->answered_ns - delay_ns;
    relay->answer_awaited = true;
}

void distant_scene_start(unsigned servers, unsigned delay_ms,
                         const char *const settings[DISTANT_GROUPS])
{
    struct bytes config = {0};

    delay_ns = (int64_t)delay_ms * 1000000;
    tls_scene_relay(&(struct tls_relay_setup){.tickets = 2});
    mock_server_observe(mock, on_request, NULL);
    /* Not all at the same time: it is not their number that is measured. */
    bytes_print(&config, "[aiopoll]\nstart-rate = %u\n",
                1 + servers * DISTANT_GROUPS * 1000 / delay_ms);
    for (unsigned i = 0; i < servers * DISTANT_GROUPS; i++) {
        relays[i] = distant_relay_new(rig_loop(rig), tls_relay_port(tls), DISTANT_ROUND_TRIP_MS);
        relay_count++;
        bytes_print(&config, "[server s%u]\nurl = https://127.0.0.1:%d/s%u?delay=%u.%03u\n%s", i,
                    distant_relay_port(relays[i]), i, delay_ms / 1000, delay_ms % 1000,
                    settings[i % DISTANT_GROUPS]);
    }
    scene_start("%s", config.data);
    bytes_finish(&config);
}

static bool is_measured(void *arg)
{
    const size_t *count = arg;

    for (unsigned i = 0; i < DISTANT_GROUPS; i++) {
        if (late_count[i] < *count)
            return false;
    }
    return true;
}

void distant_scene_await(size_t count, unsigned limit_ms)
{
    rig_wait(rig, is_measured, &count, limit_ms);
}

static int compare(const void *a, const void *b)
{
    int64_t left = *(const int64_t *)a;
    int64_t right = *(const int64_t *)b;

    return (left > right) - (left < right);
}

struct distant_figures distant_scene_figures(unsigned group)
{
    size_t count = late_count[group];

    ck_assert_uint_gt(count, 0);
    qsort(late_ns[group], count, sizeof(**late_ns), compare);
    return (struct distant_figures){.count = count,
                                    .least_ns = late_ns[group][0],
                                    .median_ns = late_ns[group][count / 2],
                                    .most_ns = late_ns[group][count - 1]};
}
