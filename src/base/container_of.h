/* From a member that is embedded back to the struct around it. */
#ifndef AIOPOLL_CONTAINER_OF_H
#define AIOPOLL_CONTAINER_OF_H

#include <stddef.h>

#define container_of(pointer, type, member) ((type *)((char *)(pointer)-offsetof(type, member)))

#endif
