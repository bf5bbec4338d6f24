/* Where several settings have to agree with each other. Pure. */
#ifndef AIOPOLL_AGREEMENT_H
#define AIOPOLL_AGREEMENT_H

#include <stdbool.h>
#include <stdint.h>

#include "config/problem.h"
#include "config/setting.h"

/* Settings as they come to be used, and whose they are. */
struct level {
    const char *what; /* begins each sentence: "[defaults]" */
    struct place place;
    const struct server_settings *settings;
    uint32_t wrong; /* their keys of which a complaint stands already */
};

/* Returns whether they do; else with a problem for each place where they do not. */
bool settings_agree(const struct level *level, struct problems *problems);

/* Whether a section, whose settings are those of `own` that are in `set`, has more than one
 * kind of credentials; `has_user`: its URL has one. */
bool credentials_agree(const struct level *own, uint32_t set, bool has_user,
                       struct problems *problems);

#endif
