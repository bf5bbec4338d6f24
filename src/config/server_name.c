#include "config/server_name.h"

#include <string.h>

static const char bytes[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._-";

bool server_name_has_right_bytes(const char *name)
{
    return name[strspn(name, bytes)] == '\0';
}
