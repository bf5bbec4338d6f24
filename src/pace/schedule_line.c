#include "pace/schedule_line.h"

#include <string.h>
#include <zlib.h>

#include "base/duration.h"

enum { CRC_DIGITS = 8, DECIMALS = 9 };

static const char boot_word[] = "boot ";

uint32_t schedule_crc(const char *bytes, size_t length)
{
    return (uint32_t)crc32(0, (const Bytef *)bytes, (uInt)length);
}

/* --- writing -------------------------------------------------------------------- */

/* Some 100,000 lines are written in one go: printf would be most of the work. Each of these
 * returns where it has ended. */
static char *put_hex(char *at, uint32_t value)
{
    for (int shift = 28; shift >= 0; shift -= 4)
        *at++ = "0123456789abcdef"[value >> shift & 0xf];
    return at;
}

static char *put_decimal(char *at, uint64_t value, int digits)
{
    char text[20];
    int n = 0;
    for (; value > 0 || n < digits; value /= 10)
        text[n++] = (char)('0' + value % 10);
    while (n > 0)
        *at++ = text[--n];
    return at;
}

static char *put_seconds(char *at, int64_t ns)
{
    uint64_t value = ns < 0 ? -(uint64_t)ns : (uint64_t)ns;
    if (ns < 0)
        *at++ = '-';
    at = put_decimal(at, value / SECOND, 1);
    *at++ = '.';
    return put_decimal(at, value % SECOND, DECIMALS);
}

static char *put_text(char *at, const char *text, size_t length)
{
    memcpy(at, text, length);
    return at + length;
}

/* The check sum before what was written behind it, and the newline. */
static size_t seal(char *line, char *end)
{
    const char *rest = line + CRC_DIGITS + 1;
    put_hex(line, schedule_crc(rest, (size_t)(end - rest)));
    line[CRC_DIGITS] = ' ';
    *end++ = '\n';
    return (size_t)(end - line);
}

size_t schedule_write_boot(char *out, const struct schedule_boot *boot)
{
    const char *id = boot->id[0] == '\0' ? "-" : boot->id;
    char *at = put_text(out + CRC_DIGITS + 1, boot_word, strlen(boot_word));
    at = put_text(at, id, strlen(id));
    *at++ = ' ';
    return seal(out, put_seconds(at, boot->zero));
}

size_t schedule_write_line(char *out, const struct schedule_line *line)
{
    char *at = put_seconds(out + CRC_DIGITS + 1, line->due);
    *at++ = ' ';
    at = put_seconds(at, line->wait);
    *at++ = ' ';
    if (line->last < 0)
        *at++ = '-';
    else
        at = put_seconds(at, line->last);
    *at++ = ' ';
    at = put_hex(at, line->url);
    *at++ = ' ';
    return seal(out, put_text(at, line->name, line->name_length));
}

/* --- reading --------------------------------------------------------------------- */

/* What is left of a line. */
struct rest {
    const char *at, *end;
};

static bool take_byte(struct rest *rest, char byte)
{
    if (rest->at == rest->end || *rest->at != byte)
        return false;
    rest->at++;
    return true;
}

static int hex_digit(char c)
{
    return c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

static bool take_hex(struct rest *rest, uint32_t *value)
{
    if (rest->end - rest->at < CRC_DIGITS)
        return false;
    *value = 0;
    for (int i = 0; i < CRC_DIGITS; i++) {
        int digit = hex_digit(*rest->at++);
        if (digit < 0)
            return false;
        *value = *value << 4 | (uint32_t)digit;
    }
    return true;
}

/* Of at least `least` and at most `most` digits. */
static bool take_decimal(struct rest *rest, int least, int most, int64_t *value)
{
    int n = 0;
    *value = 0;
    for (; n < most && rest->at < rest->end && *rest->at >= '0' && *rest->at <= '9'; n++)
        *value = *value * 10 + (*rest->at++ - '0');
    return n >= least;
}

static bool take_seconds(struct rest *rest, int64_t *ns)
{
    enum { SECONDS_DIGITS = 10 }; /* of the largest that an int64_t can hold */
    int64_t seconds, fraction;
    bool negative = take_byte(rest, '-');
    if (!take_decimal(rest, 1, SECONDS_DIGITS, &seconds) || !take_byte(rest, '.') ||
        !take_decimal(rest, DECIMALS, DECIMALS, &fraction) || seconds >= INT64_MAX / SECOND)
        return false;
    *ns = seconds * SECOND + fraction;
    if (negative)
        *ns = -*ns;
    return true;
}

static bool take_span(struct rest *rest, int64_t *ns)
{
    return take_seconds(rest, ns) && *ns >= 0;
}

static bool take_last(struct rest *rest, int64_t *ns)
{
    *ns = -1;
    if (rest->end - rest->at >= 2 && rest->at[0] == '-' && rest->at[1] == ' ')
        return take_byte(rest, '-');
    return take_span(rest, ns);
}

/* The check sum is right. */
static bool unseal(struct rest *rest)
{
    uint32_t crc;
    return rest->end - rest->at < SCHEDULE_LINE_MAX && take_hex(rest, &crc) &&
           take_byte(rest, ' ') && crc == schedule_crc(rest->at, (size_t)(rest->end - rest->at));
}

static bool take_boot_id(struct rest *rest, char id[SCHEDULE_BOOT_ID_MAX])
{
    const char *blank = memchr(rest->at, ' ', (size_t)(rest->end - rest->at));
    size_t length = blank == NULL ? 0 : (size_t)(blank - rest->at);
    if (length == 0 || length >= SCHEDULE_BOOT_ID_MAX)
        return false;
    memcpy(id, rest->at, length);
    id[length] = '\0';
    if (strcmp(id, "-") == 0)
        id[0] = '\0';
    rest->at = blank;
    return true;
}

static bool take_word(struct rest *rest, const char *word)
{
    while (*word != '\0')
        if (!take_byte(rest, *word++))
            return false;
    return true;
}

bool schedule_read_boot(const char *text, size_t length, struct schedule_boot *boot)
{
    struct rest rest = {text, text + length};
    return unseal(&rest) && take_word(&rest, boot_word) && take_boot_id(&rest, boot->id) &&
           take_byte(&rest, ' ') && take_seconds(&rest, &boot->zero) && rest.at == rest.end;
}

bool schedule_read_line(const char *text, size_t length, struct schedule_line *line)
{
    struct rest rest = {text, text + length};
    if (!unseal(&rest) || !take_seconds(&rest, &line->due) || !take_byte(&rest, ' ') ||
        !take_span(&rest, &line->wait) || !take_byte(&rest, ' ') ||
        !take_last(&rest, &line->last) || !take_byte(&rest, ' ') || !take_hex(&rest, &line->url) ||
        !take_byte(&rest, ' '))
        return false;
    line->name = rest.at;
    line->name_length = (size_t)(rest.end - rest.at);
    return line->name_length > 0 && line->name_length <= SCHEDULE_NAME_MAX;
}
