#include "scripted_acts.h"
#include "elsewhere.h"
#include "scripted_channel.h"
#include "scripted_order.h"
#include "scripted_refs.h"

struct work {
    pinion_ref *ref; /* the work uses and frees it; NULL: none */
    char script[SCRIPT_MAX + 1];
};

static uint64_t last_timer;

static pinion_payload *binary(const char *script)
{
    char text[SCRIPT_MAX + SCRIPT_MARK_MAX], mark[SCRIPT_MARK_MAX];
    int len = snprintf(text, sizeof text, "%s%s", script, scripted_mark(mark));
    return pinion_payload_binary(text, (size_t)len);
}

const char *scripted_rest(const char *script)
{
    return strlen(script) > 2 ? script + 2 : "";
}

/* ---- work ---- */

/* On a thread of the workers. */
static void do_work(void *data)
{
    struct work *work = data;
    atomic_fetch_add_explicit(&scripted_counts.works_done, 1, memory_order_relaxed);
    if (!work->ref)
        return;
    (void)scripted_use(work->ref, work->script[0], scripted_rest(work->script));
    pinion_ref_free(work->ref);
}

static pinion_result work_done(pinion_channel *channel, int status, void *data)
{
    struct work *work = data;
    char script[SCRIPT_MAX + 1];
    scripted_counts.dones++;
    memcpy(script, work->script, sizeof script);
    free(work);
    REQUIRE(status == 0 || status == PINION_ECLOSED);
    return scripted_perform(channel, script);
}

/* Takes the ref. */
static void begin_work(pinion_channel *channel, const char *script, pinion_ref *ref)
{
    struct work *work = allocate(sizeof *work);
    *work = (struct work){ .ref = ref };
    memcpy(work->script, script, strlen(script) + 1);
    if (pinion_channel_work(channel, do_work, work_done, work) == 0) {
        scripted_counts.works++;
        return;
    }
    pinion_ref_free(ref);
    free(work);
}

/* ---- timers ---- */

static void set_timer(pinion_channel *channel, uint32_t ms, const char *script)
{
    pinion_send_after(channel, ms, "later", scripted_payload(script), &last_timer);
}

static void renew_timer(pinion_channel *channel, const char *script)
{
    (void)pinion_cancel_timer(channel, last_timer);
    set_timer(channel, 20, script);
}

void scripted_forget_timer(void)
{
    last_timer = 0;
}

/* ---- what comes from elsewhere ---- */

static void disconnect(pinion_channel *channel)
{
    const char *id = pinion_socket_id(pinion_channel_socket(channel));
    if (id)
        pinion_endpoint_broadcast(pinion_channel_endpoint(channel), id, "disconnect", NULL);
}

struct step {
    pinion_endpoint *endpoint;
    char topic[32];
    const char *event;
    char script[SCRIPT_MAX + 1];
};

static void broadcast_there(void *data)
{
    const struct step *step = data;
    pinion_endpoint_broadcast(step->endpoint, step->topic, step->event, scripted_payload(step->script));
}

/* topic may be NULL: none. */
static void broadcast_elsewhere(pinion_channel *channel, const char *topic, const char *event,
                                const char *script)
{
    struct step step = { .endpoint = pinion_channel_endpoint(channel), .event = event };
    if (!topic)
        return;
    snprintf(step.topic, sizeof step.topic, "%s", topic);
    snprintf(step.script, sizeof step.script, "%s", script);
    elsewhere(broadcast_there, &step, sizeof step);
}

static void free_there(void *data)
{
    pinion_ref_free(*(pinion_ref **)data);
}

static void free_elsewhere(pinion_ref *ref)
{
    elsewhere(free_there, &ref, sizeof ref);
}

static void reply_now(pinion_channel *channel, const char *script)
{
    pinion_ref *ref = pinion_ref_new(channel);
    if (!ref)
        return;
    (void)pinion_ref_reply(ref, "ok", scripted_payload(script));
    pinion_ref_free(ref);
}

/* ---- all of them ---- */

static void subscribe(pinion_channel *channel, const char *topic)
{
    int rc = pinion_subscribe(channel, topic);
    REQUIRE(rc == 0 || rc == PINION_ECLOSED || (rc == PINION_ENOMEM && scripted_short()));
}

void scripted_act(pinion_channel *channel, char letter, const char *rest)
{
    pinion_endpoint *endpoint = pinion_channel_endpoint(channel);
    switch (letter) {
    case 'b':
        pinion_push(channel, "push", scripted_payload(rest));
        break;
    case 'c':
        pinion_push(channel, "push", binary(rest));
        break;
    case 'd':
        pinion_broadcast(channel, "plain", scripted_payload(rest));
        break;
    case 'e':
        pinion_broadcast_from(channel, "intercepted", scripted_payload(rest));
        break;
    case 'f':
        pinion_broadcast(channel, "intercepted", binary(rest));
        break;
    case 'g':
        pinion_endpoint_broadcast(endpoint, "room:1", "intercepted", scripted_payload(rest));
        break;
    case 'h':
        pinion_endpoint_broadcast(endpoint, "news", "flash", binary(rest));
        break;
    case 'i':
        pinion_send_after(channel, 0, "now", scripted_payload(rest), NULL);
        break;
    case 'j':
        set_timer(channel, 50, rest);
        break;
    case 'k':
        (void)pinion_cancel_timer(channel, last_timer);
        break;
    case 'l':
        subscribe(channel, "news");
        break;
    case 'm':
        pinion_unsubscribe(channel, "news");
        break;
    case 'n':
        begin_work(channel, rest, NULL);
        break;
    case 'o':
        scripted_keep_ref(pinion_ref_new(channel));
        break;
    case 'p':
        disconnect(channel);
        break;
    case 'q':
        begin_work(channel, rest, pinion_ref_new(channel));
        break;
    case 'r':
        reply_now(channel, rest);
        break;
    case 's':
        renew_timer(channel, rest);
        break;
    case 't':
        set_timer(channel, 50, rest);
        set_timer(channel, 50, rest);
        break;
    case 'u':
        subscribe(channel, "room:2");
        break;
    case 'v':
        pinion_unsubscribe(channel, "room:2");
        break;
    case 'w':
        scripted_replace_state(channel);
        break;
    case 'x':
        broadcast_elsewhere(channel, pinion_socket_id(pinion_channel_socket(channel)), "disconnect", "");
        break;
    case 'y':
        broadcast_elsewhere(channel, "room:1", "plain", rest);
        break;
    case 'z':
        free_elsewhere(pinion_ref_new(channel));
        break;
    default:
        pinion_assign(channel, "script", scripted_payload(rest));
        break;
    }
}
