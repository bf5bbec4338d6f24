/* The fields that a configuration adds to a request (RFC 9110 section 5), one "header" key
 * each. Pure. */
#ifndef AIOPOLL_FIELDS_H
#define AIOPOLL_FIELDS_H

#include <stdbool.h>
#include <stddef.h>

#include "base/pool.h"
#include "config/setting.h"
#include "config/text.h"

/* Reads "NAME: VALUE" and adds it to settings->fields, whose memory is from `pool` and only
 * grows by this. Returns false where it is wrong, with a sentence in `why` that has at most
 * the name: the value might be secret. */
bool fields_add(struct server_settings *settings, const struct written *written, struct pool *pool,
                char *why, size_t why_size);

/* Whether there is one of this name, in any case. */
bool fields_have(const struct server_settings *settings, const char *name);

/* Whether they are the same, to the letter and in the same order. */
bool fields_equal(const struct server_settings *a, const struct server_settings *b);

/* Makes the fields of `into`, which are left as they are for others, those that `own` does
 * not replace by its own of the same name, and behind them those of `own`. One named
 * `dropped` (NULL: none) is not kept. */
void fields_overlay(struct server_settings *into, const struct server_settings *own,
                    const char *dropped, struct pool *pool);

#endif
