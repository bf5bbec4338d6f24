/* The browser's page, as it is compiled in. */
#include "check_main.h"

#include <string.h>

#include "report/assets.h"

static const struct {
    const char *path, *type, *begins;
} assets[] = {
    {"/", "text/html; charset=utf-8", "<!doctype html>\n"},
    {"/style.css", "text/css; charset=utf-8", "/* "},
    {"/script.js", "text/javascript; charset=utf-8", "// "},
    {"/icon.svg", "image/svg+xml", "<svg "},
};
static const size_t asset_count = sizeof assets / sizeof assets[0];

static bool holds(const struct page *page, const char *text)
{
    return memmem(page->bytes, page->length, text, strlen(text)) != NULL;
}

START_TEST(an_asset_is_a_static_page)
{
    const struct page *page = asset_page(assets[_i].path);
    ck_assert_ptr_nonnull(page);
    ck_assert_int_eq(page->status, 200);
    ck_assert_str_eq(page->type, assets[_i].type);
    ck_assert_uint_gt(page->length, strlen(assets[_i].begins));
    ck_assert_mem_eq(page->bytes, assets[_i].begins, strlen(assets[_i].begins));
    ck_assert_int_eq(page->bytes[page->length - 1], '\n');
    ck_assert_ptr_null(page->next);
    ck_assert_ptr_null(page->free);
}
END_TEST

START_TEST(an_etag_is_strong_and_an_assets_own)
{
    const char *etag = asset_page(assets[_i].path)->etag;
    ck_assert_uint_eq(strlen(etag), 18);
    ck_assert_int_eq(etag[0], '"');
    ck_assert_int_eq(etag[17], '"');
    for (size_t i = 0; i < asset_count; i++)
        ck_assert_int_eq(strcmp(etag, asset_page(assets[i].path)->etag) == 0, i == (size_t)_i);
}
END_TEST

START_TEST(nothing_else_is_there)
{
    static const char *const paths[] = {"",           "/index.html", "/style.css/", "//",
                                        "/STYLE.CSS", "/embed.sh",   "style.css",   "/script.js?x"};
    for (size_t i = 0; i < sizeof paths / sizeof paths[0]; i++)
        ck_assert_ptr_null(asset_page(paths[i]));
}
END_TEST

/* The content security policy would not let it work. */
START_TEST(the_page_has_nothing_inline_and_nothing_from_elsewhere)
{
    static const char *const words[] = {" style=", "<style", " onclick=", " onload=", "javascript:",
                                        "data:",   "http:",  "https:",    "src=\"//"};
    const struct page *page = asset_page("/");
    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++)
        ck_assert_msg(!holds(page, words[i]), "the page has: %s", words[i]);
    ck_assert(!holds(asset_page("/style.css"), "url("));
    ck_assert(!holds(asset_page("/style.css"), "@import"));
    ck_assert(!holds(asset_page("/script.js"), "innerHTML"));
}
END_TEST

static Suite *suite(void)
{
    Suite *suite = suite_create("assets");
    TCase *tcase = tcase_create("assets");
    suite_add_tcase(suite, tcase);
    tcase_add_loop_test(tcase, an_asset_is_a_static_page, 0, (int)asset_count);
    tcase_add_loop_test(tcase, an_etag_is_strong_and_an_assets_own, 0, (int)asset_count);
    tcase_add_test(tcase, nothing_else_is_there);
    tcase_add_test(tcase, the_page_has_nothing_inline_and_nothing_from_elsewhere);
    return suite;
}

CHECK_MAIN(suite())
