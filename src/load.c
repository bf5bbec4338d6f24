#include "load.h"

#include <string.h>

/* A redirect may lead to another server, which is not shown the client's certificate. */
static bool prepare_tls(const struct server_settings *settings, struct tls_contexts *tls, char *why,
                        size_t why_size)
{
    return tls_contexts_get(tls, settings, false, why, why_size) != NULL &&
           tls_contexts_get(tls, settings, true, why, why_size) != NULL;
}

/* Whether the files that TLS needs can be used. They are read now, so that no poll has to; but
 * where nothing speaks of TLS, a redirect to https may be the first to need the system's. */
static void check_tls(struct generation *generation, struct problems *problems)
{
    const struct config *config = generation->config;
    char why[512], told[512] = ""; /* once where servers share what is wrong */
    for (size_t i = 0; i < config->server_count; i++) {
        const struct server_config *server = &config->servers[i];
        const struct server_settings *settings = server->settings;
        bool used = server->url.https || settings->ca_file != NULL || settings->cert_file != NULL;
        if (!used || prepare_tls(settings, &generation->tls, why, sizeof why) ||
            strcmp(why, told) == 0)
            continue;
        strcpy(told, why);
        problem_add(problems, (struct place){0}, "%s: %s", server->name, why);
    }
}

/* The one would be replaced by the other, with all that it has. */
static void check_paths(const struct options *options, const struct daemon_settings *settings,
                        struct problems *problems)
{
    const char *log = settings->log_file, *state = settings->state_file;
    char quoted[QUOTE_SIZE];
    if (log != NULL && state != NULL && strcmp(log, state) == 0)
        problem_add(problems, (struct place){.name = options->config, .file = 1},
                    "log-file and state-file are both %s; each needs a file of its own",
                    problem_quote(quoted, log, strlen(log)));
}

struct generation *load(const struct options *options, struct problems *problems)
{
    struct config *config =
        config_read(options->config, options->urls, options->url_count, problems);
    if (config == NULL)
        return NULL;
    struct generation *generation = generation_new(config);
    settings_overlay(daemon_setting_table, &config->daemon, &options->settings, options->set);
    check_paths(options, &config->daemon, problems);
    check_tls(generation, problems);
    tls_contexts_seal(&generation->tls);
    if (problems->count == 0)
        return generation;
    generation_release(generation);
    return NULL;
}
