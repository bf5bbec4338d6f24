#include "browser.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "bytes.h"
#include "must.h"

enum {
    LIMIT_MS = 30000, /* for what takes far less on an idle machine */
    MOST_CHILD_PIPES = 5,
    TO_BROWSER = 3, /* descriptors of the protocol, in the browser */
    FROM_BROWSER = 4,
};

static const char *const names[] = {"chromium-headless-shell", "chromium"};

struct browser {
    struct rig *rig;
    uv_process_t process;
    uv_pipe_t commands;
    uv_pipe_t messages;
    int handles; /* not yet closed */
    bool exited;
    struct bytes incoming;
    char *session; /* the tab's; NULL: none yet */
    int last_id;
    json_t *reply; /* to the command of that number; NULL: not yet */
    bool loaded;
    struct bytes complaints;
    json_t *urls; /* of all requests */
    struct bytes beyond;
};

/* --- the program ---------------------------------------------------------------- */

static const char *find_program(void)
{
    static char path[512];
    const char *directory = getenv("PATH");

    while (directory != NULL) {
        int length = (int)strcspn(directory, ":");
        for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
            snprintf(path, sizeof(path), "%.*s/%s", length, directory, names[i]);
            if (access(path, X_OK) == 0)
                return path;
        }
        directory = directory[length] == ':' ? directory + length + 1 : NULL;
    }
    return NULL;
}

bool browser_is_installed(void)
{
    if (find_program() != NULL)
        return true;
    fprintf(stderr, "skipped: chromium is not installed (Debian: chromium-headless-shell)\n");
    return false;
}

static void on_exited(uv_process_t *process, int64_t status, int signal)
{
    struct browser *browser = process->data;

    (void)status;
    (void)signal;
    browser->exited = true;
}

static void on_closed(uv_handle_t *handle)
{
    struct browser *browser = handle->data;

    browser->handles--;
}

static void close_handle(struct browser *browser, void *handle)
{
    ((uv_handle_t *)handle)->data = browser;
    uv_close(handle, on_closed);
}

static bool has_exited(void *arg)
{
    const struct browser *browser = arg;

    return browser->exited;
}

static bool is_closed(void *arg)
{
    const struct browser *browser = arg;

    return browser->handles == 0;
}

/* --- what it says ---------------------------------------------------------------- */

static const char *text_at(const json_t *object, const char *key)
{
    const char *text = json_string_value(json_object_get(object, key));

    return text == NULL ? "" : text;
}

static void note_console(struct browser *browser, const json_t *params)
{
    const char *type = text_at(params, "type");
    const json_t *arg = json_array_get(json_object_get(params, "args"), 0);
    const char *description = text_at(arg, "description");

    if (strcmp(type, "error") == 0 || strcmp(type, "warning") == 0 || strcmp(type, "assert") == 0)
        bytes_print(&browser->complaints, "%s: %s\n", type,
                    *description != '\0' ? description : text_at(arg, "value"));
}

static void note_exception(struct browser *browser, const json_t *params)
{
    const json_t *details = json_object_get(params, "exceptionDetails");
    const json_t *exception = json_object_get(details, "exception");

    bytes_print(&browser->complaints, "%s %s\n", text_at(details, "text"),
                text_at(exception, "description"));
}

static void note_log(struct browser *browser, const json_t *params)
{
    const json_t *entry = json_object_get(params, "entry");

    if (strcmp(text_at(entry, "level"), "error") == 0 ||
        strcmp(text_at(entry, "level"), "warning") == 0)
        bytes_print(&browser->complaints, "%s: %s %s\n", text_at(entry, "level"),
                    text_at(entry, "text"), text_at(entry, "url"));
}

static void take_event(struct browser *browser, const json_t *message)
{
    const char *method = text_at(message, "method");
    const json_t *params = json_object_get(message, "params");

    if (strcmp(method, "Runtime.consoleAPICalled") == 0)
        note_console(browser, params);
    else if (strcmp(method, "Runtime.exceptionThrown") == 0)
        note_exception(browser, params);
    else if (strcmp(method, "Log.entryAdded") == 0)
        note_log(browser, params);
    else if (strcmp(method, "Page.loadEventFired") == 0)
        browser->loaded = true;
    else if (strcmp(method, "Network.requestWillBeSent") == 0)
        json_array_append(browser->urls,
                          json_object_get(json_object_get(params, "request"), "url"));
}

static void take_message(struct browser *browser, const char *text)
{
    json_t *message = json_loads(text, 0, NULL);
    const json_t *id = json_object_get(message, "id");

    ck_assert_msg(message != NULL, "the browser said: %s", text);
    if (id == NULL) {
        take_event(browser, message);
    } else if (json_integer_value(id) == browser->last_id) {
        browser->reply = message;
        return;
    }
    json_decref(message);
}

/* Each message ends with a NUL. */
static void take_messages(struct browser *browser)
{
    struct bytes *incoming = &browser->incoming;
    size_t at = 0;
    const char *end;

    while ((end = memchr(incoming->data + at, '\0', incoming->length - at)) != NULL) {
        take_message(browser, incoming->data + at);
        at = (size_t)(end - incoming->data) + 1;
    }
    memmove(incoming->data, incoming->data + at, incoming->length - at);
    bytes_truncate(incoming, incoming->length - at);
}

static void on_alloc(uv_handle_t *handle, size_t suggested, uv_buf_t *buffer)
{
    static char shared[65536];

    (void)handle;
    (void)suggested;
    *buffer = uv_buf_init(shared, sizeof(shared));
}

static void on_read(uv_stream_t *stream, ssize_t length, const uv_buf_t *buffer)
{
    struct browser *browser = stream->data;

    if (length > 0) {
        bytes_append(&browser->incoming, buffer->base, (size_t)length);
        take_messages(browser);
    } else if (length < 0) {
        uv_read_stop(stream);
    }
}

/* --- what it is told ---------------------------------------------------------------- */

struct command {
    uv_write_t write;
    char *text;
};

static void on_written(uv_write_t *write, int status)
{
    struct command *command = write->data;

    (void)status;
    free(command->text);
    free(command);
}

static void send_message(struct browser *browser, const json_t *message)
{
    struct command *command = must_calloc(1, sizeof(*command));
    uv_buf_t buffer;

    command->text = must_have(json_dumps(message, JSON_COMPACT));
    command->write.data = command;
    buffer = uv_buf_init(command->text, (unsigned)strlen(command->text) + 1);
    if (uv_write(&command->write, (uv_stream_t *)&browser->commands, &buffer, 1, on_written) != 0)
        on_written(&command->write, -1);
}

static bool has_reply(void *arg)
{
    const struct browser *browser = arg;

    return browser->reply != NULL || browser->exited;
}

json_t *browser_call(struct browser *browser, const char *method, json_t *params)
{
    json_t *message =
        json_pack("{s:i, s:s, s:o, s:s*}", "id", ++browser->last_id, "method", method, "params",
                  params == NULL ? json_object() : params, "sessionId", browser->session);
    json_t *result;

    json_decref(browser->reply);
    browser->reply = NULL;
    send_message(browser, message);
    json_decref(message);
    rig_wait_at(method, browser->rig, "the browser replies", has_reply, browser, LIMIT_MS);
    ck_assert_msg(browser->reply != NULL, "%s: the browser has exited", method);
    result = json_object_get(browser->reply, "result");
    ck_assert_msg(result != NULL, "%s: %s", method,
                  text_at(json_object_get(browser->reply, "error"), "message"));
    return result;
}

/* --- its life ---------------------------------------------------------------- */

static void start(struct browser *browser)
{
    static char profile[512];
    char *args[] = {(char *)find_program(),
                    "--headless",
                    "--remote-debugging-pipe",
                    profile,
                    "--no-sandbox", /* root's browser needs that; it sees nothing but our page */
                    "--no-first-run",
                    "--no-proxy-server",
                    "--disable-gpu",
                    "--disable-dev-shm-usage",
                    "--disable-extensions",
                    "--disable-sync",
                    "--disable-background-networking",
                    "--disable-component-update",
                    "--host-resolver-rules=MAP * ~NOTFOUND , EXCLUDE 127.0.0.1",
                    "about:blank",
                    NULL};
    uv_stdio_container_t stdio[MOST_CHILD_PIPES] = {
        [TO_BROWSER] = {.flags = UV_CREATE_PIPE | UV_READABLE_PIPE,
                        .data.stream = (uv_stream_t *)&browser->commands},
        [FROM_BROWSER] = {.flags = UV_CREATE_PIPE | UV_WRITABLE_PIPE,
                          .data.stream = (uv_stream_t *)&browser->messages},
    };
    uv_process_options_t options = {.file = args[0],
                                    .args = args,
                                    .exit_cb = on_exited,
                                    .stdio = stdio,
                                    .stdio_count = MOST_CHILD_PIPES};

    snprintf(profile, sizeof(profile), "--user-data-dir=%s", rig_path(browser->rig, "browser"));
    ck_assert_int_eq(uv_spawn(rig_loop(browser->rig), &browser->process, &options), 0);
    uv_read_start((uv_stream_t *)&browser->messages, on_alloc, on_read);
}

/* All later commands are to the tab. */
static void attach(struct browser *browser)
{
    static const char *const domains[] = {"Page.enable", "Runtime.enable", "Log.enable",
                                          "Network.enable"};
    const json_t *target;
    json_t *result;
    size_t i;
    char *id = NULL;

    result = browser_call(browser, "Target.getTargets", NULL);
    json_array_foreach(json_object_get(result, "targetInfos"), i, target)
    {
        if (id == NULL && strcmp(text_at(target, "type"), "page") == 0)
            id = must_strdup(text_at(target, "targetId"));
    }
    ck_assert_ptr_nonnull(id);
    result = browser_call(browser, "Target.attachToTarget",
                          json_pack("{s:s, s:b}", "targetId", id, "flatten", 1));
    browser->session = must_strdup(text_at(result, "sessionId"));
    free(id);
    for (i = 0; i < sizeof(domains) / sizeof(domains[0]); i++)
        browser_call(browser, domains[i], NULL);
}

struct browser *browser_new(struct rig *rig)
{
    struct browser *browser = must_calloc(1, sizeof(*browser));

    browser->rig = rig;
    browser->handles = 3;
    browser->urls = must_have(json_array());
    browser->process.data = browser;
    uv_pipe_init(rig_loop(rig), &browser->commands, 0);
    uv_pipe_init(rig_loop(rig), &browser->messages, 0);
    browser->messages.data = browser;
    start(browser);
    attach(browser);
    browser_resize(browser, 1280, 800);
    return browser;
}

void browser_free(struct browser *browser)
{
    close_handle(browser, &browser->commands);
    close_handle(browser, &browser->messages);
    rig_wait(browser->rig, has_exited, browser, LIMIT_MS);
    close_handle(browser, &browser->process);
    rig_wait(browser->rig, is_closed, browser, LIMIT_MS);
    bytes_finish(&browser->incoming);
    bytes_finish(&browser->complaints);
    bytes_finish(&browser->beyond);
    json_decref(browser->urls);
    json_decref(browser->reply);
    free(browser->session);
    free(browser);
}

/* --- the page ---------------------------------------------------------------- */

static bool is_loaded(void *arg)
{
    const struct browser *browser = arg;

    return browser->loaded;
}

void browser_open(struct browser *browser, const char *url)
{
    json_t *result;

    browser->loaded = false;
    browser_forget_complaints(browser);
    json_array_clear(browser->urls);
    result = browser_call(browser, "Page.navigate", json_pack("{s:s}", "url", url));
    ck_assert_msg(json_object_get(result, "errorText") == NULL, "%s: %s", url,
                  text_at(result, "errorText"));
    rig_wait(browser->rig, is_loaded, browser, LIMIT_MS);
}

json_t *browser_value(struct browser *browser, const char *expression)
{
    json_t *result = browser_call(browser, "Runtime.evaluate",
                                  json_pack("{s:s, s:b, s:b}", "expression", expression,
                                            "awaitPromise", 1, "returnByValue", 1));
    const json_t *details = json_object_get(result, "exceptionDetails");

    ck_assert_msg(details == NULL, "%s: %s", expression,
                  text_at(json_object_get(details, "exception"), "description"));
    return json_object_get(json_object_get(result, "result"), "value");
}

const char *browser_text(struct browser *browser, const char *expression)
{
    const json_t *value = browser_value(browser, expression);

    ck_assert_msg(json_is_string(value), "%s is no string", expression);
    return json_string_value(value);
}

double browser_number(struct browser *browser, const char *expression)
{
    const json_t *value = browser_value(browser, expression);

    ck_assert_msg(json_is_number(value), "%s is no number", expression);
    return json_number_value(value);
}

/* The page itself looks, and so nothing is asked of it meanwhile. */
void browser_await_at(const char *where, struct browser *browser, const char *expression)
{
    struct bytes script = {0};
    bool seen;

    bytes_print(&script,
                "new Promise((done) => { const end = performance.now() + %d; const look = () => "
                "(%s) ? done(true) : performance.now() > end ? done(false) : setTimeout(look, 20); "
                "look(); })",
                (int)(LIMIT_MS / 2 * rig_slowness()), expression);
    seen = json_is_true(browser_value(browser, script.data));
    bytes_finish(&script);
    ck_assert_msg(seen, "%s: not so in time: %s\n%s", where, expression,
                  bytes_text(&browser->complaints));
}

/* --- its user ---------------------------------------------------------------- */

void browser_key(struct browser *browser, const char *key)
{
    /* Only a key that types something has a text. */
    const char *text = strlen(key) == 1 ? key : strcmp(key, "Enter") == 0 ? "\r" : NULL;

    browser_call(browser, "Input.dispatchKeyEvent",
                 json_pack("{s:s, s:s, s:s*}", "type", "keyDown", "key", key, "text", text));
    browser_call(browser, "Input.dispatchKeyEvent",
                 json_pack("{s:s, s:s}", "type", "keyUp", "key", key));
}

void browser_type(struct browser *browser, const char *text)
{
    browser_call(browser, "Input.insertText", json_pack("{s:s}", "text", text));
}

void browser_resize(struct browser *browser, int width, int height)
{
    browser_call(browser, "Emulation.setDeviceMetricsOverride",
                 json_pack("{s:i, s:i, s:i, s:b}", "width", width, "height", height,
                           "deviceScaleFactor", 1, "mobile", width < 600));
}

void browser_prefer(struct browser *browser, const char *feature, const char *value)
{
    browser_call(browser, "Emulation.setEmulatedMedia",
                 json_pack("{s:[{s:s, s:s}]}", "features", "name", feature, "value", value));
}

/* RFC 4648 section 4; the browser's is whole and padded. */
static void write_base64(FILE *file, const char *text)
{
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    unsigned bits = 0;
    unsigned count = 0;

    for (; *text != '\0' && *text != '='; text++) {
        bits = bits << 6 | (unsigned)(strchr(digits, *text) - digits);
        count += 6;
        if (count >= 8) {
            count -= 8;
            fputc((int)(bits >> count & 0xff), file);
        }
    }
}

void browser_screenshot(struct browser *browser, const char *path)
{
    json_t *result = browser_call(browser, "Page.captureScreenshot", NULL);
    FILE *file = must_have(fopen(path, "w"));

    write_base64(file, text_at(result, "data"));
    fclose(file);
}

/* --- what was noted ---------------------------------------------------------------- */

const char *browser_complaints(struct browser *browser)
{
    return bytes_text(&browser->complaints);
}

void browser_forget_complaints(struct browser *browser)
{
    bytes_truncate(&browser->complaints, 0);
}

size_t browser_requests(const struct browser *browser)
{
    return json_array_size(browser->urls);
}

const char *browser_requests_beyond(struct browser *browser, const char *url_begin)
{
    const json_t *url;
    size_t i;

    bytes_truncate(&browser->beyond, 0);
    json_array_foreach(browser->urls, i, url)
    {
        const char *text = json_string_value(url);
        if (strncmp(text, url_begin, strlen(url_begin)) != 0)
            bytes_print(&browser->beyond, "%s\n", text);
    }
    return bytes_text(&browser->beyond);
}
