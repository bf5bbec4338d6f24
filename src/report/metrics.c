#include "report/metrics.h"

#include <stdlib.h>

#include "base/clock.h"
#include "base/container_of.h"
#include "base/duration.h"
#include "report/exposition.h"
#include "report/process_usage.h"

/* A piece goes through as many servers at most: not each of them has a series to show. */
enum { SERVERS_A_PIECE = 512 };

struct metrics {
    struct page page;
    const struct board *board;
    const struct fleet *fleet;
    const struct log *log;
    bool per_server;
    int64_t wall; /* from the clock of moments to the wall clock, as it was at the beginning */
    struct process_usage usage;
    uint64_t begin; /* change; who came after it may have been told under its old number */
    size_t metric;  /* of the table, the one that is being written */
    bool begun;     /* its head is written, and */
    uint32_t id;    /* this server comes next */
};

/* --- of all servers together -------------------------------------------------------------- */

static void add_count(struct buffer *out, const char *name, uint64_t value)
{
    exposition_series(out, name, NULL);
    exposition_count(out, value);
}

static void add_labelled(struct buffer *out, const char *name, const char *label, const char *value,
                         uint64_t count)
{
    exposition_series(out, name, (const char *const[]){label, value, NULL});
    exposition_count(out, count);
}

static void add_build(const struct metrics *metrics, const char *name, struct buffer *out)
{
    (void)metrics;
    add_labelled(out, name, "version", AIOPOLL_VERSION, 1);
}

static void add_states(const struct metrics *metrics, const char *name, struct buffer *out)
{
    for (enum health i = HEALTH_OK; i <= HEALTH_OVERDUE; i++)
        add_labelled(out, name, "state", health_name(i), metrics->fleet->states[i]);
}

static void add_polls(const struct metrics *metrics, const char *name, struct buffer *out)
{
    add_labelled(out, name, "result", "ok", metrics->board->good);
    add_labelled(out, name, "result", "error", metrics->board->failed);
}

/* A poll that was canceled is no failure. */
static void add_errors(const struct metrics *metrics, const char *name, struct buffer *out)
{
    for (enum failure_reason i = FAILURE_NONE + 1; i < FAILURE_CANCELED; i++)
        add_labelled(out, name, "reason", failure_name(i), metrics->board->errors[i]);
}

static void add_histogram(const struct board_histogram *histogram, const char *name,
                          struct buffer *out)
{
    exposition_histogram(out, name, histogram->bounds, histogram->counts, BOARD_BUCKETS,
                         histogram->sum);
}

static void add_took(const struct metrics *metrics, const char *name, struct buffer *out)
{
    add_histogram(&metrics->board->took, name, out);
}

static void add_late(const struct metrics *metrics, const char *name, struct buffer *out)
{
    add_histogram(&metrics->board->late, name, out);
}

static void add_early(const struct metrics *metrics, const char *name, struct buffer *out)
{
    add_count(out, name, metrics->board->early);
}

static void add_dropped(const struct metrics *metrics, const char *name, struct buffer *out)
{
    add_count(out, name, metrics->log->sink.dropped_in_all);
}

/* --- of the process ------------------------------------------------------------------------- */

static void add_usage(struct buffer *out, const char *name, int64_t value)
{
    if (value >= 0)
        add_count(out, name, (uint64_t)value);
}

static void add_start(const struct metrics *metrics, const char *name, struct buffer *out)
{
    exposition_series(out, name, NULL);
    exposition_seconds(out, metrics->board->started);
}

static void add_cpu(const struct metrics *metrics, const char *name, struct buffer *out)
{
    if (metrics->usage.cpu < 0)
        return;
    exposition_series(out, name, NULL);
    exposition_seconds(out, metrics->usage.cpu);
}

static void add_resident(const struct metrics *metrics, const char *name, struct buffer *out)
{
    add_usage(out, name, metrics->usage.resident);
}

static void add_virtual(const struct metrics *metrics, const char *name, struct buffer *out)
{
    add_usage(out, name, metrics->usage.virtual);
}

static void add_open_fds(const struct metrics *metrics, const char *name, struct buffer *out)
{
    add_usage(out, name, metrics->usage.open_fds);
}

static void add_max_fds(const struct metrics *metrics, const char *name, struct buffer *out)
{
    add_usage(out, name, metrics->usage.max_fds);
}

/* --- of each server --------------------------------------------------------------------------- */

static void begin_series(struct buffer *out, const char *name, const struct server *server)
{
    exposition_series(out, name, (const char *const[]){"server", server->config->name, NULL});
}

static void add_result(struct buffer *out, const char *name, const struct server *server,
                       const char *result, uint64_t count)
{
    exposition_series(
        out, name, (const char *const[]){"server", server->config->name, "result", result, NULL});
    exposition_count(out, count);
}

static void add_polls_of(const struct metrics *metrics, const char *name,
                         const struct server *server, struct buffer *out)
{
    const struct board_row *row = board_row(metrics->board, server->id);
    if (row == NULL)
        return;
    add_result(out, name, server, "ok", row->good);
    add_result(out, name, server, "error", row->failed);
}

static void add_delay_of(const struct metrics *metrics, const char *name,
                         const struct server *server, struct buffer *out)
{
    const struct board_row *row = board_row(metrics->board, server->id);
    if (row == NULL || row->count == 0)
        return;
    begin_series(out, name, server);
    exposition_seconds(out, row->delay.wait);
}

/* Two clocks cannot be read at once: finer than a microsecond it would differ each time. */
static void add_next_of(const struct metrics *metrics, const char *name,
                        const struct server *server, struct buffer *out)
{
    if (server->state == SERVER_ENDED)
        return;
    begin_series(out, name, server);
    exposition_seconds(out, (server->due + metrics->wall) / MICROSECOND * MICROSECOND);
}

static void add_up_of(const struct metrics *metrics, const char *name, const struct server *server,
                      struct buffer *out)
{
    (void)metrics;
    begin_series(out, name, server);
    exposition_count(out, server->health.now == HEALTH_OK);
}

static void add_overdue_of(const struct metrics *metrics, const char *name,
                           const struct server *server, struct buffer *out)
{
    (void)metrics;
    begin_series(out, name, server);
    exposition_count(out, server->health.now == HEALTH_OVERDUE);
}

/* --- the page --------------------------------------------------------------------------------- */

/* `each` writes the series of a server; without it, or without series of single servers, `all`
 * writes those of all together, and where that is NULL, too, the metric is left out. */
static const struct metric {
    const char *name, *type, *help;
    void (*all)(const struct metrics *metrics, const char *name, struct buffer *out);
    void (*each)(const struct metrics *metrics, const char *name, const struct server *server,
                 struct buffer *out);
} table[] = {
    {"aiopoll_build_info", "gauge", "The version of aiopoll, as a label; always 1.", add_build,
     NULL},
    {"aiopoll_servers", "gauge", "Servers in each state.", add_states, NULL},
    {"aiopoll_polls_total", "counter", "Polls that are over; a canceled one does not count.",
     add_polls, add_polls_of},
    {"aiopoll_poll_errors_total", "counter", "Failed polls of all servers, by reason.", add_errors,
     NULL},
    {"aiopoll_delay_seconds", "gauge", "Wait between the last poll and the next one.", NULL,
     add_delay_of},
    {"aiopoll_next_poll_timestamp_seconds", "gauge",
     "When the next request is due, or the one under way was, in seconds since 1970.", NULL,
     add_next_of},
    {"aiopoll_up", "gauge", "Whether the server is in the state ok.", NULL, add_up_of},
    {"aiopoll_overdue", "gauge", "Whether the server is in the state overdue.", NULL,
     add_overdue_of},
    {"aiopoll_poll_duration_seconds", "histogram", "Time from the start of a poll to its end.",
     add_took, NULL},
    {"aiopoll_lateness_seconds", "histogram",
     "Time from the moment at which a request was due until its first byte was sent.", add_late,
     NULL},
    {"aiopoll_early_total", "counter", "Requests that were sent before they were due; 0 for ever.",
     add_early, NULL},
    {"aiopoll_log_lines_dropped_total", "counter",
     "Lines of the log that its reader or disk was too slow for.", add_dropped, NULL},
    {"process_start_time_seconds", "gauge", "When the process began, in seconds since 1970.",
     add_start, NULL},
    {"process_cpu_seconds_total", "counter", "Processor time, of user and system.", add_cpu, NULL},
    {"process_resident_memory_bytes", "gauge", "Resident memory.", add_resident, NULL},
    {"process_virtual_memory_bytes", "gauge", "Virtual memory.", add_virtual, NULL},
    {"process_open_fds", "gauge", "Open descriptors.", add_open_fds, NULL},
    {"process_max_fds", "gauge", "Descriptors that may be open.", add_max_fds, NULL},
};

enum { METRICS = sizeof table / sizeof table[0] };

static void add_server(const struct metrics *metrics, const struct metric *metric,
                       struct buffer *piece)
{
    const struct server *server = metrics->fleet->by_id[metrics->id];
    const struct board_row *row = board_row(metrics->board, metrics->id);
    if (server != NULL && (row == NULL || row->added <= metrics->begin))
        metric->each(metrics, metric->name, server, piece);
}

static void end_metric(struct metrics *metrics)
{
    metrics->metric++;
    metrics->begun = false;
    metrics->id = 0;
}

/* One server, or a whole metric of all of them. */
static void step(struct metrics *metrics, struct buffer *piece)
{
    const struct metric *metric = &table[metrics->metric];
    bool each = metrics->per_server && metric->each != NULL;
    if (!metrics->begun && (each || metric->all != NULL))
        exposition_metric(piece, metric->name, metric->type, metric->help);
    metrics->begun = true;
    if (!each && metric->all != NULL)
        metric->all(metrics, metric->name, piece);
    if (each && metrics->id < metrics->fleet->ids)
        add_server(metrics, metric, piece);
    if (!each || ++metrics->id >= metrics->fleet->ids)
        end_metric(metrics);
}

static bool next(struct page *page, struct buffer *piece)
{
    struct metrics *metrics = container_of(page, struct metrics, page);
    for (int i = 0; i < SERVERS_A_PIECE && metrics->metric < METRICS; i++) {
        step(metrics, piece);
        if (piece->length >= PAGE_PIECE)
            break;
    }
    return metrics->metric < METRICS;
}

static void free_metrics(struct page *page)
{
    free(container_of(page, struct metrics, page));
}

struct page *metrics_page(const struct board *board, const struct fleet *fleet,
                          const struct log *log, bool per_server)
{
    struct metrics *metrics = malloc(sizeof *metrics);
    if (metrics == NULL)
        return NULL;
    *metrics = (struct metrics){
        .page = {.status = 200, .type = EXPOSITION_TYPE, .next = next, .free = free_metrics},
        .board = board,
        .fleet = fleet,
        .log = log,
        .per_server = per_server,
        .begin = board->changes,
        .wall = clock_wall() - clock_now()};
    process_usage_measure(&metrics->usage);
    return &metrics->page;
}
