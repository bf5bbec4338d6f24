/* What the tests of the configuration share: a scratch folder to write files in, and
 * what reading them gave. */
#ifndef AIOPOLL_CONFIG_SCENE_H
#define AIOPOLL_CONFIG_SCENE_H

#include <stddef.h>

#include "config/config.h"
#include "scratch.h"

extern struct scratch *scratch;
extern struct problems problems;
extern struct config *config; /* freed at the end where a test has set it */

/* The fixture of each test. */
void config_scene_start(void);
void config_scene_finish(void);

/* Writes a file to the folder; returns its path, valid until the end. */
__attribute__((format(printf, 2, 3))) const char *file(const char *name, const char *format, ...);

/* Problem `index` without the name of the folder. */
const char *told(size_t index);

/* Writes f.ini and reads it, once again where that was done before. */
__attribute__((format(printf, 1, 2))) void read_config(const char *format, ...);

/* What a server, or for NULL the only one, has been given. No problem is expected. */
const struct server_settings *settings_of(const char *name);

/* The problems to the letter, each with its newline. */
void assert_all_told(const char *expected);

#endif
