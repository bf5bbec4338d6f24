/*
 * A name server that does not answer until it is told to, on a loopback address
 * of its own.
 */
#ifndef TESTS_LIB_SILENT_RESOLVER_H
#define TESTS_LIB_SILENT_RESOLVER_H

#include <stdbool.h>
#include <stddef.h>

#include <uv.h>

struct silent_resolver;

/* NULL where the port of DNS may not be bound. */
struct silent_resolver *silent_resolver_new(uv_loop_t *loop);

/* Runs the loop until nothing of it is left. */
void silent_resolver_free(struct silent_resolver *resolver);

/* As resolv.conf wants it; owned by the resolver. */
const char *silent_resolver_address(const struct silent_resolver *resolver);

/* As a predicate to wait for; arg is the resolver. */
bool silent_resolver_was_asked(void *arg);

/* How many queries came for the name's IPv4 addresses; one that is sent again counts once. */
size_t silent_resolver_look_ups(const struct silent_resolver *resolver, const char *name);

/* Answers what was asked so far, and from now on: every name has this one IPv4 address. */
void silent_resolver_answer(struct silent_resolver *resolver, const char *address);

#endif
