/*
 * The log of polls of servers that would forge it: whatever they send and wherever they
 * put it, a line is one line of printable ASCII, and its fields are those that we write.
 */
#include <string.h>

#include "check_main.h"
#include "scene.h"
#include "trail.h"

#define COUNT_OF(array) ((int)(sizeof(array) / sizeof((array)[0])))

/* Bytes of a raw answer, as they must be written in a query. */
#define CRLF        "%0D%0A"
#define STATUS_LINE "HTTP/1.1%20200%20OK" CRLF
#define CHUNKED     STATUS_LINE "Transfer-Encoding:chunked" CRLF CRLF

static const char *const payloads[] = {
    "%1B%5B31mred%1B%5B0m",              /* a terminal's colours */
    "%9B31mred",                         /* CSI in one byte */
    "%C2%9B31mred",                      /* and in UTF-8 */
    "%7F%08%08%07",                      /* DEL, BS, BEL */
    "a%0Ab%0Dc%0D%0Ad",                  /* lines */
    "%E2%80%A8x%E2%80%A9x%C2%85x",       /* lines of Unicode */
    "%E2%80%AEx%E2%81%A6x%E2%80%8Fx",    /* writing from right to left */
    "%FF%FE%C0%80%ED%A0%80%F5%80%80%80", /* no UTF-8 */
    "%C3",                               /* the beginning of a character */
    "a%00b",
    "%22",
    "%5C",
    "%5C%22%5C%5C%22",
    "%22%20error=ok%20detail=%22",
    "%22,%22error%22:%22ok%22,%22x%22:%22",
    "%5Cu0022,%5Cu000a",
    "=%20server=b%20error=none",
    "%0A2026-11-23T00:00:00.000Z%20info%20stop%20why=count",
    "%0A{%22event%22:%22stop%22}",
    "%25s%25n%25x",
    "${HOME}%24%28id%29%60id%60",
    "%EF%BB%BF5",
    "<script>alert%281%29</script>",
};

/* Where a server can put it. */
static const struct {
    const char *before, *after;
    const char *settings;
} places[] = {
    {"delay=", "", ""},
    {"header=X-Next:%20", "", "delay-from = header:X-Next\n"},
    {"header=Content-Encoding:%20", "", ""},
    {"header=Server:%20", "&status=500", ""},
    {"status=302&location=", "", ""},
    {"status=302&location=http://", "/", ""},
    {"status=302&location=//h:", "/", ""},
    {"status=302&location=", ":x", ""},
    {"raw=", "", ""},
    {"raw=HTTP/1.1%20500%20", CRLF "Content-Length:0" CRLF CRLF, ""},
    {"raw=HTTP/1.1%20", CRLF CRLF, ""},
    {"raw=" STATUS_LINE, CRLF CRLF, ""},
    {"raw=" STATUS_LINE "Transfer-Encoding:", CRLF CRLF, ""},
    {"raw=" CHUNKED, CRLF CRLF, ""},
    {"raw=" CHUNKED "4;", CRLF "soon" CRLF "0" CRLF CRLF, ""},
    {"raw=" CHUNKED "0" CRLF, CRLF CRLF, ""},
};

enum { PLACES = COUNT_OF(places), PAYLOADS = COUNT_OF(payloads) };

/* One server for each payload. What cannot stand in a URL is encoded. */
static const char *config_of(int place)
{
    struct bytes list = {0};
    const char *path;

    for (int i = 0; i < PAYLOADS; i++) {
        bytes_print(&list, "[server s%d]\nurl = http://%s/s%d?%s", i, mock_server_authority(mock),
                    i, places[place].before);
        for (const char *at = payloads[i]; *at != '\0'; at++)
            bytes_print(&list, strchr("<>{}$", *at) != NULL ? "%%%02X" : "%c", (unsigned)*at);
        bytes_print(&list, "%s\n%s", places[place].after, places[place].settings);
    }
    path =
        rig_write(rig, "servers.ini", "[defaults]\nretry = 10ms\ntimeout = 500ms\n%s", list.data);
    bytes_finish(&list);
    return path;
}

static void check_printable(const char *line)
{
    for (const char *at = line; *at != '\0'; at++)
        ck_assert_msg(*at >= ' ' && *at <= '~', "a byte of %s", line);
}

/* All of a value, bare or in quotes; returns what is behind it. */
static const char *skip_value(const char *at, const char *line)
{
    if (*at != '"') {
        while (*at > ' ' && *at <= '~' && strchr("\"\\=", *at) == NULL)
            at++;
        return at;
    }
    for (at++; *at != '"'; at++) {
        ck_assert_msg(*at != '\0', "no end of quotes in %s", line);
        if (*at == '\\' && strchr("\"\\nrtx", *++at) == NULL)
            ck_abort_msg("an escape in %s", line);
    }
    return at + 1;
}

/* As somebody reads it who splits the line into fields: each once, and of those that are ours. */
static void check_text_fields(const char *fields)
{
    static const char *const known[] = {
        "server", "status", "delay",   "took",     "late",  "reused", "redirects", "clamped",
        "error",  "detail", "attempt", "repeated", "state", "was",    "for",       "silent"};
    unsigned seen = 0;

    for (const char *at = fields; *at != '\0';) {
        size_t length = strcspn(at + 1, "=");
        int i = 0;

        while (i < COUNT_OF(known) &&
               (strlen(known[i]) != length || strncmp(at + 1, known[i], length) != 0))
            i++;
        ck_assert_msg(*at == ' ' && i < COUNT_OF(known) && (seen & 1U << i) == 0, "at '%s' of %s",
                      at, fields);
        seen |= 1U << i;
        at = skip_value(at + 1 + length + 1, fields);
    }
}

START_TEST(a_line_of_text_cannot_be_forged)
{
    size_t polls = 0;
    size_t changes = 0;

    rig_start(rig, "--log-level=info", "--once", "-c", config_of(_i), NULL);
    scene_await_exit(1);
    for (size_t i = 0; i < rig_line_count(rig); i++) {
        const char *line = rig_line(rig, i);

        const char *poll = strstr(line, " warning poll ");
        const char *change = strstr(line, " warning change ");

        check_printable(line);
        if (poll == NULL && change == NULL)
            continue;
        polls += poll != NULL;
        changes += change != NULL;
        check_text_fields(poll != NULL ? poll + strlen(" warning poll")
                                       : change + strlen(" warning change"));
        ck_assert_ptr_nonnull(strstr(line, " server=s"));
    }
    /* Besides: start, ready, stop. */
    ck_assert_uint_eq(polls, PAYLOADS);
    ck_assert_uint_eq(changes, PAYLOADS);
    ck_assert_uint_eq(rig_line_count(rig), 2 * PAYLOADS + 3);
}
END_TEST

static void check_json(size_t index)
{
    json_error_t error;
    json_t *object = json_loads(rig_line(rig, index), JSON_REJECT_DUPLICATES, &error);
    const char *key;
    json_t *value;

    check_printable(rig_line(rig, index));
    ck_assert_msg(object != NULL, "%s: %s", error.text, rig_line(rig, index));
    /* Nothing is left to be done by whoever shows a value. */
    json_object_foreach(object, key, value) if (json_is_string(value))
        check_printable(json_string_value(value));
    json_decref(object);
}

START_TEST(a_line_of_json_cannot_be_forged)
{
    rig_start(rig, "--log-format=json", "--log-level=info", "--once", "-c", config_of(_i), NULL);
    scene_await_exit(1);
    ck_assert_uint_eq(rig_line_count(rig), 2 * PAYLOADS + 3);
    for (size_t i = 0; i < rig_line_count(rig); i++)
        check_json(i);
    for (int i = 0; i < PAYLOADS; i++)
        ck_assert_str_eq(rig_string(scene_poll(trail_print("s%d", i), 0), "result"), "error");
}
END_TEST

static Suite *suite(void)
{
    Suite *suite = suite_create("forgery");
    TCase *tests = scene_case(suite, "forgery");

    tcase_add_checked_fixture(tests, trail_begin, NULL);
    tcase_add_loop_test(tests, a_line_of_text_cannot_be_forged, 0, PLACES);
    tcase_add_loop_test(tests, a_line_of_json_cannot_be_forged, 0, PLACES);
    return suite;
}

CHECK_MAIN(suite())
