#include "config/text.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>
#include <sys/un.h>

#include "base/http_chars.h"
#include "config/url.h"

static bool refuse(char *why, size_t why_size, const char *sentence)
{
    snprintf(why, why_size, "%s", sentence);
    return false;
}

static const char *copy(struct pool *pool, const char *text)
{
    return pool_text(pool, text, strlen(text));
}

bool text_read_body(const struct written *written, struct pool *pool, const char **out, char *why,
                    size_t why_size)
{
    if (*written->value == '\0')
        return refuse(why, why_size, "write a text, or leave the key out");
    *out = copy(pool, written->value);
    return true;
}

bool text_has_control_character(const char *text, size_t length)
{
    size_t i = 0;
    while (i < length && !iscntrl((unsigned char)text[i]))
        i++;
    return i < length;
}

static const char *from_folder_of(const char *file, const char *path, struct pool *pool)
{
    const char *slash = file == NULL ? NULL : strrchr(file, '/');
    if (*path == '/' || slash == NULL)
        return copy(pool, path);
    size_t folder = (size_t)(slash - file) + 1, length = strlen(path);
    char *result = pool_alloc(pool, folder + length + 1);
    memcpy(result, file, folder);
    memcpy(result + folder, path, length);
    return result;
}

bool text_read_path(const struct written *written, struct pool *pool, const char **out, char *why,
                    size_t why_size)
{
    if (*written->value == '\0')
        return refuse(why, why_size, "write the path of a file");
    if (text_has_control_character(written->value, strlen(written->value)))
        return refuse(why, why_size, "write a path without control characters");
    *out = from_folder_of(written->place.name, written->value, pool);
    return true;
}

bool text_read_socket(const struct written *written, struct pool *pool, const char **out, char *why,
                      size_t why_size)
{
    enum { MOST = sizeof((struct sockaddr_un *)NULL)->sun_path - 1 };
    const char *path;
    if (!text_read_path(written, pool, &path, why, why_size))
        return false;
    if (strlen(path) > MOST) {
        snprintf(why, why_size, "with its folder the path has %zu bytes, and %d is the most",
                 strlen(path), MOST);
        return false;
    }
    *out = path;
    return true;
}

bool text_read_state_file(const struct written *written, struct pool *pool, const char **out,
                          char *why, size_t why_size)
{
    if (*written->value == '\0')
        return refuse(why, why_size, "write the path of a file, or none");
    if (strcmp(written->value, "none") != 0)
        return text_read_path(written, pool, out, why, why_size);
    *out = "";
    return true;
}

bool text_read_host(const struct written *written, struct pool *pool, const char **out, char *why,
                    size_t why_size)
{
    if (!url_is_host(written->value))
        return refuse(why, why_size,
                      "write the name of a host or an IP address, without port or brackets");
    *out = copy(pool, written->value);
    return true;
}

bool text_read_delay_source(const struct written *written, struct pool *pool, const char **out,
                            char *why, size_t why_size)
{
    static const char prefix[] = "header:";
    const char *name = written->value + strlen(prefix);
    *out = NULL;
    if (strcmp(written->value, "body") == 0)
        return true;
    if (strncmp(written->value, prefix, strlen(prefix)) != 0 || !http_is_name(name, strlen(name)))
        return refuse(why, why_size, "write body, or header:NAME with the name of a field");
    *out = copy(pool, name);
    return true;
}
