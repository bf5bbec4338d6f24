/*
 * aiopoll-mock-server: the mock server of the tests as a program of its own,
 * to try a client against by hand or to measure it from another process.
 */
#include <getopt.h>
#include <inttypes.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <uv.h>

#include "mock_server.h"

static const char usage[] =
    "Usage: aiopoll-mock-server [--address=ADDRESS] [--port=PORT] [--print]\n"
    "An HTTP server whose requests say how it behaves: GET /NAME?delay=5\n"
    "\n"
    "  --address=ADDRESS  listen there (127.0.0.1)\n"
    "  --port=PORT        listen on that port (0: any that is free)\n"
    "  --print            print a line for each request\n"
    "  --help             print this\n"
    "\n"
    "SIGTERM and SIGINT end it; it then prints a JSON line: how many polls came, on\n"
    "how many connections, how many of them before the promised moment, and how late the latest "
    "was.\n"
    "The keys of the query are in tests/lib/mock_behaviour.h.\n";

struct options {
    const char *address;
    int port;
    bool print;
};

static int parse_port(const char *text)
{
    char *end;
    long port = strtol(text, &end, 10);

    if (*text == '\0' || *end != '\0' || port < 0 || port > 65535) {
        fprintf(stderr, "aiopoll-mock-server: '%s' is no port; 0 to 65535 are\n", text);
        exit(2);
    }
    return (int)port;
}

static void parse_options(struct options *options, int argc, char **argv)
{
    static const struct option known[] = {
        {"address", required_argument, NULL, 'a'},
        {"port", required_argument, NULL, 'p'},
        {"print", no_argument, NULL, 'v'},
        {"help", no_argument, NULL, 'h'},
        {0},
    };
    int found;

    while ((found = getopt_long(argc, argv, "", known, NULL)) != -1) {
        switch (found) {
        case 'a': options->address = optarg; break;
        case 'p': options->port = parse_port(optarg); break;
        case 'v': options->print = true; break;
        case 'h': fputs(usage, stdout); exit(0);
        default: exit(2);
        }
    }
    if (optind < argc) {
        fprintf(stderr, "aiopoll-mock-server: '%s' is not an option\n", argv[optind]);
        exit(2);
    }
}

static void print_request(const struct mock_request *request, void *arg)
{
    const char *line = bytes_text(&request->header);

    (void)arg;
    printf("%" PRId64 ".%06" PRId64 " connection=%u %.*s\n", request->arrived_ns / 1000000000,
           request->arrived_ns / 1000 % 1000000, request->connection, (int)strcspn(line, "\r"),
           line);
    fflush(stdout);
}

static void print_sum(const struct mock_server *server)
{
    struct mock_punctuality sum = mock_server_punctuality(server, NULL);

    printf("{\"polls\":%zu,\"connections\":%u,\"early\":%zu,\"worst_late_us\":%" PRId64 "}\n",
           mock_server_requests(server, NULL), mock_server_connections(server), sum.early,
           sum.latest_ns / 1000);
}

static void on_signal(uv_signal_t *handle, int number)
{
    (void)number;
    uv_stop(handle->loop);
}

static int serve(uv_loop_t *loop, const struct options *options)
{
    struct mock_server *server;
    int error = mock_server_new(&server, loop, options->address, options->port);

    if (error != 0) {
        fprintf(stderr, "aiopoll-mock-server: can't listen: %s\n", uv_strerror(error));
        return 1;
    }
    if (options->print)
        mock_server_observe(server, print_request, NULL);
    printf("listening on %s\n", mock_server_authority(server));
    fflush(stdout);
    uv_run(loop, UV_RUN_DEFAULT);
    print_sum(server);
    mock_server_free(server);
    return 0;
}

int main(int argc, char **argv)
{
    static const int signals[] = {SIGTERM, SIGINT};
    struct options options = {0};
    uv_loop_t loop;
    uv_signal_t handles[2];
    int status;

    parse_options(&options, argc, argv);
    uv_loop_init(&loop);
    for (int i = 0; i < 2; i++) {
        uv_signal_init(&loop, &handles[i]);
        uv_signal_start(&handles[i], on_signal, signals[i]);
    }
    status = serve(&loop, &options);
    for (int i = 0; i < 2; i++)
        uv_close((uv_handle_t *)&handles[i], NULL);
    uv_run(&loop, UV_RUN_DEFAULT);
    uv_loop_close(&loop);
    return status;
}
