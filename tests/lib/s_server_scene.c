#include "s_server_scene.h"

#include <string.h>

static const int64_t DELAY_NS = 20000000;

struct s_server *server;

static void stop_server(void)
{
    if (server != NULL)
        s_server_free(server);
    server = NULL;
}

TCase *s_server_case(Suite *suite, const char *name)
{
    TCase *tests = scene_case(suite, name);

    tcase_add_checked_fixture(tests, NULL, stop_server);
    return tests;
}

void make_authority(void)
{
    rig_set_env(rig, "SSL_CERT_FILE",
                certificate_make(rig, &(struct certificate_wish){.name = "ca", .is_ca = true}));
}

void make_leaf(const char *sans)
{
    certificate_make(rig, &(struct certificate_wish){.name = "leaf", .issuer = "ca", .sans = sans});
}

void start_server(const char *options)
{
    rig_write(rig, "a", "HTTP/1.0 200 OK\r\n\r\n0.02");
    server = s_server_new(rig, options);
}

const char *with_directory(const char *text)
{
    static struct bytes line;

    bytes_truncate(&line, 0);
    bytes_append(&line, "", 0);
    for (; *text != '\0'; text++) {
        if (*text == '$')
            bytes_print(&line, "%s", rig_directory(rig));
        else
            bytes_append_byte(&line, *text, 1);
    }
    return line.data;
}

static void poll_twice(const char *settings, const char *host)
{
    scene_start_count(2, "[defaults]\nretry = 10ms\n%s[servers]\na = https://%s:%d/a\n", settings,
                      host, s_server_port(server));
}

void expect_good(const char *settings, const char *host)
{
    poll_twice(settings, host);
    scene_await_exit(0);
    for (size_t i = 0; i < 2; i++)
        ck_assert_int_eq(scene_ns(scene_poll("a", i), "delay"), DELAY_NS);
}

void expect_failure(const char *settings, const char *host, const char *words)
{
    poll_twice(settings, host);
    scene_await_exit(1);
    for (size_t i = 0; i < 2; i++) {
        const char *detail = rig_string(scene_failure("a", i, "tls"), "detail");

        ck_assert_msg(strstr(detail, words) != NULL, "no '%s' in: %s", words, detail);
    }
}
