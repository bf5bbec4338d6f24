#include "state_file.h"

#include <signal.h>
#include <string.h>

#include "pace/schedule_line.h"

const char *state_file(void)
{
    return rig_path(rig, "schedule");
}

static const char *read_text(void)
{
    const char *text = rig_read(rig, "schedule");

    return text == NULL ? "" : text;
}

/* The line that begins there, without its newline, and where the next one begins. */
static size_t line_length(const char *line, const char **next)
{
    size_t length = strcspn(line, "\n");

    *next = line + length + (line[length] == '\n');
    return length;
}

size_t state_file_lines(void)
{
    size_t lines = 0;

    for (const char *at = read_text(); *at != '\0'; lines++)
        line_length(at, &at);
    return lines;
}

void state_file_check(void)
{
    const char *at = read_text();
    struct schedule_boot boot;
    struct schedule_line line;

    ck_assert_msg(strncmp(at, SCHEDULE_HEADER, strlen(SCHEDULE_HEADER)) == 0, "the file is: %s",
                  at);
    ck_assert(at[strlen(at) - 1] == '\n');
    line_length(at, &at);
    ck_assert(schedule_read_boot(at, strcspn(at, "\n"), &boot));
    line_length(at, &at);
    while (*at != '\0') {
        const char *begin = at;

        ck_assert(schedule_read_line(begin, line_length(at, &at), &line));
    }
}

static bool find(const char *server, struct schedule_line *found)
{
    bool any = false;
    struct schedule_line line;

    for (const char *at = read_text(); *at != '\0';) {
        const char *begin = at;
        size_t length = line_length(at, &at);

        if (schedule_read_line(begin, length, &line) && line.name_length == strlen(server) &&
            memcmp(line.name, server, line.name_length) == 0) {
            *found = line;
            any = true;
        }
    }
    return any;
}

static bool has_lines(void *arg)
{
    const size_t *lines = arg;

    return state_file_lines() >= *lines;
}

void state_file_await(size_t servers)
{
    size_t lines = 2 + servers;

    rig_wait(rig, has_lines, &lines, SCENE_LIMIT_MS);
}

int64_t state_file_wait(const char *server)
{
    struct schedule_line line;

    return find(server, &line) ? line.wait : -1;
}

void state_file_move(int64_t due, int64_t zero, const char *boot)
{
    struct bytes text = {0};
    char line_text[SCHEDULE_LINE_MAX];
    struct schedule_boot the_boot;
    struct schedule_line line;

    bytes_print(&text, "%s", SCHEDULE_HEADER);
    for (const char *at = read_text(); *at != '\0';) {
        const char *begin = at;
        size_t length = line_length(at, &at);

        if (schedule_read_boot(begin, length, &the_boot)) {
            the_boot.zero += zero;
            if (boot != NULL)
                snprintf(the_boot.id, sizeof(the_boot.id), "%s", boot);
            length = schedule_write_boot(line_text, &the_boot);
        } else if (schedule_read_line(begin, length, &line)) {
            line.due += due;
            length = schedule_write_line(line_text, &line);
        } else {
            continue;
        }
        bytes_print(&text, "%.*s", (int)length, line_text);
    }
    rig_write(rig, "schedule", "%s", text.data);
    bytes_finish(&text);
}

void state_file_kill(void)
{
    rig_signal(rig, SIGKILL);
    ck_assert_int_eq(rig_wait_exit(rig, SCENE_LIMIT_MS).signal, SIGKILL);
}

void state_file_check_told(const char *level, const char *text)
{
    size_t cursor = 0;
    size_t found = 0;
    json_t *event;

    while ((event = rig_next_event(rig, &cursor, "state-file", NULL)) != NULL) {
        if (strstr(rig_string(event, "detail"), text) == NULL)
            continue;
        found++;
        ck_assert_str_eq(rig_string(event, "level"), level);
    }
    ck_assert_msg(found == 1, "'%s' was told %zu times", text, found);
}
