/*
 * nginx as a peer, in one process group with nothing outside the rig's directory.
 */
#ifndef TESTS_LIB_NGINX_H
#define TESTS_LIB_NGINX_H

#include "peer_scene.h"

/* For a block `server`: it is at port 1; and a good answer with a delay of 20 ms. */
#define NGINX_LISTEN "listen 127.0.0.1:@PORT@;\n"
#define NGINX_PACE   "location = /pace { return 200 0.02; }\n"

/* One that answers in parts, from the file that nginx_start() writes. */
#define NGINX_PARTS "alias @DIR@/parts; ssi on; ssi_types *;\n"

/* Starts it; `http` is what stands in the configuration's block of that name. */
struct peer *nginx_start(const char *http);

/* The same in parts: the configuration of one that runs or ran, for its next start or reload. */
void nginx_configure(struct peer *nginx, const char *http);
void nginx_run(struct peer *nginx);

#endif
