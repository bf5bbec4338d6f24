/* A server on its way to a server_config: what it says itself, and where. Pure. */
#ifndef AIOPOLL_DRAFT_H
#define AIOPOLL_DRAFT_H

#include <stdbool.h>
#include <stddef.h>

#include "config/problem.h"
#include "config/setting.h"
#include "config/url.h"

struct draft {
    char *name;
    struct url url; /* text is NULL until there is one */
    struct server_settings own;
    struct keys keys; /* of `own` */
    bool has_url;     /* a url key was there, right or wrong */
    bool secret_url;  /* as in a server_config */
    bool has_user;    /* in its URL: own.authorization is made of that */
    bool misnamed;    /* its name was refused; kept so that its settings are checked */
    struct place place;
};

/* All zero: none. */
struct drafts {
    struct draft *list;
    size_t count, capacity;
};

/* The result is valid until the next is added. */
struct draft *drafts_add(struct drafts *drafts, struct place place, const char *name);

/* A name for a server that has only a URL: its host, its port where one is written, and a
 * number where that is taken. To be freed. */
char *drafts_name_after(const struct drafts *drafts, const struct url *url);

/* Two servers with one name are a problem. */
void drafts_check_names(const struct drafts *drafts, struct problems *problems);

/* What a draft says over what it inherits; without anything of its own, the defaults
 * themselves. What is new is from `pool`.
 *
 * Each key stands for itself, but for these: a server's own fields replace those of the same
 * name; its own credentials, of whatever kind, all that it would inherit; and where it has a
 * method without a body, it does not inherit one. */
const struct server_settings *draft_settings(const struct draft *draft,
                                             const struct server_settings *defaults,
                                             struct pool *pool);

#endif
