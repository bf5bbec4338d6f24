/* Any bytes for a Location, against any URL: what comes of it can be asked for, is read
 * alike by url_parse(), and is no further from the base than a second time; or a
 * sentence in printable words says why not.
 *
 * The input is the base up to the first newline, and then the reference. */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "config/url.h"

#define REQUIRE(condition)                                                                         \
    do {                                                                                           \
        if (!(condition)) {                                                                        \
            fprintf(stderr, "%s:%d: %s\n", __FILE__, __LINE__, #condition);                        \
            abort();                                                                               \
        }                                                                                          \
    } while (0)

enum { WHY_SIZE = 96 };

static void check_why(const char *why)
{
    REQUIRE(*why != '\0' && strlen(why) < WHY_SIZE);
    for (; *why != '\0'; why++)
        REQUIRE(*why >= ' ' && *why <= '~');
}

/* What goes into a request, or into a look-up. */
static void check_parts(const struct url *url)
{
    size_t scheme = strlen(url->https ? "https://" : "http://");
    char host[URL_HOST_MAX + 1];

    REQUIRE(strlen(url->text) <= URL_MAX + 1); /* a "/" may have been added */
    REQUIRE(strncmp(url->text, url->https ? "https://" : "http://", scheme) == 0);
    REQUIRE(url->authority == scheme && url->host >= scheme && url->host <= scheme + 1);
    REQUIRE(url->host_length > 0 && url->host_length <= URL_HOST_MAX);
    REQUIRE(url->host + url->host_length <= url->target && url->text[url->target] == '/');
    REQUIRE(url->port != 0);
    REQUIRE(url_is_host(url_host(url, host)));
    for (const char *at = url->text; *at != '\0'; at++)
        REQUIRE(*at > ' ' && *at <= '~' && strchr("\"\\<>^`{|}#", *at) == NULL);
    for (const char *at = url->text; at < url->text + url->target; at++)
        REQUIRE(*at != '@');
}

static void check_is_read_alike(const struct url *url)
{
    char why[WHY_SIZE];
    struct url again;

    REQUIRE(url_parse(url->text, &again, NULL, why, sizeof why) || strlen(url->text) > URL_MAX);
    if (strlen(url->text) > URL_MAX)
        return;
    REQUIRE(strcmp(again.text, url->text) == 0);
    REQUIRE(again.target == url->target && again.host == url->host && again.port == url->port);
    REQUIRE(url_same_origin(&again, url));
    url_free(&again);
}

/* An empty reference is the same document, without dot segments. */
static void check_is_settled(const struct url *url)
{
    char why[WHY_SIZE];
    struct url again;

    if (!url_resolve(url, "", &again, why, sizeof why)) {
        check_why(why);
        return;
    }
    REQUIRE(url_same_origin(&again, url));
    check_parts(&again);
    url_free(&again);
}

static void resolve(const char *base_text, const char *reference)
{
    char why[WHY_SIZE] = "";
    char *userinfo = NULL;
    struct url base, url;

    if (!url_parse(base_text, &base, &userinfo, why, sizeof why)) {
        check_why(why);
        return;
    }
    free(userinfo);
    check_parts(&base);
    if (url_resolve(&base, reference, &url, why, sizeof why)) {
        check_parts(&url);
        check_is_read_alike(&url);
        check_is_settled(&url);
        url_free(&url);
    } else {
        check_why(why);
    }
    url_free(&base);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char *text = malloc(size + 1);
    REQUIRE(text != NULL);
    memcpy(text, data, size);
    text[size] = '\0';
    char *end = strchr(text, '\n');
    if (end != NULL) {
        *end = '\0';
        resolve(text, end + 1);
        resolve("http://[::1]:81/b/c/d;p?q", end + 1);
    }
    free(text);
    return 0;
}
