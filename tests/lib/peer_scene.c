#include "peer_scene.h"

#include "bytes.h"

static const int64_t MS = 1000000;

void peer_poll(struct peer *peer, unsigned count, const char *config)
{
    const char *path = peer_write(peer, "servers.ini", config);
    char option[32];

    snprintf(option, sizeof(option), "--count=%u", count);
    rig_start(rig, "--log-format=json", "--log-level=debug", "-c", path, count > 0 ? option : NULL,
              NULL);
}

bool peer_was_reused(const json_t *poll)
{
    return json_is_true(json_object_get(poll, "reused"));
}

static bool is_good(const json_t *poll)
{
    return strcmp(rig_string(poll, "result"), "ok") == 0;
}

static bool has_error(const json_t *poll, const struct peer_answer *wanted)
{
    if (wanted->error == NULL)
        return is_good(poll);
    return !is_good(poll) && strcmp(rig_string(poll, "error"), wanted->error) == 0 &&
           (wanted->detail == NULL || strstr(rig_string(poll, "detail"), wanted->detail) != NULL);
}

static bool has_delay(const json_t *poll, int delay_ms)
{
    return delay_ms == 0 || scene_ns(poll, "delay") == delay_ms * MS;
}

static bool is_wanted(const json_t *poll, const struct peer_answer *wanted)
{
    json_int_t status = json_integer_value(json_object_get(poll, "status"));
    json_int_t redirects = json_integer_value(json_object_get(poll, "redirects"));
    int wanted_status = wanted->status == 0 && wanted->error == NULL ? 200 : wanted->status;

    return has_error(poll, wanted) && status == wanted_status && redirects == wanted->redirects &&
           has_delay(poll, wanted->delay_ms) && !(wanted->fresh && peer_was_reused(poll));
}

static void check_answer(const char *server, const struct peer_answer *wanted)
{
    for (size_t i = 0; i < 2; i++) {
        const json_t *poll = scene_poll(server, i);

        if (!is_wanted(poll, wanted))
            ck_abort_msg("%s: not %s %d: %s", wanted->url,
                         wanted->error == NULL ? "good" : wanted->error, wanted->status,
                         json_dumps(poll, JSON_COMPACT));
    }
}

void peer_check_answers_with(struct peer *peer, const char *defaults,
                             const struct peer_answer *answers, size_t count)
{
    struct bytes config = {0};
    bool all_good = true;
    char server[32];

    bytes_print(&config, "[defaults]\nretry = 10ms\n%s", defaults);
    for (size_t i = 0; i < count; i++) {
        const char *settings = answers[i].settings == NULL ? "" : answers[i].settings;

        bytes_print(&config, "[server %zu]\nurl = %s\n%s", i, answers[i].url, settings);
        all_good = all_good && answers[i].error == NULL;
    }
    peer_poll(peer, 2, config.data);
    bytes_finish(&config);
    rig_wait_exit(rig, SCENE_LIMIT_MS);
    for (size_t i = 0; i < count; i++) {
        snprintf(server, sizeof(server), "%zu", i);
        check_answer(server, &answers[i]);
    }
    scene_await_exit(all_good ? 0 : 1);
}

void peer_check_answers(struct peer *peer, const struct peer_answer *answers, size_t count)
{
    peer_check_answers_with(peer, "", answers, count);
}

void peer_await_good(const char *server, size_t count, int delay_ms)
{
    scene_await_polls(server, count);
    for (size_t i = 0; i < count; i++) {
        const json_t *poll = scene_poll(server, i);

        if (!is_good(poll) || !has_delay(poll, delay_ms))
            ck_abort_msg("not good: %s", json_dumps(poll, JSON_COMPACT));
    }
}

struct peer_handshakes peer_handshakes(void)
{
    struct peer_handshakes found = {0};
    size_t cursor = 0;
    json_t *event;

    while ((event = rig_next_event(rig, &cursor, "connection", NULL)) != NULL) {
        if (strcmp(rig_string(event, "was"), "handshaking") != 0 ||
            strcmp(rig_string(event, "is"), "open") != 0)
            continue;
        found.all++;
        if (json_is_true(json_object_get(event, "resumed")))
            found.resumed++;
    }
    return found;
}
