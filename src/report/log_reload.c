#include "report/log_private.h"

void log_reload(struct log *log, const struct difference *difference, int64_t took)
{
    struct log_line line;
    if (!log_begin(log, &line, LOG_INFO, "reload"))
        return;
    log_line_string(&line, "result", "ok");
    log_line_integer(&line, "servers", (int64_t)difference->count);
    log_line_integer(&line, "added", (int64_t)difference->added);
    log_line_integer(&line, "changed", (int64_t)(difference->changed + difference->moved));
    log_line_integer(&line, "removed", (int64_t)difference->removed);
    log_line_seconds(&line, "took", log_rounded(took));
    log_end(log, &line);
}

static void log_problem(struct log *log, const char *text)
{
    struct log_line line;
    if (!log_begin(log, &line, LOG_ERROR, "problem"))
        return;
    log_line_string(&line, "detail", text);
    log_end(log, &line);
}

void log_refused(struct log *log, const struct problems *problems)
{
    struct log_line line;
    for (size_t i = 0; i < problems->count; i++)
        log_problem(log, problems->list[i].text);
    if (!log_begin(log, &line, LOG_ERROR, "reload"))
        return;
    log_line_string(&line, "result", "error");
    log_line_integer(&line, "problems", (int64_t)problems->count);
    log_line_string(&line, "detail", "nothing was changed");
    log_end(log, &line);
}

void log_unapplied(struct log *log, const char *detail)
{
    struct log_line line;
    if (!log_begin(log, &line, LOG_WARNING, "problem"))
        return;
    log_line_string(&line, "detail", detail);
    log_end(log, &line);
}

void log_applied(struct log *log, const char *server, enum fate fate)
{
    struct log_line line;
    if (!log_begin(log, &line, LOG_DEBUG, "applied"))
        return;
    log_line_string(&line, "server", server);
    log_line_string(&line, "change", fate_name(fate));
    log_end(log, &line);
}
