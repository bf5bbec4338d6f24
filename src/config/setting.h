/* The keys of the configuration: their names, types, ranges and defaults. Pure. */
#ifndef AIOPOLL_SETTING_H
#define AIOPOLL_SETTING_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/pool.h"
#include "config/delay_sources.h"
#include "config/problem.h"
#include "config/text.h"

enum log_format { LOG_FORMAT_TEXT, LOG_FORMAT_JSON };
enum log_level { LOG_ERROR, LOG_WARNING, LOG_INFO, LOG_DEBUG };

extern const char *const log_format_names[]; /* by enum log_format; ends in NULL */
extern const char *const log_level_names[];  /* by enum log_level; ends in NULL */

/* [aiopoll]. */
struct daemon_settings {
    int64_t log_format;     /* enum log_format */
    int64_t log_level;      /* enum log_level: the least grave that is told */
    const char *log_file;   /* NULL: standard output */
    int64_t start_rate;     /* first polls a second */
    const char *state_file; /* "": none is wanted; NULL: nothing is said about it */
    const char *on_change;  /* a command, for command_words(); NULL: none */
    int64_t on_change_timeout;
    const char *listen; /* an address, for listen_address_parse(); NULL: nothing is served */
    int64_t metrics_per_server;
};

enum method { METHOD_GET, METHOD_HEAD, METHOD_POST, METHOD_PUT };
/* RFC 9110 section 9.3: in a GET or HEAD a body means nothing. */
static inline bool method_has_body(enum method method)
{
    return method == METHOD_POST || method == METHOD_PUT;
}

/* What a number of the server means that has no unit of its own. */
enum delay_unit { UNIT_MILLISECONDS, UNIT_SECONDS, UNIT_MINUTES, UNIT_HOURS, UNIT_DAYS };

#define DELAY_SCALE_ONE INT64_C(1000000000)

enum address_family { ADDRESS_FAMILY_ANY, ADDRESS_FAMILY_4, ADDRESS_FAMILY_6 };

extern const char *const method_names[];         /* by enum method; ends in NULL */
extern const char *const address_family_names[]; /* by enum address_family; ends in NULL */
extern const char *const delay_unit_names[];     /* by enum delay_unit; ends in NULL */

/* A field line of a request, checked (RFC 9110 section 5). */
struct field {
    const char *name, *value;
};

/* [defaults] and what [server NAME] may change. Spans are nanoseconds. Texts are
 * owned by the config, and NULL where there is none. */
struct server_settings {
    int64_t timeout, connect_timeout, keep_alive;
    int64_t connect_early; /* 1 or 0 */
    int64_t max_body;      /* bytes */
    const struct delay_sources *delay_from;
    int64_t delay_unit;  /* enum delay_unit: what a bare number means */
    int64_t delay_scale; /* what the server says is multiplied by this / DELAY_SCALE_ONE */
    int64_t min_delay, max_delay;
    int64_t retry, retry_max;
    int64_t overdue_after;
    int64_t redirects;      /* how many are followed */
    int64_t method;         /* enum method */
    int64_t address_family; /* enum address_family */
    int64_t verify;         /* the server's certificate: 1 or 0 */
    const char *body;
    const char *authorization; /* the field's value; secret */
    const char *unix_socket;
    const char *ca_file, *cert_file, *key_file, *server_name;
    const struct field *fields; /* further fields of the request; some may be secret */
    size_t field_count;
};

/* Bytes of body, authorization and fields together. */
enum { REQUEST_CONTENT_MAX = 16 << 10 };

struct setting; /* one key; see setting.c */

/* Tables of keys, for the functions below. */
extern const struct setting *const daemon_setting_table; /* of struct daemon_settings */
extern const struct setting *const server_setting_table; /* of struct server_settings */

/* Which keys of a table were there: a bit a key. */
struct keys {
    uint32_t set;   /* right or wrong */
    uint32_t wrong; /* so that a complaint of them stands already */
};

/* Whether a key, which has to be one of the table, is in `bits`. */
bool setting_is_in(const struct setting *table, uint32_t bits, const char *key);

/* Fills the struct that `table` describes with its defaults. */
void settings_init(const struct setting *table, void *settings);

/* Copies what is set in `from` (a bit a key, in `set`) over `into`, but for the fields of a
 * request: see fields_overlay(). */
void settings_overlay(const struct setting *table, void *into, const void *from, uint32_t set);

/* Whether all that the two say is the same, the fields of a request and their order included. */
bool settings_equal(const struct setting *table, const void *a, const void *b);

enum setting_result { SETTING_UNKNOWN, SETTING_DONE };

/* Sets `key` to the value that is written, and its bit in *keys. A wrong value or a key that
 * is set already is a problem. Without a value (a complaint stands already) only the bit is
 * set. Texts are from `pool`, which may be NULL for a table without them. SETTING_UNKNOWN
 * where the table has no such key: nothing is noted then. */
enum setting_result setting_apply(const struct setting *table, void *settings, struct keys *keys,
                                  const char *key, const struct written *written, struct pool *pool,
                                  struct problems *problems);

enum { SETTING_NAMES_MAX = 32 };

/* The names of the table's keys, NULL-terminated. */
const char *const *setting_names(const struct setting *table, const char *out[SETTING_NAMES_MAX]);

#endif
