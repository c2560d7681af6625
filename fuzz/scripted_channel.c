#include "scripted_channel.h"
#include "scripted_actor.h"
#include "scripted_acts.h"
#include "scripted_order.h"
#include "scripted_refs.h"

/* The way by which a script reaches a channel. Each way is in order, but not relative to the others. */
enum way { BY_INTERCEPT, BY_TOPIC, BY_REF, BY_RUN_QUEUE, WAYS };

struct state {
    unsigned joins;
    unsigned terminates;
    struct scripted_order heard[WAYS];
};

struct scripted_counts scripted_counts;

static atomic_bool is_short;

/* ---- scripts ---- */

/* As many letters as there are. */
static void copy_script(char out[SCRIPT_MAX + 1], const char *letters, size_t len)
{
    size_t n = 0;
    while (n < len && n < SCRIPT_MAX && letters[n] >= 'a' && letters[n] <= 'z') {
        out[n] = letters[n];
        n++;
    }
    out[n] = '\0';
}

/* A string in JSON; binary bytes as they are. Anything else is an empty script. */
static void read_script(const pinion_payload *payload, char out[SCRIPT_MAX + 1])
{
    size_t len = 0;
    if (pinion_payload_kind(payload) == PINION_PAYLOAD_BINARY) {
        const char *bytes = pinion_payload_bytes(payload, &len);
        copy_script(out, bytes, len);
    } else {
        json_t *tree = pinion_payload_tree(payload);
        copy_script(out, json_string_value(tree), json_string_length(tree));
    }
}

pinion_payload *scripted_payload(const char *script)
{
    char mark[SCRIPT_MARK_MAX];
    return pinion_json("s+", script, scripted_mark(mark));
}

/* ---- states ---- */

static struct state *new_state(void)
{
    struct state *state = allocate(sizeof *state);
    *state = (struct state){ 0 };
    scripted_counts.states_made++;
    return state;
}

static void destroy_state(void *data)
{
    struct state *state = data;
    REQUIRE(state->joins <= 1 && state->terminates == state->joins);
    scripted_counts.states_destroyed++;
    free(state);
}

/* The new one continues where the old one was. */
void scripted_replace_state(pinion_channel *channel)
{
    struct state *old = pinion_channel_state(channel), *state = new_state();
    size_t made = scripted_counts.states_made;
    *state = *old;
    old->joins = old->terminates = 0;
    pinion_channel_set_state(channel, state, destroy_state);
    REQUIRE(scripted_counts.states_made == made);
}

/* ---- results ---- */

pinion_result scripted_result(char letter)
{
    switch (letter) {
    case 'b':
        return pinion_ok(pinion_json("{s:s}", "answer", "yes"));
    case 'c':
        return pinion_ok(pinion_payload_binary("yes", 3));
    case 'd':
        return pinion_error(pinion_json("[i]", 1));
    case 'e':
        return pinion_reply("maybe", NULL);
    case 'f':
        return pinion_stop(PINION_REASON_NORMAL);
    case 'g':
        return pinion_stop(PINION_REASON_SHUTDOWN);
    case 'h':
        return pinion_stop(PINION_REASON_ERROR);
    case 'i':
        return pinion_stop_reply(PINION_REASON_NORMAL, "ok", pinion_json("i", 1));
    case 'j':
        return pinion_stop_reply(PINION_REASON_ERROR, "error", NULL);
    case 'k':
        return pinion_stop_reply(PINION_REASON_NORMAL, "ok", pinion_json("nonsense"));
    case 'l':
        return pinion_later();
    case 'm':
        return pinion_crash();
    case 'n':
        return pinion_ok(pinion_json("nonsense"));
    case 'o':
        return pinion_ok(NULL);
    default:
        return pinion_noreply();
    }
}

/* An answer that comes later is possible: there is a ref, if there was memory for it. */
pinion_result scripted_perform(pinion_channel *channel, const char *script)
{
    size_t len = strlen(script);
    scripted_counts.callbacks++;
    scripted_act(channel, script[0], scripted_rest(script));
    if (len > 1 && script[1] == 'l')
        scripted_keep_ref(pinion_ref_new(channel));
    if (len > 1 && script[1] == 'p')
        return scripted_actor_later(channel, scripted_rest(script));
    return scripted_result(len > 1 ? script[1] : 'a');
}

/* ---- callbacks ---- */

/* Lets the client in if the script does not say otherwise. */
static pinion_result join(pinion_channel *channel, const char *topic, const pinion_payload *params)
{
    char script[SCRIPT_MAX + 1];
    REQUIRE(strcmp(topic, pinion_channel_topic(channel)) == 0);
    read_script(params, script);
    pinion_channel_set_state(channel, new_state(), destroy_state);
    return script[0] ? scripted_perform(channel, script) : pinion_ok(NULL);
}

static pinion_result after_join(pinion_channel *channel, const pinion_payload *params)
{
    char script[SCRIPT_MAX + 1];
    struct state *state = pinion_channel_state(channel);
    state->joins++;
    scripted_counts.joined++;
    read_script(params, script);
    return scripted_perform(channel, scripted_rest(script));
}

static pinion_result handle_event(pinion_channel *channel, const char *event, const pinion_payload *payload)
{
    char script[SCRIPT_MAX + 1];
    const struct state *state = pinion_channel_state(channel);
    REQUIRE(state->joins == 1 && state->terminates == 0);
    read_script(payload, script);
    return scripted_perform(channel, script);
}

static void note(pinion_channel *channel, enum way way, const pinion_payload *payload)
{
    struct state *state = pinion_channel_state(channel);
    size_t len;
    const char *bytes = pinion_payload_bytes(payload, &len);
    scripted_note(&state->heard[way], pinion__slice(bytes, len));
}

static pinion_result handle_out(pinion_channel *channel, const char *event, const pinion_payload *payload)
{
    note(channel, BY_INTERCEPT, payload);
    return handle_event(channel, event, payload);
}

static pinion_result handle_info(pinion_channel *channel, const pinion_info *info)
{
    REQUIRE(info->payload || info->data);
    if (info->topic)
        note(channel, BY_TOPIC, info->payload);
    else if (strcmp(info->name, "sent") == 0)
        note(channel, BY_REF, info->payload);
    else if (strcmp(info->name, "now") == 0)
        note(channel, BY_RUN_QUEUE, info->payload);
    return handle_event(channel, info->name, info->payload);
}

static void terminate(pinion_channel *channel, pinion_reason reason)
{
    struct state *state = pinion_channel_state(channel);
    const pinion_payload *script = pinion_assigned(channel, "script");
    size_t len = 0;
    const char *text = script ? pinion_payload_bytes(script, &len) : "";
    state->terminates++;
    scripted_counts.terminated++;
    if (len > 2) /* a JSON string, in quotes */
        scripted_act(channel, text[1], "");
}

static const pinion_channel_def room = {
    .join = join,
    .after_join = after_join,
    .handle_in = PINION_CLAUSES({ "do", handle_event }, { "push", handle_event }),
    .handle_out = PINION_CLAUSES({ "intercepted", handle_out }),
    .handle_info = handle_info,
    .terminate = terminate,
};

/* A letter that is not an answer refuses. */
static void answer_now(const pinion_ref *ref, char letter)
{
    pinion_result result = scripted_result(letter);
    bool answer = result.kind != PINION_RESULT_LATER && result.kind != PINION_RESULT_NOREPLY;
    int rc = pinion_ref_answer(ref, result);
    REQUIRE(rc == (answer ? 0 : PINION_EINVAL) || (rc == PINION_ENOMEM && scripted_short()));
}

static pinion_result connect(pinion_socket *socket, const pinion_payload *params,
                             const pinion_connect_info *info)
{
    char script[SCRIPT_MAX + 1];
    json_t *letters = pinion_payload_get(params, "script");
    copy_script(script, json_string_value(letters), json_string_length(letters));
    pinion_socket_set_state(socket, new_state(), destroy_state);
    pinion_socket_assign(socket, "id", pinion_json("O", pinion_payload_get(params, "id")));
    if (script[0] != 'l')
        return script[0] ? scripted_result(script[0]) : pinion_ok(NULL);
    pinion_ref *ref = pinion_ref_new_socket(socket);
    if (ref && script[1])
        answer_now(ref, script[1]);
    scripted_keep_ref(ref);
    return pinion_later();
}

static int socket_id(pinion_socket *socket, char *text, size_t size)
{
    json_t *id = pinion_payload_tree(pinion_socket_assigned(socket, "id"));
    return id ? snprintf(text, size, "users:%s", json_string_value(id)) : 0;
}

const pinion_socket_def scripted_socket = {
    .channels = PINION_ROUTES({ "room:*", &room }),
    .connect = connect,
    .id = socket_id,
};

bool scripted_short(void)
{
    return atomic_load_explicit(&is_short, memory_order_relaxed);
}

void scripted_set_short(void)
{
    atomic_store_explicit(&is_short, true, memory_order_relaxed);
}

void scripted_reset(void)
{
    memset(&scripted_counts, 0, sizeof scripted_counts);
    scripted_forget_timer();
    atomic_store_explicit(&is_short, false, memory_order_relaxed);
}
