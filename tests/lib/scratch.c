#include "scratch.h"

#include <ftw.h>
#include <stdio.h>
#include <unistd.h>

#include "bytes.h"
#include "must.h"

struct scratch {
    char *directory;
    char **strings; /* all that were handed out */
    size_t count;
};

static const char *keep(struct scratch *scratch, char *string)
{
    scratch->strings = must_realloc(scratch->strings, scratch->count + 1, sizeof(string));
    scratch->strings[scratch->count++] = string;
    return string;
}

static char *join(const char *directory, const char *name)
{
    struct bytes path = {0};

    bytes_print(&path, "%s/%s", directory, name);
    return path.data;
}

struct scratch *scratch_new(void)
{
    struct scratch *scratch = must_calloc(1, sizeof(*scratch));
    const char *parent = getenv("TMPDIR");

    scratch->directory = join(parent == NULL ? "/tmp" : parent, "aiopoll-test-XXXXXX");
    must_have(mkdtemp(scratch->directory));
    return scratch;
}

static int remove_entry(const char *path, const struct stat *status, int type, struct FTW *walk)
{
    (void)status;
    (void)type;
    (void)walk;
    return remove(path);
}

void scratch_free(struct scratch *scratch)
{
    nftw(scratch->directory, remove_entry, 8, FTW_DEPTH | FTW_PHYS);
    for (size_t i = 0; i < scratch->count; i++)
        free(scratch->strings[i]);
    free(scratch->strings);
    free(scratch->directory);
    free(scratch);
}

const char *scratch_directory(const struct scratch *scratch)
{
    return scratch->directory;
}

const char *scratch_path(struct scratch *scratch, const char *name)
{
    return keep(scratch, join(scratch->directory, name));
}

const char *scratch_write(struct scratch *scratch, const char *name, const char *format,
                          va_list args)
{
    const char *path = scratch_path(scratch, name);
    FILE *file = must_have(fopen(path, "we"));

    if (vfprintf(file, format, args) < 0 || fclose(file) != 0)
        abort();
    return path;
}

const char *scratch_read(struct scratch *scratch, const char *name)
{
    struct bytes text = {0};
    char *path = join(scratch->directory, name);
    FILE *file = fopen(path, "re");
    char part[4096];
    size_t length;

    free(path);
    if (file == NULL)
        return NULL;
    bytes_append(&text, "", 0);
    while ((length = fread(part, 1, sizeof(part), file)) > 0)
        bytes_append(&text, part, length);
    fclose(file);
    return keep(scratch, text.data);
}
