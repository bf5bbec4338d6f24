#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <unistd.h>

#include "ask/ask.h"
#include "base/clock.h"
#include "daemon.h"
#include "load.h"
#include "options.h"

/* Where one of the standard descriptors is closed, the next file opened would get
 * its number, and the log would be written into it. */
static void keep_standard_descriptors(void)
{
    int fd;
    do
        fd = open("/dev/null", O_RDWR);
    while (fd >= 0 && fd <= STDERR_FILENO);
    if (fd > STDERR_FILENO)
        close(fd);
}

static void print_problems(const struct problems *problems)
{
    for (size_t i = 0; i < problems->count; i++)
        fprintf(stderr, "%s\n", problems->list[i].text);
}

static int print_verdict(const struct config *config)
{
    printf("The configuration is right: %zu server%s.\n", config->server_count,
           config->server_count == 1 ? "" : "s");
    return fflush(stdout) == 0 ? 0 : 1;
}

/* A reload that is asked for before there is a loop comes when there is one. */
static void hold_back_reloads(void)
{
    sigset_t hangup;
    sigemptyset(&hangup);
    sigaddset(&hangup, SIGHUP);
    pthread_sigmask(SIG_BLOCK, &hangup, NULL);
}

/* Returns the exit status. */
static int run(const struct options *options, int64_t began)
{
    struct problems problems = {0};
    if (!options->check)
        hold_back_reloads();
    struct generation *generation = load(options, &problems);
    int status = 2;
    print_problems(&problems);
    problems_free(&problems);
    if (generation != NULL && !options->check)
        return daemon_run(generation, options, began);
    if (generation != NULL)
        status = print_verdict(generation->config);
    generation_release(generation);
    return status;
}

int main(int argc, char **argv)
{
    struct options options;
    int64_t began = clock_now();

    keep_standard_descriptors();
    signal(SIGUSR1, SIG_IGN); /* logrotate may send it before there is a log file to reopen */
    int status = options_read(&options, argc, argv);
    if (status < 0)
        status = options.status || options.explain != NULL ? ask(&options) : run(&options, began);
    pool_free(&options.pool);
    return status;
}
