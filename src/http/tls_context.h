/* What connections with the same certificates and the same idea of trust share. */
#ifndef AIOPOLL_TLS_CONTEXT_H
#define AIOPOLL_TLS_CONTEXT_H

#include <stdbool.h>
#include <stddef.h>

#include "config/setting.h"

struct tls_context; /* with OpenSSL, an SSL_CTX */

/* All of a configuration, found by their settings; all zero at first. */
struct tls_contexts {
    void *tree; /* tsearch(3) */
    void *late; /* the same, of those made after it was sealed */
    bool sealed;
};

/* Finds or makes the context for these settings: `ca_file` or else the system's store,
 * `cert_file`, `key_file` and `verify`. `foreign`: for another server than they are for,
 * which never sees the client's certificate, and is always verified. NULL: it cannot be made, and
 * `why` has a sentence. It lives as long as `contexts`. */
struct tls_context *tls_contexts_get(struct tls_contexts *contexts,
                                     const struct server_settings *settings, bool foreign,
                                     char *why, size_t why_size);

/* All that the configuration speaks of is there. From here on another thread may compare them. */
void tls_contexts_seal(struct tls_contexts *contexts);

/* Of two that are sealed: whether the files of equal settings had another content when the
 * second were made. The system's store is not compared. */
bool tls_contexts_differ(const struct tls_contexts *old, const struct tls_contexts *new,
                         const struct server_settings *settings);

void tls_contexts_free(struct tls_contexts *contexts);

/* The same with so many of them. True: none is left. */
bool tls_contexts_free_some(struct tls_contexts *contexts, size_t count);

#endif
