#include "config/ini.h"

#include <ctype.h>
#include <ini.h>
#include <stdlib.h>
#include <string.h>

#include "base/escape.h"
#include "base/xalloc.h"

struct reader {
    const char *next, *end;
    struct place place;
    const struct ini_handler *handler;
    struct problems *problems;
    bool in_section; /* settings are wanted */
    bool seen_section;
    bool seen_nul;
};

struct line {
    const char *text;
    size_t length;
};

static struct line trimmed(const char *start, const char *stop)
{
    while (start < stop && isspace((unsigned char)*start))
        start++;
    while (stop > start && isspace((unsigned char)stop[-1]))
        stop--;
    return (struct line){start, (size_t)(stop - start)};
}

/* The next line, without its end and the blanks around it. */
static bool next_line(struct reader *reader, struct line *line)
{
    if (reader->next == reader->end)
        return false;
    const char *start = reader->next;
    const char *newline = memchr(start, '\n', (size_t)(reader->end - start));
    const char *stop = newline == NULL ? reader->end : newline;

    reader->next = newline == NULL ? reader->end : newline + 1;
    reader->place.line++;
    *line = trimmed(start, stop);
    return true;
}

static bool is_comment_or_blank(struct line line)
{
    return line.length == 0 || line.text[0] == ';' || line.text[0] == '#';
}

/* Where inih would see the beginning of a comment: at a ';' after a blank. */
static size_t comment_at(struct line line)
{
    for (size_t i = 1; i < line.length; i++)
        if (line.text[i] == ';' && isspace((unsigned char)line.text[i - 1]))
            return i;
    return line.length;
}

static const char *quote(char out[QUOTE_SIZE], struct line line)
{
    return problem_quote_line(out, line.text, line.length);
}

static bool has_control_character(struct line line)
{
    for (size_t i = 0; i < line.length; i++)
        if (iscntrl((unsigned char)line.text[i]) && line.text[i] != '\t')
            return true;
    return false;
}

/* True where the line must not be read any further; the problem is noted. */
static bool refuse_bytes(struct reader *reader, struct line line)
{
    char quoted[QUOTE_SIZE];
    if (memchr(line.text, '\0', line.length) != NULL) {
        if (!reader->seen_nul)
            problem_add(
                reader->problems, reader->place,
                "%s: a NUL byte; a configuration is a text in UTF-8 (is this UTF-16, or no text?)",
                quote(quoted, line));
        reader->seen_nul = true;
        return true;
    }
    if (!is_comment_or_blank(line) && has_control_character(line)) {
        problem_add(reader->problems, reader->place, "%s: a control character cannot stand here",
                    quote(quoted, line));
        return true;
    }
    return false;
}

/* "[name]", perhaps with a comment behind it. */
static void read_section(struct reader *reader, struct line line)
{
    char quoted[QUOTE_SIZE];
    const char *close = memchr(line.text, ']', line.length);
    if (close == NULL) {
        problem_add(reader->problems, reader->place,
                    "%s: the section's name has no end; write [NAME]", quote(quoted, line));
        return;
    }
    if (!is_comment_or_blank(trimmed(close + 1, line.text + line.length))) {
        problem_add(reader->problems, reader->place,
                    "%s: after [NAME] only a comment can stand on the line", quote(quoted, line));
    }
    struct line inner = trimmed(line.text + 1, close);
    char *name = xstrndup(inner.text, inner.length);
    reader->in_section = reader->handler->section(reader->handler->user, reader->place, name);
    free(name);
}

/* inih takes "key: value" too, which would make a server "http" of a bare URL, and
 * drops a BOM before the first key that it sees. */
static bool is_setting(struct reader *reader, struct line line)
{
    char quoted[QUOTE_SIZE];
    size_t key = 0, end = comment_at(line);
    while (key < end && isprint((unsigned char)line.text[key]) && line.text[key] != '=' &&
           line.text[key] != ':')
        key++;
    if (key > 0 && key < end && line.text[key] == '=')
        return true;
    problem_add(reader->problems, reader->place, "%s: not a setting; write NAME = VALUE",
                quote(quoted, line));
    return false;
}

static bool fits(struct reader *reader, struct line line, size_t most)
{
    char quoted[QUOTE_SIZE];
    if (line.length <= most)
        return true;
    problem_add(reader->problems, reader->place, "%s: the line has %zu bytes, and %zu is the most",
                quote(quoted, line), line.length, most);
    return false;
}

/* Whether inih is to see the line. */
static bool is_wanted(struct reader *reader, struct line line, size_t most)
{
    char quoted[QUOTE_SIZE];
    if (line.length > 0 && line.text[0] == '[') {
        reader->seen_section = true;
        reader->in_section = false; /* until its name is found right */
    }
    if (refuse_bytes(reader, line) || is_comment_or_blank(line) || !fits(reader, line, most))
        return false;
    if (line.text[0] == '[') {
        read_section(reader, line);
        return false;
    }
    if (!reader->seen_section) {
        problem_add(reader->problems, reader->place, "%s: before the first [SECTION]",
                    quote(quoted, line));
        return false;
    }
    return reader->in_section && is_setting(reader, line);
}

/* fgets() for inih. */
static char *read_line(char *buffer, int size, void *stream)
{
    struct reader *reader = stream;
    struct line line;
    do {
        if (!next_line(reader, &line)) {
            explicit_bzero(buffer, (size_t)size); /* which inih frees */
            return NULL;
        }
    } while (!is_wanted(reader, line, (size_t)size - 2));
    memcpy(buffer, line.text, line.length);
    memcpy(buffer + line.length, "\n", 2);
    return buffer;
}

static int on_setting(void *user, const char *section, const char *key, const char *value)
{
    struct reader *reader = user;
    (void)section;
    reader->handler->setting(reader->handler->user, reader->place, key, value);
    return 1;
}

void ini_parse_text(const char *text, size_t length, struct place place,
                    const struct ini_handler *handler, struct problems *problems)
{
    static const char bom[] = "\xef\xbb\xbf";
    struct reader reader = {.next = text,
                            .end = text + length,
                            .place = place,
                            .handler = handler,
                            .problems = problems};

    if (length >= 3 && memcmp(text, bom, 3) == 0)
        reader.next += 3;
    reader.place.line = 0;
#ifdef HAVE_INI_MAX_LINE
    ini_max_line = INI_LINE_MAX + 2; /* the newline and the NUL */
#endif
    ini_parse_stream(read_line, &reader, on_setting, &reader);
}
