/*
 * A scene with a canned server in a daemon's place, for --status and --explain to ask.
 */
#ifndef TESTS_LIB_ASK_SCENE_H
#define TESTS_LIB_ASK_SCENE_H

#include "canned_server.h"
#include "scene.h"

extern struct canned_server *canned;

/* Like scene_case(). The server is on TCP, and answers nothing before it is told what. */
TCase *ask_scene_case(Suite *suite, const char *name);

/* Another one in its place, on this Unix socket. */
void ask_scene_on_unix(const char *path);

/* --listen=ADDRESS of the server; valid until the next call. */
const char *ask_scene_listen(void);

/* /status.json of five servers: three ok, one failing, one overdue; and of one that is ok. */
extern const char ask_scene_five[], ask_scene_well[];

/* What a run of the program told. Fails unless it is a sentence on standard error that begins
 * so, in printable ASCII, nothing on standard output, and status 2. */
void ask_scene_check_refused(const struct rig_result *result, const char *beginning);

#endif
