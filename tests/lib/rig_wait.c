/*
 * Waiting: the loop runs until something is true, or else the test fails with
 * all that is known.
 */
#include <check.h>
#include <signal.h>
#include <stdio.h>

#include "must.h"
#include "rig_private.h"

static const unsigned STOP_LIMIT_MS = 10000;

static void dump(const struct rig *rig, const struct program *program)
{
    fprintf(stderr, "--- directory: %s\n", scratch_directory(rig->scratch));
    peers_dump(rig->peers);
    if (program == NULL)
        return;
    fprintf(stderr, "--- standard output so far:\n%s", bytes_text(&program->out.all));
    fprintf(stderr, "--- standard error so far:\n%s", bytes_text(&program->err));
    if (program->exited)
        fprintf(stderr, "--- it exited with status %d, signal %d\n", (int)program->exit_status,
                program->term_signal);
    fprintf(stderr, "---\n");
}

static void check_lines(const char *where, const struct rig *rig)
{
    const struct program *program = rig->program;

    if (program == NULL || !program->out.broken)
        return;
    dump(rig, program);
    ck_abort_msg("%s: line %zu is no JSON object: %s: %s", where, program->out.broken_index + 1,
                 program->out.broken_reason.data,
                 program->out.items[program->out.broken_index].text);
}

static void on_limit(uv_timer_t *timer)
{
    struct rig *rig = timer->data;

    rig->limit_passed = true;
}

/* Runs the loop until the predicate is true (then true) or the time is over. */
static bool run_until(struct rig *rig, rig_predicate *predicate, void *arg, uint64_t limit_ms)
{
    bool reached;

    rig->limit_passed = false;
    rig->limit.data = rig;
    uv_update_time(&rig->loop);
    uv_timer_start(&rig->limit, on_limit, limit_ms, 0);
    while (!(reached = predicate(arg)) && !rig->limit_passed)
        uv_run(&rig->loop, UV_RUN_ONCE);
    uv_timer_stop(&rig->limit);
    return reached;
}

double rig_slowness(void)
{
    const char *text = getenv("AIOPOLL_TEST_SLOWNESS");

    return text == NULL || strtod(text, NULL) <= 0 ? 1 : strtod(text, NULL);
}

static void wait_for(const char *where, struct rig *rig, const struct program *program,
                     const char *what, rig_predicate *predicate, void *arg, unsigned limit_ms)
{
    uint64_t limit = (uint64_t)(limit_ms * rig_slowness());
    bool reached = run_until(rig, predicate, arg, limit);

    check_lines(where, rig);
    if (reached)
        return;
    dump(rig, program);
    ck_abort_msg("%s: not within %u ms: %s", where, (unsigned)limit, what);
}

void rig_wait_at(const char *where, struct rig *rig, const char *what, rig_predicate *predicate,
                 void *arg, unsigned limit_ms)
{
    wait_for(where, rig, rig->program, what, predicate, arg, limit_ms);
}

static bool never(void *arg)
{
    (void)arg;
    return false;
}

void rig_pass(struct rig *rig, unsigned ms)
{
    run_until(rig, never, NULL, ms);
    check_lines("rig_pass", rig);
}

struct event_wait {
    const struct rig *rig;
    const char *event;
    const char *server;
    size_t cursor;
    size_t missing;
};

static bool events_came(void *arg)
{
    struct event_wait *wait = arg;

    while (wait->missing > 0 &&
           rig_next_event(wait->rig, &wait->cursor, wait->event, wait->server) != NULL)
        wait->missing--;
    return wait->missing == 0;
}

void rig_wait_events_at(const char *where, struct rig *rig, const char *event, const char *server,
                        size_t count, unsigned limit_ms)
{
    struct event_wait wait = {rig, event, server, 0, count};
    char what[160];

    snprintf(what, sizeof(what), "%zu events '%s' of server '%s'", count,
             event == NULL ? "(any)" : event, server == NULL ? "(any)" : server);
    wait_for(where, rig, rig->program, what, events_came, &wait, limit_ms);
}

struct text_wait {
    const struct bytes *in;
    const char *text;
};

static bool text_came(void *arg)
{
    const struct text_wait *wait = arg;

    return strstr(bytes_text(wait->in), wait->text) != NULL;
}

void rig_wait_stdout_at(const char *where, struct rig *rig, const char *text, unsigned limit_ms)
{
    struct text_wait wait = {&rig->program->out.all, text};

    wait_for(where, rig, rig->program, text, text_came, &wait, limit_ms);
}

void rig_wait_stderr_at(const char *where, struct rig *rig, const char *text, unsigned limit_ms)
{
    struct text_wait wait = {&rig->program->err, text};

    wait_for(where, rig, rig->program, text, text_came, &wait, limit_ms);
}

struct request_wait {
    const struct mock_server *mock;
    const char *target;
    size_t count;
};

static bool requests_came(void *arg)
{
    const struct request_wait *wait = arg;

    return mock_server_requests(wait->mock, wait->target) >= wait->count;
}

void rig_wait_requests_at(const char *where, struct rig *rig, const struct mock_server *mock,
                          const char *target, size_t count, unsigned limit_ms)
{
    struct request_wait wait = {mock, target, count};
    char what[160];

    snprintf(what, sizeof(what), "%zu requests of target '%s'", count,
             target == NULL ? "(any)" : target);
    wait_for(where, rig, rig->program, what, requests_came, &wait, limit_ms);
}

static bool has_exited(void *arg)
{
    const struct program *program = arg;

    return program->exited;
}

struct rig_exit rig_wait_program(const char *where, struct rig *rig, struct program *program,
                                 unsigned limit_ms)
{
    wait_for(where, rig, program, "its exit", has_exited, program, limit_ms);
    return (struct rig_exit){(int)program->exit_status, program->term_signal};
}

struct rig_exit rig_wait_exit_at(const char *where, struct rig *rig, unsigned limit_ms)
{
    return rig_wait_program(where, rig, rig->program, limit_ms);
}

void rig_stop_at(const char *where, struct rig *rig)
{
    struct rig_exit ended;

    rig_signal(rig, SIGTERM);
    ended = rig_wait_exit_at(where, rig, STOP_LIMIT_MS);
    if (ended.status == 0 && ended.signal == 0)
        return;
    dump(rig, rig->program);
    ck_abort_msg("%s: the stop ended with status %d, signal %d", where, ended.status, ended.signal);
}
