#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "config/config.h"
#include "daemon.h"
#include "http/tls_context.h"
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

/* A redirect may lead to another server, which is not shown the client's certificate. */
static bool prepare_tls(const struct server_settings *settings, struct tls_contexts *tls, char *why,
                        size_t why_size)
{
    return tls_contexts_get(tls, settings, false, why, why_size) != NULL &&
           tls_contexts_get(tls, settings, true, why, why_size) != NULL;
}

/* Whether the files that TLS needs can be used. They are read now, so that no poll has to; but
 * where nothing speaks of TLS, a redirect to https may be the first to need the system's. */
static void check_tls(const struct config *config, struct tls_contexts *tls,
                      struct problems *problems)
{
    char why[512], told[512] = ""; /* once where servers share what is wrong */
    for (size_t i = 0; i < config->server_count; i++) {
        const struct server_config *server = &config->servers[i];
        const struct server_settings *settings = server->settings;
        bool used = server->url.https || settings->ca_file != NULL || settings->cert_file != NULL;
        if (!used || prepare_tls(settings, tls, why, sizeof why) || strcmp(why, told) == 0)
            continue;
        strcpy(told, why);
        problem_add(problems, (struct place){0}, "%s: %s", server->name, why);
    }
}

static struct config *read_config(const struct options *options, struct tls_contexts *tls)
{
    struct problems problems = {0};
    struct config *config =
        config_read(options->config, options->urls, options->url_count, &problems);
    if (config != NULL)
        check_tls(config, tls, &problems);
    print_problems(&problems);
    if (problems.count > 0) {
        config_free(config);
        config = NULL;
    }
    problems_free(&problems);
    return config;
}

/* Returns the exit status. */
static int run(const struct options *options)
{
    struct tls_contexts tls = {0};
    struct config *config = read_config(options, &tls);
    int status = 2;
    if (config != NULL) {
        settings_overlay(daemon_setting_table, &config->daemon, &options->settings, options->set);
        status = options->check ? print_verdict(config) : daemon_run(config, &tls, options->count);
    }
    tls_contexts_free(&tls);
    config_free(config);
    return status;
}

int main(int argc, char **argv)
{
    struct options options;

    keep_standard_descriptors();
    int status = options_read(&options, argc, argv);
    if (status < 0)
        status = run(&options);
    pool_free(&options.pool);
    return status;
}
