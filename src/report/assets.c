#include "report/assets.h"

#include <string.h>

#include "page_files.h"

#define ASSET(content_type, name)                                                                  \
    {                                                                                              \
        .status = 200, .type = (content_type), .etag = name##_etag, .bytes = (const char *)(name), \
        .length = sizeof(name),                                                                    \
    }

static struct asset {
    const char *path;
    struct page page;
} assets[] = {
    {"/", ASSET("text/html; charset=utf-8", index_html)},
    {"/style.css", ASSET("text/css; charset=utf-8", style_css)},
    {"/script.js", ASSET("text/javascript; charset=utf-8", script_js)},
    {"/icon.svg", ASSET("image/svg+xml", icon_svg)},
};

struct page *asset_page(const char *path)
{
    for (size_t i = 0; i < sizeof assets / sizeof assets[0]; i++)
        if (strcmp(assets[i].path, path) == 0)
            return &assets[i].page;
    return NULL;
}
