#include "scripted_actor.h"
#include "elsewhere.h"
#include "scripted_acts.h"
#include "scripted_channel.h"
#include "scripted_order.h"

#define KEPT 4

static struct {
    atomic_size_t arguments_made, arguments_destroyed;
    atomic_size_t calls_begun, calls_ended;
    size_t accepted, terminated;
    unsigned alive[SCRIPT_ACTORS]; /* actors of this name, between init and terminate */
    pinion_actor_ref *refs[SCRIPT_ACTORS];
    pinion_call *calls[KEPT];
    unsigned next_call;
} actors;

struct state {
    unsigned number; /* of the name */
    struct scripted_order heard;
    uint64_t monitor, timer;
};

static const char *const names[SCRIPT_ACTORS] = { "first", "second", "third" };

static void destroy_state(void *state)
{
    atomic_fetch_add_explicit(&actors.arguments_destroyed, 1, memory_order_relaxed);
    free(state);
}

static void read_letters(const pinion_payload *payload, char out[SCRIPT_MAX + 1])
{
    const char *letters = json_string_value(pinion_payload_tree(payload));
    size_t n = 0;
    for (; letters && n < SCRIPT_MAX && letters[n] >= 'a' && letters[n] <= 'z'; n++)
        out[n] = letters[n];
    out[n] = '\0';
}

static void require_code(int rc)
{
    REQUIRE(rc == 0 || rc == PINION_ECLOSED || rc == PINION_EBUSY || rc == PINION_EINVAL ||
            rc == PINION_ENOENT || rc == PINION_EPAYLOAD || (rc == PINION_ENOMEM && scripted_short()));
}

/* ---- calls ---- */

static void ended(int status, const pinion_result *answer, void *data)
{
    REQUIRE((status == 0) == (answer != NULL) && data == &actors);
    REQUIRE(status == 0 || status == PINION_ECLOSED || status == PINION_ETIMEDOUT);
    atomic_fetch_add_explicit(&actors.calls_ended, 1, memory_order_relaxed);
}

static void call(const pinion_actor_ref *ref, const char *script)
{
    int rc = pinion_actor_call(ref, "asked", scripted_payload(script),
                               &(pinion_call_options){ .timeout_ms = 30, .done = ended, .data = &actors });
    require_code(rc);
    if (rc == 0)
        atomic_fetch_add_explicit(&actors.calls_begun, 1, memory_order_relaxed);
}

static void keep_call(pinion_call *call)
{
    unsigned place = actors.next_call++ % KEPT;
    pinion_call_unref(actors.calls[place]);
    actors.calls[place] = pinion_call_ref(call);
}

static void answer_kept(unsigned place, char letter)
{
    if (!actors.calls[place])
        return;
    pinion_result result = scripted_result(letter);
    int rc = pinion_call_answer(actors.calls[place], result);
    REQUIRE(rc != PINION_EBUSY && rc != PINION_ENOENT);
    require_code(rc);
}

/* ---- what an actor does ---- */

static pinion_result worked(pinion_actor *actor, int status, void *unused)
{
    scripted_counts.dones++;
    REQUIRE(status == 0 || status == PINION_ECLOSED);
    return pinion_ok(NULL);
}

static void work(void *unused)
{
    atomic_fetch_add_explicit(&scripted_counts.works_done, 1, memory_order_relaxed);
}

static void act(pinion_actor *actor, pinion_call *call_, char letter, const char *rest)
{
    struct state *state = pinion_actor_state(actor);
    pinion_actor_ref *ref;
    switch (letter) {
    case 'b':
        (void)pinion_actor_send_after(actor, 0, "now", scripted_payload(rest), NULL);
        break;
    case 'c':
        (void)pinion_actor_send_after(actor, 40, "later", scripted_payload(rest), &state->timer);
        break;
    case 'd':
        require_code(pinion_actor_subscribe(actor, "news"));
        break;
    case 'e':
        pinion_actor_unsubscribe(actor, "news");
        break;
    case 'f':
        scripted_counts.works += pinion_actor_work(actor, work, worked, NULL) == 0;
        break;
    case 'g':
        pinion_endpoint_broadcast(pinion_actor_endpoint(actor), "room:1", "plain", scripted_payload(rest));
        break;
    case 'h':
        if (call_)
            keep_call(call_);
        break;
    case 'i':
        if (call_ && pinion_call_from(call_))
            require_code(pinion_actor_monitor(actor, pinion_call_from(call_), &state->monitor));
        break;
    case 'j':
        (void)pinion_actor_demonitor(actor, state->monitor);
        break;
    case 'k':
        (void)pinion_actor_cancel_timer(actor, state->timer);
        break;
    case 'l':
        scripted_actor_use(pinion_actor_endpoint(actor), state->number + 1, 0, rest, false);
        break;
    case 'm':
        scripted_actor_use(pinion_actor_endpoint(actor), state->number, 2, rest, false);
        break;
    case 'n':
        scripted_actor_use(pinion_actor_endpoint(actor), state->number + 1, 2, rest, true);
        break;
    case 'o':
        if (call_)
            (void)pinion_call_answer(call_, pinion_ok(NULL));
        break;
    case 'p':
        ref = pinion_actor_ref_new(actor);
        REQUIRE(ref || scripted_short());
        pinion_actor_ref_free(ref);
        break;
    default:
        break;
    }
}

static pinion_result perform(pinion_actor *actor, pinion_call *call_, const pinion_payload *payload)
{
    char script[SCRIPT_MAX + 1];
    scripted_counts.callbacks++;
    read_letters(payload, script);
    act(actor, call_, script[0], scripted_rest(script));
    return script[0] && script[1] ? scripted_result(script[1]) : pinion_noreply();
}

static pinion_result init(pinion_actor *actor, void *argument)
{
    struct state *state = argument;
    REQUIRE(strcmp(pinion_actor_name(actor), names[state->number]) == 0);
    REQUIRE(++actors.alive[state->number] == 1);
    actors.accepted++;
    return pinion_ok(NULL);
}

static pinion_result handle_call(pinion_actor *actor, pinion_call *call_, const char *name,
                                 const pinion_payload *payload)
{
    return perform(actor, call_, payload);
}

static pinion_result handle_info(pinion_actor *actor, const pinion_info *info)
{
    struct state *state = pinion_actor_state(actor);
    size_t len;
    const char *bytes = pinion_payload_bytes(info->payload, &len);
    if (strcmp(info->name, "sent") == 0)
        scripted_note(&state->heard, pinion__slice(bytes, len));
    REQUIRE(strcmp(info->name, "down") != 0 || info->monitor != 0);
    return perform(actor, NULL, info->payload);
}

static void terminate(pinion_actor *actor, pinion_reason reason)
{
    struct state *state = pinion_actor_state(actor);
    actors.terminated++;
    actors.alive[state->number]--;
    int rc = pinion_actor_send_after(actor, 0, "never", NULL, NULL);
    REQUIRE(rc == PINION_ECLOSED || scripted_short());
}

static const pinion_actor_def def = { .init = init,
                                      .handle_call = handle_call,
                                      .handle_info = handle_info,
                                      .terminate = terminate,
                                      .idle_ms = 60,
                                      .max_timers = 4 };

/* ---- from outside ---- */

static pinion_actor_ref *open_one(pinion_endpoint *endpoint, unsigned number)
{
    pinion_actor_ref *ref = NULL;
    struct state *state = allocate(sizeof *state);
    *state = (struct state){ .number = number };
    atomic_fetch_add_explicit(&actors.arguments_made, 1, memory_order_relaxed);
    require_code(pinion_actor_open(endpoint, names[number], &def, state, destroy_state, &ref));
    return ref;
}

struct use {
    pinion_endpoint *endpoint;
    unsigned number, how;
    char script[SCRIPT_MAX + 1];
};

static void destroy_data(void *data)
{
    atomic_fetch_add_explicit(&scripted_counts.data_destroyed, 1, memory_order_relaxed);
    free(data);
}

static void send_data(const pinion_actor_ref *ref)
{
    atomic_fetch_add_explicit(&scripted_counts.data_sent, 1, memory_order_relaxed);
    require_code(pinion_actor_send_data(ref, "data", allocate(1), destroy_data));
}

static void use(void *data)
{
    const struct use *use = data;
    pinion_actor_ref *ref = open_one(use->endpoint, use->number), *copy = NULL;
    if (!ref)
        return;
    switch (use->how) {
    case 1:
        send_data(ref);
        break;
    case 2:
        call(ref, use->script);
        break;
    case 3:
        require_code(pinion_actor_stop(ref, PINION_REASON_NORMAL));
        break;
    case 4:
        copy = pinion_actor_ref_copy(ref);
        break;
    default:
        require_code(pinion_actor_send(ref, "sent", scripted_payload(use->script)));
        break;
    }
    pinion_actor_ref_free(copy);
    pinion_actor_ref_free(ref);
}

void scripted_actor_use(pinion_endpoint *endpoint, unsigned number, unsigned how, const char *script,
                        bool there)
{
    struct use one = { .endpoint = endpoint, .number = number % SCRIPT_ACTORS, .how = how % 8 };
    snprintf(one.script, sizeof one.script, "%s", script);
    if (one.how == 5 && !is_elsewhere())
        answer_kept(one.number, script[0] ? script[0] : 'o');
    else if (one.how == 6 && !is_elsewhere() && !actors.refs[one.number])
        actors.refs[one.number] = open_one(endpoint, one.number); /* it may outlive the actor */
    else if (one.how == 7 && !is_elsewhere() && actors.refs[one.number])
        call(actors.refs[one.number], one.script);
    else if (there)
        elsewhere(use, &one, sizeof one);
    else
        use(&one);
}

pinion_result scripted_actor_later(pinion_channel *channel, const char *script)
{
    pinion_actor_ref *ref = open_one(pinion_channel_endpoint(channel), 0);
    if (!ref)
        return pinion_crash();
    pinion_result result = pinion_actor_later(channel, ref, "asked", scripted_payload(script), 30);
    pinion_actor_ref_free(ref);
    return result;
}

/* ---- the end ---- */

bool scripted_actor_drop(void)
{
    bool any = false;
    for (unsigned i = 0; i < KEPT; i++) {
        any = any || actors.calls[i];
        pinion_call_unref(actors.calls[i]);
        actors.calls[i] = NULL;
    }
    return any;
}

void scripted_actor_stop_all(pinion_endpoint *endpoint)
{
    for (unsigned i = 0; i < SCRIPT_ACTORS; i++) {
        pinion_actor_ref *ref = NULL;
        int rc = pinion_actor_open(endpoint, names[i], NULL, NULL, NULL, &ref);
        require_code(rc);
        if (rc == 0)
            require_code(pinion_actor_stop(ref, PINION_REASON_SHUTDOWN));
        pinion_actor_ref_free(ref);
    }
}

void scripted_actor_check(void)
{
    for (unsigned i = 0; i < SCRIPT_ACTORS; i++) {
        REQUIRE(actors.alive[i] == 0);
        if (!actors.refs[i])
            continue;
        REQUIRE(pinion_actor_send(actors.refs[i], "sent", NULL) != 0);
        pinion_actor_ref_free(actors.refs[i]);
        actors.refs[i] = NULL;
    }
    REQUIRE(actors.accepted == actors.terminated);
    REQUIRE(actors.arguments_made == actors.arguments_destroyed);
    REQUIRE(actors.calls_begun == actors.calls_ended);
}

void scripted_actor_reset(void)
{
    memset(&actors, 0, sizeof actors);
}
