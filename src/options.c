#include "options.h"

#include <getopt.h>
#include <stdio.h>
#include <string.h>

#include "base/escape.h"
#include "config/problem.h"
#include "config/value.h"

enum {
    OPTION_ONCE = 256,
    OPTION_LOG_FORMAT,
    OPTION_LOG_LEVEL,
    OPTION_STATE_FILE,
    OPTION_LISTEN,
    OPTION_STATUS,
    OPTION_EXPLAIN
};

static const struct option long_options[] = {
    {"config", required_argument, NULL, 'c'},
    {"check", no_argument, NULL, 't'},
    {"count", required_argument, NULL, 'n'},
    {"once", no_argument, NULL, OPTION_ONCE},
    {"log-format", required_argument, NULL, OPTION_LOG_FORMAT},
    {"log-level", required_argument, NULL, OPTION_LOG_LEVEL},
    {"state-file", required_argument, NULL, OPTION_STATE_FILE},
    {"listen", required_argument, NULL, OPTION_LISTEN},
    {"status", no_argument, NULL, OPTION_STATUS},
    {"explain", required_argument, NULL, OPTION_EXPLAIN},
    {"help", no_argument, NULL, 'h'},
    {"version", no_argument, NULL, 'V'},
    {0},
};

static const char usage[] =
    "Usage: aiopoll [OPTION]... [URL]...\n"
    "Polls HTTP servers for ever. Each response's body is a number: the seconds to\n"
    "wait before that server's next request.\n"
    "\n"
    "  -c, --config=FILE        servers and settings, see aiopoll.ini(5)\n"
    "  -t, --check              read the configuration, report every problem, exit\n"
    "  -n, --count=N, --once    stop once every server was polled N times, or once\n"
    "      --log-format=FORMAT  text (default) or json\n"
    "      --log-level=LEVEL    error, warning, info (default) or debug\n"
    "      --state-file=FILE    keep what servers were promised across restarts\n"
    "      --listen=ADDRESS     serve status and metrics, or ask for them, at\n"
    "                           HOST:PORT, [v6]:PORT or unix:PATH\n"
    "      --status             ask the running daemon how its servers are\n"
    "      --explain=NAME       ask it why that server is polled when it is\n"
    "  -h, --help               show this and exit\n"
    "  -V, --version            show the version and exit\n"
    "\n"
    "A URL is polled like those of the file. Each poll is a line on standard output.\n"
    "SIGTERM and SIGINT stop aiopoll; SIGHUP has it read the configuration afresh.\n"
    "Exit status: 0 well; 1 a poll (--count) or server (--status, --explain) failed,\n"
    "or aiopoll could not go on; 2 wrong usage or configuration, or no daemon.\n"
    "\n"
    "Examples: aiopoll -c /etc/aiopoll/servers.ini\n"
    "          aiopoll --once http://127.0.0.1:8001/\n";

static int complain(const char *sentence)
{
    fprintf(stderr, "aiopoll: %s\nTry 'aiopoll --help' for more information.\n", sentence);
    return 2;
}

static int read_count(struct options *options, const char *text)
{
    char quoted[QUOTE_SIZE], sentence[160];
    int64_t count;
    if (value_count(text, &count) && count > 0 && count < INT64_MAX) {
        options->count = (uint64_t)count;
        return -1;
    }
    snprintf(sentence, sizeof sentence, "--count=%s: write " VALUE_COUNT_FORM " of 1 or more",
             escape_quote(quoted, sizeof quoted, text, strlen(text)));
    return complain(sentence);
}

/* A setting that may stand in the file too, read by the same table. The last one of
 * a kind wins. */
static int read_setting(struct options *options, const char *key, const char *text)
{
    struct problems problems = {0};
    struct keys keys = {0};
    const struct written written = {.value = text, .shown = text};
    setting_apply(daemon_setting_table, &options->settings, &keys, key, &written, &options->pool,
                  &problems);
    options->set |= keys.set;
    if (problems.count == 0)
        return -1;
    fprintf(stderr, "%s\n", problems.list[0].text);
    problems_free(&problems);
    return 2;
}

/* Returns -1 to go on, else the exit status. */
static int read_option(struct options *options, int option)
{
    switch (option) {
    case 'c':
        if (options->config != NULL)
            return complain("--config can be given once; a file can include others");
        options->config = optarg;
        return -1;
    case 't': options->check = true; return -1;
    case 'n': return read_count(options, optarg);
    case OPTION_ONCE: options->count = 1; return -1;
    case OPTION_LOG_FORMAT: return read_setting(options, "log-format", optarg);
    case OPTION_LOG_LEVEL: return read_setting(options, "log-level", optarg);
    case OPTION_STATE_FILE: return read_setting(options, "state-file", optarg);
    case OPTION_LISTEN: return read_setting(options, "listen", optarg);
    case OPTION_STATUS: options->status = true; return -1;
    case OPTION_EXPLAIN: options->explain = optarg; return -1;
    case 'h': fputs(usage, stdout); return fflush(stdout) == 0 ? 0 : 1;
    case 'V': puts("aiopoll " AIOPOLL_VERSION); return fflush(stdout) == 0 ? 0 : 1;
    default: fputs("Try 'aiopoll --help' for more information.\n", stderr); return 2;
    }
}

/* What asks a daemon polls nothing itself. Returns -1 to go on, else the exit status. */
static int check_question(const struct options *options)
{
    const uint32_t set = options->set;
    if (options->status && options->explain != NULL)
        return complain("--status and --explain are two questions; ask one at a time");
    if (options->url_count > 0 || options->check || options->count > 0 ||
        setting_is_in(daemon_setting_table, set, "log-level") ||
        setting_is_in(daemon_setting_table, set, "state-file"))
        return complain("--status and --explain ask a running daemon, and go only with -c FILE, "
                        "--listen and --log-format");
    if (options->config == NULL && !setting_is_in(daemon_setting_table, set, "listen"))
        return complain("whom to ask is missing; give -c FILE with the key listen in it, or "
                        "--listen=ADDRESS");
    return -1;
}

int options_read(struct options *options, int argc, char **argv)
{
    int option, status = -1;
    *options = (struct options){0};
    if (argc < 2) {
        fputs(usage, stderr);
        return 2;
    }
    while (status < 0 && (option = getopt_long(argc, argv, "c:tn:hV", long_options, NULL)) != -1)
        status = read_option(options, option);
    if (status >= 0)
        return status;
    options->urls = argv + optind;
    options->url_count = (size_t)(argc - optind);
    if (options->status || options->explain != NULL)
        return check_question(options);
    if (options->config == NULL && options->url_count == 0)
        return complain("there is no server to poll; give -c FILE or a URL");
    return -1;
}
