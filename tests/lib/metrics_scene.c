#include "metrics_scene.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/duration.h"
#include "base/xalloc.h"
#include "report/board_bounds.h"

struct board scene_board;
struct fleet scene_fleet;
struct log scene_log;

/* --- in place of the program's ------------------------------------------------------------- */

int64_t clock_now(void)
{
    return SCENE_NOW;
}

int64_t clock_awake(void)
{
    return SCENE_NOW;
}

int64_t clock_wall(void)
{
    return SCENE_WALL;
}

/* --- servers ---------------------------------------------------------------------------------- */

static void make_room(uint32_t id)
{
    scene_fleet.by_id = xgrow(scene_fleet.by_id, &scene_fleet.by_id_capacity, (size_t)id + 1,
                              sizeof(struct server *));
    while (scene_fleet.ids <= id)
        scene_fleet.by_id[scene_fleet.ids++] = NULL;
}

void metrics_scene_add(uint32_t id, const char *name)
{
    struct server *server = xcalloc(1, sizeof(*server));
    struct server_config *config = xcalloc(1, sizeof(*config));

    make_room(id);
    metrics_scene_remove(id);
    config->name = xstrdup(name);
    server->config = config;
    server->id = id;
    server->state = SERVER_SLEEPING;
    server->due = SCENE_NOW + ((int64_t)id + 1) * SECOND;
    scene_fleet.by_id[id] = server;
    scene_fleet.states[HEALTH_OK]++;
    board_added(&scene_board, id);
}

void metrics_scene_remove(uint32_t id)
{
    struct server *server = scene_fleet.by_id[id];

    if (server == NULL)
        return;
    scene_fleet.states[server->health.now]--;
    scene_fleet.by_id[id] = NULL;
    free(server->config->name);
    free((struct server_config *)server->config);
    free(server);
}

struct board_row *metrics_scene_row(uint32_t id)
{
    return (struct board_row *)board_row(&scene_board, id);
}

void metrics_scene_poll(uint32_t id, uint32_t good, uint32_t failed, int64_t delay,
                        enum health health)
{
    struct server *server = scene_fleet.by_id[id];
    struct board_row *row = metrics_scene_row(id);

    scene_fleet.states[server->health.now]--;
    scene_fleet.states[health]++;
    server->health.now = health;
    row->good = good;
    row->failed = failed;
    row->delay.wait = delay;
    row->count = 1;
}

/* --- the whole -------------------------------------------------------------------------------- */

static void fill_board(void)
{
    board_init(&scene_board, clock_now());
    scene_board.started = SCENE_WALL - 10 * SECOND;
    scene_board.good = 40;
    scene_board.failed = 2;
    scene_board.errors[FAILURE_TIMEOUT] = 1;
    scene_board.errors[FAILURE_NO_DELAY] = 1;
    scene_board.took = (struct board_histogram){
        .bounds = board_took_bounds, .counts = {30, 10, [12] = 1, [15] = 1}, .sum = 75.0425};
    scene_board.late = (struct board_histogram){
        .bounds = board_late_bounds, .counts = {0, 20, 20, [14] = 1}, .sum = 6.0051};
}

void metrics_scene_start(uint32_t servers)
{
    char name[16];

    fill_board();
    for (uint32_t i = 0; i < servers; i++) {
        snprintf(name, sizeof(name), "s%u", i);
        metrics_scene_add(i, name);
    }
}

void metrics_scene_finish(void)
{
    for (uint32_t i = 0; i < scene_fleet.ids; i++)
        metrics_scene_remove(i);
    free(scene_fleet.by_id);
    board_free(&scene_board);
    scene_fleet = (struct fleet){0};
    scene_log = (struct log){0};
}

/* A page fills what there is up to PAGE_PIECE. */
void metrics_scene_read(struct buffer *text, bool per_server, size_t piece)
{
    struct page *page = metrics_page(&scene_board, &scene_fleet, &scene_log, per_server);
    struct buffer part = {0};
    char filler[PAGE_PIECE] = {0};
    bool more;

    ck_assert_ptr_nonnull(page);
    do {
        buffer_clear(&part);
        buffer_add(&part, filler, piece < PAGE_PIECE ? PAGE_PIECE - piece : 0);
        size_t before = part.length;
        more = page->next(page, &part);
        ck_assert_uint_gt(part.length, before);
        buffer_add(text, part.bytes + before, part.length - before);
    } while (more);
    page->free(page);
    buffer_free(&part);
}
