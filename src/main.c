#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

#include "config/config.h"
#include "daemon.h"
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

int main(int argc, char **argv)
{
    struct options options;
    struct problems problems = {0};

    keep_standard_descriptors();
    int status = options_read(&options, argc, argv);
    if (status >= 0)
        return status;

    struct config *config = config_read(options.config, options.urls, options.url_count, &problems);
    print_problems(&problems);
    problems_free(&problems);
    if (config == NULL)
        return 2;

    settings_overlay(daemon_setting_table, &config->daemon, &options.settings, options.set);
    if (options.check)
        status = print_verdict(config);
    else
        status = daemon_run(config, options.count);
    config_free(config);
    return status;
}
