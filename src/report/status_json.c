#include "report/status_json.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/container_of.h"
#include "base/duration.h"
#include "report/explanation.h"
#include "report/json_member.h"

/* How many servers are looked at for a piece, though nothing of them may be told. */
enum { LOOK_MAX = 256 };

static const char JSON[] = "application/json";

/* --- members -------------------------------------------------------------------------------- */

/* From the clock of all moments to the wall clock, as it is now. */
static int64_t to_wall(int64_t moment)
{
    return clock_wall() + moment - clock_now();
}

static void add_moment(struct buffer *out, const char *key, int64_t moment)
{
    json_member_moment(out, key, to_wall(moment));
}

static void add_last(struct buffer *out, const struct board *board, const struct board_row *row)
{
    int64_t finished;
    bool good;
    if (row->count == 0)
        return;
    const struct board_poll *poll = board_poll(board, row, 0, &finished, &good);
    add_moment(out, "last", row->finished);
    json_member_span(out, "delay", row->delay.wait);
    json_member_number(out, "took", (double)poll->took);
    if (poll->late >= 0)
        json_member_number(out, "late", (double)poll->late);
    if (row->status != 0)
        buffer_print(out, ",\"status\":%u", row->status);
    if (good)
        return;
    json_member_text(out, "error", failure_name(row->reason));
    if (row->detail != NULL)
        json_member_text(out, "detail", row->detail);
    buffer_print(out, ",\"attempt\":%u", row->attempt);
}

/* All but the brace that ends it. */
static void add_server(struct buffer *out, const struct board *board, const struct server *server,
                       const struct board_row *row)
{
    char origin[URL_ORIGIN_SIZE];
    const struct server_config *config = server->config;
    buffer_text(out, "{\"name\":");
    buffer_json(out, config->name);
    json_member_text(out, "state", health_name(server->health.now));
    add_moment(out, "since", server->health.since);
    json_member_text(out, "url", url_shown(&config->url, config->secret_url, origin));
    buffer_print(out, ",\"polls\":%llu,\"failures\":%u",
                 (unsigned long long)row->good + row->failed, row->failed);
    add_last(out, board, row);
    if (server->state != SERVER_ENDED)
        add_moment(out, "next", server->due);
    if (server->state == SERVER_FETCHING)
        buffer_text(out, ",\"busy\":true");
}

static void add_history(struct buffer *out, const struct board *board, const struct board_row *row)
{
    buffer_text(out, ",\"history\":[");
    for (unsigned age = row->count; age-- > 0;) {
        int64_t finished;
        bool good;
        const struct board_poll *poll = board_poll(board, row, age, &finished, &good);
        finished = to_wall(finished);
        buffer_print(out, "[%lld.%03lld,%.6g,%.6g,", (long long)(finished / SECOND),
                     (long long)(finished % SECOND / MILLISECOND), (double)poll->delay,
                     (double)poll->took);
        if (poll->late < 0)
            buffer_text(out, "null");
        else
            buffer_print(out, "%.6g", (double)poll->late);
        buffer_print(out, ",%s]%s", good ? "true" : "false", age > 0 ? "," : "");
    }
    buffer_text(out, "]");
}

/* --- /status.json --------------------------------------------------------------------------- */

struct list {
    struct page page;
    const struct board *board;
    const struct fleet *fleet;
    uint64_t since,
        begin;     /* changes; who came after `begin` may have been told under its old number */
    uint32_t next; /* the number of the server that is; they keep it through a reload */
    bool begun, told_one;
};

static void add_head(struct buffer *out, const struct board *board, const struct fleet *fleet)
{
    buffer_print(out, "{\"version\":\"%s\",\"pid\":%ld", AIOPOLL_VERSION, (long)getpid());
    json_member_moment(out, "started", board->started);
    json_member_moment(out, "now", clock_wall());
    json_member_span(out, "up", clock_now() - board->began);
    buffer_print(out, ",\"change\":%llu", (unsigned long long)board->changes);
    buffer_print(out, ",\"generation\":%llu,\"ok\":%zu,\"failing\":%zu,\"overdue\":%zu",
                 (unsigned long long)board->generation, fleet->states[HEALTH_OK],
                 fleet->states[HEALTH_FAILING], fleet->states[HEALTH_OVERDUE]);
    buffer_print(out, ",\"polls\":%llu,\"failures\":%llu,\"early\":%llu,\"servers\":[",
                 (unsigned long long)(board->good + board->failed),
                 (unsigned long long)board->failed, (unsigned long long)board->early);
}

static void add_to_list(struct list *list, struct buffer *out, const struct server *server)
{
    const struct board_row *row = server == NULL ? NULL : board_row(list->board, server->id);
    if (row == NULL || row->added > list->begin ||
        (row->changed <= list->since && server->state != SERVER_FETCHING))
        return;
    buffer_text(out, list->told_one ? ",\n" : "\n");
    list->told_one = true;
    add_server(out, list->board, server, row);
    buffer_text(out, "}");
}

static bool next_of_list(struct page *page, struct buffer *piece)
{
    struct list *list = container_of(page, struct list, page);
    if (!list->begun)
        add_head(piece, list->board, list->fleet);
    list->begun = true;
    for (int n = 0; n < LOOK_MAX && piece->length < PAGE_PIECE; n++, list->next++) {
        if (list->next >= list->fleet->ids) {
            buffer_text(piece, "]}\n");
            return false;
        }
        add_to_list(list, piece, list->fleet->by_id[list->next]);
    }
    return true;
}

static void free_list(struct page *page)
{
    free(container_of(page, struct list, page));
}

struct page *status_json_page(const struct board *board, const struct fleet *fleet, uint64_t since)
{
    struct list *list = calloc(1, sizeof *list);
    if (list == NULL)
        return NULL;
    *list = (struct list){
        .page = {.status = 200, .type = JSON, .next = next_of_list, .free = free_list},
        .board = board,
        .fleet = fleet,
        .begin = board->changes,
        /* One that has not come yet is of an earlier life of the daemon. */
        .since = since <= board->changes ? since : 0};
    return &list->page;
}

/* --- pages that are made at once ------------------------------------------------------------ */

struct text_page {
    struct page page;
    struct buffer text;
};

static void free_text(struct page *page)
{
    struct text_page *text = container_of(page, struct text_page, page);
    buffer_free(&text->text);
    free(text);
}

static struct text_page *new_text(int status, const char *type)
{
    struct text_page *text = calloc(1, sizeof *text);
    if (text != NULL)
        text->page = (struct page){.status = status, .type = type, .free = free_text};
    return text;
}

/* NULL where something is missing of it. */
static struct page *finish_text(struct text_page *text)
{
    if (text->text.failed) {
        free_text(&text->page);
        return NULL;
    }
    text->page.bytes = text->text.bytes;
    text->page.length = text->text.length;
    return &text->page;
}

static struct page *no_server(const char *name)
{
    char sentence[300];
    struct text_page *text = new_text(404, JSON);
    if (text == NULL)
        return NULL;
    snprintf(sentence, sizeof sentence, "there is no server \"%.200s\"", name);
    buffer_text(&text->text, "{\"error\":");
    buffer_json(&text->text, sentence);
    buffer_text(&text->text, "}\n");
    return finish_text(text);
}

struct page *server_json_page(const struct board *board, const struct fleet *fleet,
                              const char *name)
{
    const struct server *server = fleet_find(fleet, name);
    const struct board_row *row = server == NULL ? NULL : board_row(board, server->id);
    if (row == NULL)
        return no_server(name);
    struct text_page *text = new_text(200, JSON);
    if (text == NULL)
        return NULL;
    add_server(&text->text, board, server, row);
    json_member_moment(&text->text, "now", clock_wall());
    add_history(&text->text, board, row);
    if (row->count > 0) {
        buffer_text(&text->text, ",\"explain\":");
        explanation_facts(&text->text, row);
    }
    buffer_text(&text->text, ",\"why\":");
    explanation_sentences(&text->text, row, server);
    buffer_text(&text->text, "}\n");
    return finish_text(text);
}
