#include "config/credentials.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/base64.h"
#include "base/http_chars.h"
#include "base/xalloc.h"

#define TOKEN_FORM "a token of letters, digits and -._~+/ (RFC 6750)"
#define USER_FORM  "USER:PASSWORD without control characters (RFC 7617)"

struct complaint {
    char *text;
    size_t size;
    const char *form; /* what the line has to be */
};

__attribute__((format(printf, 2, 3))) static bool refuse(struct complaint why, const char *format,
                                                         ...)
{
    char what[128];
    va_list args;
    va_start(args, format);
    vsnprintf(what, sizeof what, format, args);
    va_end(args);
    snprintf(why.text, why.size, "%s; it has to have one line, %s", what, why.form);
    return false;
}

/* --- files ---------------------------------------------------------------------- */

/* The bytes up to the end of the file, or one more than may be. -1 and errno: failed. */
static ssize_t read_all(int fd, char bytes[CREDENTIALS_FILE_MAX + 1])
{
    size_t length = 0;
    ssize_t n;
    do {
        n = read(fd, bytes + length, CREDENTIALS_FILE_MAX + 1 - length);
        if (n > 0)
            length += (size_t)n;
    } while (n > 0 || (n < 0 && errno == EINTR));
    return n < 0 ? -1 : (ssize_t)length;
}

static ssize_t read_path(const char *path, char bytes[CREDENTIALS_FILE_MAX + 1],
                         struct complaint why)
{
    struct stat info;
    ssize_t length = -1;
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
    if (fd < 0 || fstat(fd, &info) != 0)
        refuse(why, "the file cannot be read (%s)", strerror(errno));
    else if (!S_ISREG(info.st_mode))
        refuse(why, "this is no regular file");
    else if ((length = read_all(fd, bytes)) < 0)
        refuse(why, "the file cannot be read (%s)", strerror(errno));
    if (fd >= 0)
        close(fd);
    return length;
}

/* Ends the one line with a NUL in place of its end. */
static bool take_line(char *bytes, size_t length, struct complaint why)
{
    if (length > CREDENTIALS_FILE_MAX)
        return refuse(why, "the file has more than %d bytes", CREDENTIALS_FILE_MAX);
    if (length > 0 && bytes[length - 1] == '\n')
        length--;
    if (length > 0 && bytes[length - 1] == '\r')
        length--;
    bytes[length] = '\0';
    if (length == 0)
        return refuse(why, "the file is empty");
    if (memchr(bytes, '\n', length) != NULL)
        return refuse(why, "the file has more than one line");
    return strlen(bytes) == length || refuse(why, "the file has a NUL byte");
}

typedef bool line_reader(const char *line, struct pool *pool, const char **out,
                         struct complaint why);

static bool read_file(const struct written *written, struct pool *pool, line_reader *read_line,
                      const char **out, struct complaint why)
{
    char bytes[CREDENTIALS_FILE_MAX + 1];
    const char *path;
    if (!text_read_path(written, pool, &path, why.text, why.size))
        return false;
    ssize_t length = read_path(path, bytes, why);
    bool ok =
        length >= 0 && take_line(bytes, (size_t)length, why) && read_line(bytes, pool, out, why);
    explicit_bzero(bytes, sizeof bytes);
    return ok;
}

/* --- lines ---------------------------------------------------------------------- */

/* b64token of RFC 6750. */
static bool is_token(const char *text)
{
    size_t length = 0;
    while (isalnum((unsigned char)text[length]) ||
           (text[length] != '\0' && strchr("-._~+/", text[length]) != NULL))
        length++;
    return length > 0 && text[length + strspn(text + length, "=")] == '\0';
}

static bool make_bearer(const char *line, struct pool *pool, const char **out, struct complaint why)
{
    static const char scheme[] = "Bearer ";
    if (!is_token(line))
        return refuse(why, "the file's line is no token");
    char *value = pool_alloc(pool, sizeof scheme + strlen(line));
    strcpy(stpcpy(value, scheme), line);
    *out = value;
    return true;
}

static const char *basic(const char *line, size_t length, struct pool *pool)
{
    static const char scheme[] = "Basic ";
    char *value = pool_alloc(pool, strlen(scheme) + BASE64_SIZE(length));
    base64_write(stpcpy(value, scheme), line, length);
    return value;
}

static bool make_basic(const char *line, struct pool *pool, const char **out, struct complaint why)
{
    if (strchr(line, ':') == NULL)
        return refuse(why, "the file's line has no colon");
    if (text_has_control_character(line, strlen(line)))
        return refuse(why, "the file's line has a control character");
    *out = basic(line, strlen(line), pool);
    return true;
}

bool credentials_read_bearer(const struct written *written, struct pool *pool, const char **out,
                             char *why, size_t why_size)
{
    return read_file(written, pool, make_bearer, out,
                     (struct complaint){why, why_size, TOKEN_FORM});
}

bool credentials_read_basic(const struct written *written, struct pool *pool, const char **out,
                            char *why, size_t why_size)
{
    return read_file(written, pool, make_basic, out, (struct complaint){why, why_size, USER_FORM});
}

/* --- URLs ----------------------------------------------------------------------- */

static unsigned digit(char c)
{
    return http_is_digit((unsigned char)c) ? (unsigned)(c - '0') : ((unsigned)c | 0x20) - 'a' + 10;
}

/* Returns the length. The URL's parser has seen to it that each '%' has two digits. */
static size_t decode(char *out, const char *text, size_t length)
{
    char *to = out;
    for (size_t i = 0; i < length; i++, to++) {
        *to = text[i];
        if (text[i] != '%')
            continue;
        *to = (char)(digit(text[i + 1]) << 4 | digit(text[i + 2]));
        i += 2;
    }
    return (size_t)(to - out);
}

/* Writes user, colon and password to `out`, which has room for a colon more than `userinfo`;
 * *length: of all of it. */
static bool decode_userinfo(char *out, const char *userinfo, size_t *length, char *why,
                            size_t why_size)
{
    const char *wrong = NULL;
    size_t encoded = strcspn(userinfo, ":");
    const char *password = userinfo + encoded + (userinfo[encoded] == ':');
    size_t user = decode(out, userinfo, encoded);
    out[user] = ':';
    *length = user + 1 + decode(out + user + 1, password, strlen(password));
    if (*userinfo == '\0')
        wrong = "its user is missing before the '@'";
    else if (memchr(out, ':', user) != NULL)
        wrong = "a user cannot have a colon (RFC 7617)";
    else if (text_has_control_character(out, *length))
        wrong = "user and password cannot have a control character (RFC 7617)";
    if (wrong != NULL)
        snprintf(why, why_size, "%s", wrong);
    return wrong == NULL;
}

bool credentials_of_userinfo(char *userinfo, struct pool *pool, const char **out, char *why,
                             size_t why_size)
{
    size_t size = strlen(userinfo) + 1, length;
    char *decoded = xcalloc(1, size);
    bool ok = decode_userinfo(decoded, userinfo, &length, why, why_size);
    if (ok)
        *out = basic(decoded, length, pool);
    explicit_bzero(decoded, size);
    explicit_bzero(userinfo, size);
    free(decoded);
    return ok;
}
