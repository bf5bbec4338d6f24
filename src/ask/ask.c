#include "ask/ask.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "ask/answer.h"
#include "ask/ask_address.h"
#include "ask/explain_text.h"
#include "ask/fetch.h"
#include "ask/name_hint.h"
#include "ask/status_table.h"
#include "base/escape.h"
#include "config/value.h"

enum { NO_ANSWER = 2, HOST_FIELD_SIZE = 64 };

struct question {
    const struct options *options;
    const char *shown; /* the address, as it was written */
    struct listen_address address;
};

/* --- the terminal --------------------------------------------------------------------------- */

static size_t columns_of_environment(void)
{
    const char *text = getenv("COLUMNS");
    int64_t columns;
    return text != NULL && value_count(text, &columns) && columns > 0 && columns < 10000
               ? (size_t)columns
               : 80;
}

/* https://no-color.org: whatever it is set to, unless to nothing. */
static bool wants_colour(void)
{
    const char *no_color = getenv("NO_COLOR"), *term = getenv("TERM");
    return (no_color == NULL || *no_color == '\0') && (term == NULL || strcmp(term, "dumb") != 0);
}

static struct screen find_screen(void)
{
    struct winsize size = {0};
    if (!isatty(STDOUT_FILENO))
        return (struct screen){.width = SIZE_MAX, .height = SIZE_MAX};
    ioctl(STDOUT_FILENO, TIOCGWINSZ, &size);
    return (struct screen){.width = size.ws_col > 0 ? size.ws_col : columns_of_environment(),
                           .height = size.ws_row > 0 ? size.ws_row : 24,
                           .colour = wants_colour()};
}

/* Returns the exit status. */
static int print(struct buffer *text, int status)
{
    const char *wrong = NULL;
    if (text->failed)
        wrong = "memory is short for the answer";
    else if (fwrite(text->bytes, 1, text->length, stdout) != text->length || fflush(stdout) != 0)
        wrong = "the answer cannot be written";
    if (wrong != NULL)
        fprintf(stderr, "aiopoll: %s\n", wrong);
    buffer_free(text);
    return wrong == NULL ? status : NO_ANSWER;
}

/* --- asking --------------------------------------------------------------------------------- */

/* The address is in its quotes already. */
static void print_silence(const struct question *question, const char *address, const char *why)
{
    fprintf(stderr,
            "aiopoll: no daemon answers at %s (%s); is it running, and is listen set to that?%s\n",
            address, why,
            question->options->settings.listen == NULL
                ? " A changed listen is taken at the next start"
                : "");
}

/* Returns the exit status. */
static int no_answer(const struct question *question, enum fetch_fault fault, const char *why)
{
    char quoted[QUOTE_SIZE];
    escape_quote(quoted, sizeof quoted, question->shown, strlen(question->shown));
    switch (fault) {
    case FETCH_SILENT: print_silence(question, quoted, why); break;
    case FETCH_FOREIGN:
        fprintf(stderr, "aiopoll: what answers at %s is no aiopoll (%s); is listen right?\n",
                quoted, why);
        break;
    case FETCH_FORBIDDEN:
        fprintf(stderr,
                "aiopoll: the permission to connect to %s is missing; the socket is for the "
                "user and the group that the daemon runs as\n",
                quoted);
    }
    return NO_ANSWER;
}

/* 404 is an answer as well where `unknown` is there to be told. Returns the exit status, or -1 with
 * `fetched` to be freed. */
static int get(const struct question *question, const char *path, struct fetched *fetched,
               bool *unknown)
{
    char why[FETCH_WHY_SIZE];
    const char *host =
        question->address.socket.any.sa_family == AF_UNIX ? "localhost" : question->shown;
    enum fetch_fault fault;
    if (!fetch(&question->address, host, path, fetched, &fault, why))
        return no_answer(question, fault, why);
    if (unknown != NULL)
        *unknown = fetched->status == 404;
    if (fetched->status == 200 || (unknown != NULL && *unknown))
        return -1;
    snprintf(why, sizeof why, "it has status %d for %s", fetched->status, path);
    free(fetched->body);
    return no_answer(question, FETCH_FOREIGN, why);
}

/* The whole list; NULL, and the exit status. The body that it was read from is `fetched`. */
static int get_status(const struct question *question, struct status_answer *answer,
                      struct fetched *fetched)
{
    char why[ANSWER_WHY_SIZE];
    int status = get(question, "/status.json", fetched, NULL);
    if (status >= 0 || status_answer_read(answer, fetched->body, fetched->length, why))
        return status;
    free(fetched->body);
    return no_answer(question, FETCH_FOREIGN, why);
}

static bool wants_json(const struct question *question)
{
    return question->options->settings.log_format == LOG_FORMAT_JSON;
}

static int ask_status(const struct question *question)
{
    struct status_answer answer;
    struct fetched fetched;
    struct buffer out = {0};
    int status = get_status(question, &answer, &fetched);
    if (status >= 0)
        return status;
    status = answer.failing > 0 || answer.overdue > 0;
    if (wants_json(question)) {
        answer_line(&out, fetched.body, fetched.length);
    } else {
        const struct screen screen = find_screen();
        status_table(&out, &answer, &screen);
    }
    status_answer_free(&answer);
    free(fetched.body);
    return print(&out, status);
}

/* --- one server ----------------------------------------------------------------------------- */

/* There is no such server: which may have been meant is asked for as well. */
static int no_server(const struct question *question)
{
    const char *name = question->options->explain;
    char quoted[QUOTE_SIZE];
    struct status_answer answer;
    struct fetched fetched;
    struct buffer hint = {0};
    if (get_status(question, &answer, &fetched) >= 0)
        return NO_ANSWER;
    name_hint(&hint, name, &answer);
    fprintf(stderr, "aiopoll: there is no server %s%.*s\n",
            escape_quote(quoted, sizeof quoted, name, strlen(name)), (int)hint.length,
            hint.length > 0 ? hint.bytes : "");
    buffer_free(&hint);
    status_answer_free(&answer);
    free(fetched.body);
    return NO_ANSWER;
}

static int tell_server(const struct question *question, const struct fetched *fetched)
{
    struct server_answer answer;
    struct buffer out = {0};
    char why[ANSWER_WHY_SIZE];
    if (!server_answer_read(&answer, fetched->body, fetched->length, why))
        return no_answer(question, FETCH_FOREIGN, why);
    int status = answer.server.state != HEALTH_OK;
    if (wants_json(question))
        answer_line(&out, fetched->body, fetched->length);
    else
        explain_text(&out, &answer, find_screen().width);
    server_answer_free(&answer);
    return print(&out, status);
}

static int ask_explain(const struct question *question)
{
    char path[NAME_PATH_SIZE];
    struct fetched fetched;
    bool unknown;
    if (!name_path(question->options->explain, path))
        return no_server(question);
    int status = get(question, path, &fetched, &unknown);
    if (status >= 0)
        return status;
    status = unknown ? no_server(question) : tell_server(question, &fetched);
    free(fetched.body);
    return status;
}

/* --- all of it ------------------------------------------------------------------------------ */

static int refuse(const struct problems *problems)
{
    for (size_t i = 0; i < problems->count; i++)
        fprintf(stderr, "%s\n", problems->list[i].text);
    return NO_ANSWER;
}

static bool has_port(const struct listen_address *address)
{
    return address->socket.any.sa_family == AF_UNIX ||
           address->socket.v4.sin_port != 0; /* at the same place */
}

int ask(const struct options *options)
{
    struct pool pool = {0};
    struct problems problems = {0};
    struct question question = {.options = options,
                                .shown = ask_address(options, &pool, &problems)};
    char why[256];
    int status;
    if (question.shown == NULL)
        status = refuse(&problems);
    else if (!listen_address_parse(&question.address, question.shown, why, sizeof why))
        status = no_answer(&question, FETCH_SILENT, why);
    else if (!has_port(&question.address))
        status =
            no_answer(&question, FETCH_SILENT, "port 0 is any; give the one that the log names");
    else
        status = options->status ? ask_status(&question) : ask_explain(&question);
    problems_free(&problems);
    pool_free(&pool);
    return status;
}
