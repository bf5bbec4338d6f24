#include "report/notify.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/container_of.h"
#include "base/duration.h"

/* A socket that is full cannot be polled for: it is not connected. */
#define RETRY_FULL    (100 * MILLISECOND)
#define RETRY_TROUBLE SECOND

#define STATUS_PAUSE   SECOND        /* between two, where the counts change */
#define STATUS_REFRESH (10 * SECOND) /* where only the time goes on */

static void on_turn(struct wakeup *wakeup);

static void tell_trouble(struct notify *notify, const char *why)
{
    char sentence[512];
    if (notify->told_trouble)
        return;
    notify->told_trouble = true;
    snprintf(sentence, sizeof sentence, "the service manager cannot be told: $NOTIFY_SOCKET: %s",
             why);
    notify->listener.trouble(notify->listener.user, sentence);
}

/* Returns whether it was taken, else errno says why not. */
static bool send_text(const struct notify *notify, const char *text)
{
    return sendto(notify->fd, text, strlen(text), MSG_DONTWAIT | MSG_NOSIGNAL,
                  (const struct sockaddr *)&notify->address, notify->address_length) >= 0;
}

/* --- what has to arrive ------------------------------------------------------------- */

static bool send_state(const struct notify *notify, enum notify_state state)
{
    char text[64];
    switch (state) {
    case NOTIFY_READY: return send_text(notify, "READY=1");
    case NOTIFY_STOPPING: return send_text(notify, "STOPPING=1");
    case NOTIFY_RELOADING: break;
    }
    snprintf(text, sizeof text, "RELOADING=1\nMONOTONIC_USEC=%lld",
             (long long)(notify->reloading_since / MICROSECOND));
    return send_text(notify, text);
}

static bool send_states(struct notify *notify)
{
    while (notify->state_count > 0 && send_state(notify, notify->states[0])) {
        notify->state_count--;
        memmove(notify->states, notify->states + 1, notify->state_count * sizeof *notify->states);
    }
    return notify->state_count == 0;
}

/* A reload that the manager has not heard of takes the place of the one before, and its end. */
static void add_state(struct notify *notify, enum notify_state state)
{
    size_t place = notify->state_count;
    for (size_t i = 0; state == NOTIFY_RELOADING && i < place; i++)
        if (notify->states[i] == NOTIFY_RELOADING)
            place = i;
    if (place > 0 && notify->states[place - 1] == state)
        return; /* twice is as good as once */
    notify->states[place] = state;
    notify->state_count = place + 1;
}

/* --- what is superseded by the newest ------------------------------------------------ */

static bool send_alive(struct notify *notify)
{
    if (notify->alive)
        notify->alive = !send_text(notify, "WATCHDOG=1");
    return !notify->alive;
}

static bool send_status(struct notify *notify)
{
    char text[sizeof "STATUS=" + NOTIFY_STATUS_SIZE];
    if (notify->status_is_new) {
        snprintf(text, sizeof text, "STATUS=%s", notify->status);
        notify->status_is_new = !send_text(notify, text);
    }
    return !notify->status_is_new;
}

/* The manager is not woken for what it knows. */
static void ask(struct notify *notify, int64_t now)
{
    struct notify_status status = {.problems = notify->problems, .first = notify->first_problem};
    char text[NOTIFY_STATUS_SIZE];
    notify->asked_at = now;
    notify->ask_due = now + STATUS_REFRESH;
    notify->listener.ask(notify->listener.user, &status);
    if (strcmp(notify_status_text(text, &status), notify->status) == 0)
        return;
    strcpy(notify->status, text);
    notify->status_is_new = true;
}

/* --- when -------------------------------------------------------------------------------- */

/* Sends what there is, and sets the next turn. */
static void flush(struct notify *notify)
{
    int64_t turn = notify->ask_due;
    if (!send_states(notify) || !send_alive(notify) || !send_status(notify)) {
        bool full = errno == EAGAIN || errno == ENOBUFS || errno == EINTR;
        int64_t retry = clock_now() + (full ? RETRY_FULL : RETRY_TROUBLE);
        if (!full)
            tell_trouble(notify, uv_strerror(uv_translate_sys_error(errno)));
        turn = retry < turn ? retry : turn;
    }
    if (turn < INT64_MAX)
        wakeup_set(notify->wakeups, &notify->turn, turn, on_turn);
}

static void on_turn(struct wakeup *wakeup)
{
    struct notify *notify = container_of(wakeup, struct notify, turn);
    int64_t now = clock_now();
    if (now >= notify->ask_due)
        ask(notify, now);
    flush(notify);
}

static bool is_listening(const struct notify *notify)
{
    return notify->fd >= 0 && !notify->stopping;
}

static void tell_state(struct notify *notify, enum notify_state state)
{
    add_state(notify, state);
    flush(notify);
}

/* --- the events -------------------------------------------------------------------------- */

void notify_init(struct notify *notify, struct wakeups *wakeups,
                 const struct notify_listener *listener)
{
    const char *text = getenv("NOTIFY_SOCKET");
    *notify =
        (struct notify){.fd = -1, .wakeups = wakeups, .listener = *listener, .ask_due = INT64_MAX};
    wakeups_reserve(wakeups, 1);
    if (text == NULL)
        return;
    if (!notify_address(text, &notify->address, &notify->address_length)) {
        tell_trouble(notify, "neither an absolute path nor @ and a name, or too long");
        return;
    }
    notify->fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (notify->fd < 0)
        tell_trouble(notify, uv_strerror(uv_translate_sys_error(errno)));
}

void notify_ready(struct notify *notify)
{
    if (!is_listening(notify))
        return;
    ask(notify, clock_now());
    tell_state(notify, NOTIFY_READY);
}

void notify_reloading(struct notify *notify)
{
    if (!is_listening(notify))
        return;
    notify->reloading_since = clock_awake();
    tell_state(notify, NOTIFY_RELOADING);
}

void notify_reloaded(struct notify *notify, size_t problems, const char *first)
{
    if (!is_listening(notify))
        return;
    notify->problems = problems;
    snprintf(notify->first_problem, sizeof notify->first_problem, "%s", problems == 0 ? "" : first);
    ask(notify, clock_now());
    tell_state(notify, NOTIFY_READY);
}

void notify_changed(struct notify *notify)
{
    int64_t due = notify->asked_at + STATUS_PAUSE;
    if (notify->ask_due == INT64_MAX || notify->ask_due <= due)
        return;
    notify->ask_due = due;
    if (!wakeup_is_set(&notify->turn) || wakeup_due(notify->wakeups, &notify->turn) > due)
        wakeup_set(notify->wakeups, &notify->turn, due, on_turn);
}

void notify_alive(struct notify *notify)
{
    if (!is_listening(notify))
        return;
    notify->alive = true;
    flush(notify);
}

void notify_stopping(struct notify *notify)
{
    if (!is_listening(notify))
        return;
    notify->alive = notify->status_is_new = false;
    notify->ask_due = INT64_MAX;
    notify->stopping = true;
    tell_state(notify, NOTIFY_STOPPING);
}

void notify_close(struct notify *notify)
{
    wakeup_cancel(notify->wakeups, &notify->turn);
    if (notify->fd < 0)
        return;
    send_states(notify);
    close(notify->fd);
    notify->fd = -1;
}
