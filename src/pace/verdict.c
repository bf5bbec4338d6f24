#include "pace/verdict.h"

#include <stdio.h>

#include "base/duration.h"
#include "pace/delay_form.h"

/* A 304 has no body, but may name the delay in its header. */
static bool is_good(int status, const struct server_settings *settings)
{
    return status / 100 == 2 || (status == 304 && settings->delay_from->field_count > 0);
}

/* A server may repeat in its response what it was sent. */
static bool sends_secrets(const struct server_config *server)
{
    const struct server_settings *settings = server->settings;
    return server->secret_url || settings->authorization != NULL || settings->body != NULL ||
           settings->field_count > 0;
}

static struct failure judge(struct verdict *verdict, const struct server_config *server,
                            const struct http_result *result, int64_t now)
{
    struct failure failure = result->failure;
    struct delay_reading *reading = &verdict->reading;
    if (failure.reason != FAILURE_NONE)
        return failure;
    failure.detail = reading->why;
    if (http_is_redirect(result->status)) {
        failure.reason = FAILURE_REDIRECT;
        snprintf(reading->why, sizeof reading->why, "the server redirects (%d), and redirects is 0",
                 result->status);
    } else if (!is_good(result->status, server->settings)) {
        failure.reason = FAILURE_STATUS;
        snprintf(reading->why, sizeof reading->why, "the server answered with status %d",
                 result->status);
    } else {
        delay_read(reading, server->settings, result->response, !sends_secrets(server), now);
        failure.reason = reading->said < 0 ? FAILURE_NO_DELAY : FAILURE_NONE;
    }
    return failure;
}

/* RFC 9110 section 15.6.4 and RFC 6585 section 4. What cannot be read is as if it were not
 * there. */
static int64_t read_retry_after(const struct http_result *result, int64_t now)
{
    const struct http_field *field = &result->retry_after, *date = &result->date;
    int64_t said;
    if ((result->status != 429 && result->status != 503) || field->state != HTTP_FIELD_PRESENT ||
        !delay_form_retry_after(field->value,
                                date->state == HTTP_FIELD_PRESENT ? date->value : NULL, now, &said))
        return -1;
    return said;
}

void verdict_reach(struct verdict *verdict, const struct server_config *server,
                   const struct http_result *result, int64_t wall)
{
    int64_t now = wall / SECOND;
    verdict->reading.source = NULL;
    verdict->reading.said = -1;
    verdict->reading.raw[0] = verdict->reading.why[0] = '\0';
    verdict->failure = judge(verdict, server, result, now);
    verdict->retry_after = read_retry_after(result, now);
}
