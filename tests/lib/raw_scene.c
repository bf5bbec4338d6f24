#include "raw_scene.h"

#include <string.h>

struct raw_client *client;

static void teardown(void)
{
    if (client != NULL)
        raw_disconnect();
}

TCase *raw_scene_case(Suite *suite, const char *name)
{
    TCase *tests = scene_case(suite, name);

    tcase_add_checked_fixture(tests, NULL, teardown);
    return tests;
}

void raw_disconnect(void)
{
    raw_client_free(client);
    client = NULL;
}

void raw_send_anew(const char *text)
{
    if (client != NULL)
        raw_disconnect();
    client = raw_client_new(rig_loop(rig), mock_server_authority(mock));
    raw_client_send(client, text);
}

void raw_send_get(const char *path)
{
    struct bytes request = {0};

    bytes_print(&request, "GET %s HTTP/1.1\r\nHost: mock\r\n\r\n", path);
    if (client == NULL)
        raw_send_anew(request.data);
    else
        raw_client_send(client, request.data);
    bytes_finish(&request);
}

void raw_get(const char *path, char *wanted)
{
    raw_send_get(path);
    bytes_truncate(&client->received, 0);
    rig_wait(rig, raw_has_received, wanted, SCENE_LIMIT_MS);
}

void raw_get_until_end(const char *path, int end)
{
    if (client != NULL)
        raw_disconnect();
    raw_send_get(path);
    rig_wait(rig, raw_client_has_ended, client, SCENE_LIMIT_MS);
    ck_assert_int_eq(client->end, end);
}

bool raw_has_received(void *text)
{
    return strstr(bytes_text(&client->received), text) != NULL;
}
