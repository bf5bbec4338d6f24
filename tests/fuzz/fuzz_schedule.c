/* Any bytes for a state file: what comes of it is within its bounds, and what is written of it
 * is read alike. To get past the check sums, each line is read with the right one as well. */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/duration.h"
#include "pace/promises.h"

#define REQUIRE(condition)                                                                         \
    do {                                                                                           \
        if (!(condition)) {                                                                        \
            fprintf(stderr, "%s:%d: %s\n", __FILE__, __LINE__, #condition);                        \
            abort();                                                                               \
        }                                                                                          \
    } while (0)

enum { SERVERS = 2 };

static const struct server_config servers[SERVERS] = {
    {.name = "a", .url.text = "http://a/"},
    {.name = "b", .url.text = "http://b/"},
};

static const struct promises_now now = {.boot = {"here", 1764000000 * SECOND}, .now = HOUR};

static void check_line(const char *text, size_t length)
{
    char again[SCHEDULE_LINE_MAX];
    struct schedule_line line;
    struct schedule_boot boot;
    if (schedule_read_line(text, length, &line)) {
        REQUIRE(line.wait >= 0 && line.last >= -1 && line.name_length > 0);
        REQUIRE(line.name + line.name_length == text + length);
        size_t written = schedule_write_line(again, &line);
        REQUIRE(written <= SCHEDULE_LINE_MAX);
        REQUIRE(schedule_read_line(again, written - 1, &line));
    }
    if (schedule_read_boot(text, length, &boot))
        REQUIRE(schedule_write_boot(again, &boot) <= SCHEDULE_LINE_MAX);
}

static void check_sealed(const char *rest, size_t length)
{
    char line[SCHEDULE_LINE_MAX + 32];
    if (length > SCHEDULE_LINE_MAX)
        return;
    int digits = snprintf(line, sizeof line, "%08x ", (unsigned)schedule_crc(rest, length));
    memcpy(line + digits, rest, length);
    check_line(line, (size_t)digits + length);
}

static void check_file(const char *text, size_t length)
{
    char line[SCHEDULE_LINE_MAX];
    struct promises *promises = promises_new(servers, SERVERS);
    struct promises_reading reading = promises_read(promises, text, length, &now);
    REQUIRE(reading.taken <= SERVERS && (reading.damaged == 0) == (reading.first_damaged == 0));
    for (size_t i = 0; i < SERVERS; i++) {
        const struct promise *promise = promises_get(promises, i);
        REQUIRE(promise->wait < 0 || promise->due - now.now <= promise->wait);
        REQUIRE(promises_write(promises, i, now.boot.zero, line) <= SCHEDULE_LINE_MAX);
    }
    promises_free(promises);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const char header[] = SCHEDULE_HEADER;
    char *text = malloc(size + sizeof header);
    REQUIRE(text != NULL);
    memcpy(text, header, strlen(header));
    memcpy(text + strlen(header), data, size);
    check_file(text, size + strlen(header));
    check_file(text + strlen(header), size);
    for (const char *at = text, *end = text + strlen(header) + size; at < end;) {
        const char *newline = memchr(at, '\n', (size_t)(end - at));
        size_t length = (size_t)((newline == NULL ? end : newline) - at);
        check_line(at, length);
        check_sealed(at, length);
        at += length + 1;
    }
    free(text);
    return 0;
}
