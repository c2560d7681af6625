#include "scripted_channel.h"
#include <semaphore.h>

struct state {
    unsigned joins;
    unsigned terminates;
};

/* Work waits for its release, so that what runs when does not depend on threads. */
struct work {
    sem_t released;
    struct work *next;
    char script[SCRIPT_MAX + 1];
};

struct scripted_counts scripted_counts;

static pinion_ref *refs[SCRIPT_REFS]; /* the latest ones; some NULL */
static unsigned next_ref;
static uint64_t last_timer;
static struct work *first_work;

/* ---- scripts ---- */

static void copy_script(char out[SCRIPT_MAX + 1], const char *letters, size_t len)
{
    size_t n = len < SCRIPT_MAX ? len : SCRIPT_MAX;
    if (n)
        memcpy(out, letters, n);
    out[n] = '\0';
}

/* Of JSON a string; binary bytes as they are. Anything else is no script. */
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
    return pinion_json("s", script);
}

static pinion_payload *binary(const char *script)
{
    return pinion_payload_binary(script, strlen(script));
}

/* ---- what a channel does ---- */

/* A join is answered at the latest now. */
static void drop_ref(unsigned index)
{
    if (refs[index])
        pinion_ref_answer(refs[index], pinion_ok(NULL));
    pinion_ref_free(refs[index]);
    refs[index] = NULL;
}

static void keep_ref(pinion_ref *ref)
{
    REQUIRE(ref);
    drop_ref(next_ref);
    refs[next_ref] = ref;
    next_ref = (next_ref + 1) % SCRIPT_REFS;
}

static void do_work(void *data)
{
    sem_wait(&((struct work *)data)->released);
}

static pinion_result perform(pinion_channel *channel, const char *script);

static pinion_result work_done(pinion_channel *channel, int status, void *data)
{
    struct work *work = data;
    char script[SCRIPT_MAX + 1];
    scripted_counts.dones++;
    copy_script(script, work->script, strlen(work->script));
    sem_destroy(&work->released);
    free(work);
    REQUIRE(status == 0 || status == PINION_ECLOSED);
    return perform(channel, script);
}

static void begin_work(pinion_channel *channel, const char *script)
{
    struct work *work = allocate(sizeof *work), **end = &first_work;
    *work = (struct work){ 0 };
    copy_script(work->script, script, strlen(script));
    sem_init(&work->released, 0, 0);
    if (pinion_channel_work(channel, do_work, work_done, work) != 0) {
        sem_destroy(&work->released);
        free(work);
        return;
    }
    scripted_counts.works++;
    while (*end)
        end = &(*end)->next;
    *end = work;
}

bool scripted_release_work(void)
{
    struct work *work = first_work;
    if (!work)
        return false;
    first_work = work->next;
    sem_post(&work->released);
    return true;
}

static void subscribe(pinion_channel *channel, const char *topic)
{
    int rc = pinion_subscribe(channel, topic);
    REQUIRE(rc == 0 || rc == PINION_ECLOSED);
}

static void close_socket(pinion_channel *channel)
{
    const char *id = pinion_socket_id(pinion_channel_socket(channel));
    if (id)
        pinion_endpoint_broadcast(pinion_channel_endpoint(channel), id, "disconnect", NULL);
}

static void act(pinion_channel *channel, char letter, const char *rest)
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
        pinion_send_after(channel, 50, "later", scripted_payload(rest), &last_timer);
        break;
    case 'k':
        pinion_cancel_timer(channel, last_timer);
        break;
    case 'l':
        subscribe(channel, "news");
        break;
    case 'm':
        pinion_unsubscribe(channel, "news");
        break;
    case 'n':
        begin_work(channel, rest);
        break;
    case 'o':
        keep_ref(pinion_channel_ref(channel));
        break;
    case 'p':
        close_socket(channel);
        break;
    default:
        pinion_assign(channel, "script", scripted_payload(rest));
        break;
    }
}

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

/* What is answered later can be answered: there is a ref. */
static pinion_result perform(pinion_channel *channel, const char *script)
{
    size_t len = strlen(script);
    act(channel, script[0], len > 2 ? script + 2 : "");
    if (len > 1 && script[1] == 'l')
        keep_ref(pinion_channel_ref(channel));
    return scripted_result(len > 1 ? script[1] : 'a');
}

/* ---- callbacks ---- */

static void destroy_state(void *data)
{
    struct state *state = data;
    REQUIRE(state->joins <= 1 && state->terminates == state->joins);
    scripted_counts.states_destroyed++;
    free(state);
}

static struct state *new_state(void)
{
    struct state *state = allocate(sizeof *state);
    *state = (struct state){ 0 };
    scripted_counts.states_made++;
    return state;
}

/* Lets the client in where the script does not say otherwise. */
static pinion_result join(pinion_channel *channel, const char *topic, const pinion_payload *params)
{
    char script[SCRIPT_MAX + 1];
    REQUIRE(strcmp(topic, pinion_channel_topic(channel)) == 0);
    read_script(params, script);
    pinion_channel_set_state(channel, new_state(), destroy_state);
    return script[0] ? perform(channel, script) : pinion_ok(NULL);
}

static pinion_result after_join(pinion_channel *channel, const pinion_payload *params)
{
    char script[SCRIPT_MAX + 1];
    struct state *state = pinion_channel_state(channel);
    state->joins++;
    scripted_counts.joined++;
    read_script(params, script);
    return perform(channel, strlen(script) > 2 ? script + 2 : "");
}

static pinion_result handle_event(pinion_channel *channel, const char *event, const pinion_payload *payload)
{
    char script[SCRIPT_MAX + 1];
    const struct state *state = pinion_channel_state(channel);
    REQUIRE(state->joins == 1 && state->terminates == 0);
    read_script(payload, script);
    return perform(channel, script);
}

static pinion_result handle_info(pinion_channel *channel, const pinion_info *info)
{
    REQUIRE(info->payload || info->data);
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
        act(channel, text[1], "");
}

static const pinion_channel_def room = {
    .join = join,
    .after_join = after_join,
    .handle_in = PINION_CLAUSES({ "do", handle_event }, { "push", handle_event }),
    .handle_out = PINION_CLAUSES({ "intercepted", handle_event }),
    .handle_info = handle_info,
    .terminate = terminate,
};

/* An answer that comes later comes at once, as the test kit waits for it. What is no answer is refused. */
static void answer_now(const pinion_ref *ref, char letter)
{
    pinion_result result = scripted_result(letter);
    bool answer = result.kind != PINION_RESULT_LATER && result.kind != PINION_RESULT_NOREPLY;
    REQUIRE(pinion_ref_answer(ref, result) == (answer ? 0 : PINION_EINVAL));
    if (!answer)
        REQUIRE(pinion_ref_answer(ref, pinion_ok(NULL)) == 0);
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
    pinion_ref *ref = pinion_socket_ref(socket);
    REQUIRE(ref);
    answer_now(ref, script[1]);
    keep_ref(ref);
    return pinion_later();
}

static int socket_id(pinion_socket *socket, char *text, size_t size)
{
    json_t *id = pinion_payload_tree(pinion_socket_assigned(socket, "id"));
    return snprintf(text, size, "users:%s", json_string_value(id));
}

const pinion_socket_def scripted_socket = {
    .channels = PINION_ROUTES({ "room:*", &room }),
    .connect = connect,
    .id = socket_id,
};

/* ---- refs from outside ---- */

static void destroy_data(void *data)
{
    scripted_counts.data_destroyed++;
    free(data);
}

void scripted_use_ref(unsigned index, char letter, const char *script)
{
    pinion_ref *ref = refs[index];
    if (!ref)
        return;
    switch (letter) {
    case 'a':
        pinion_ref_send(ref, "sent", scripted_payload(script));
        break;
    case 'b':
        pinion_ref_send_data(ref, "data", allocate(1), destroy_data);
        scripted_counts.data_sent++;
        break;
    case 'c':
        pinion_ref_reply(ref, "ok", scripted_payload(script));
        break;
    case 'd':
        drop_ref(index);
        break;
    default:
        pinion_ref_answer(ref, scripted_result(letter));
        break;
    }
}

bool scripted_drop_refs(void)
{
    bool any = false;
    for (unsigned i = 0; i < SCRIPT_REFS; i++) {
        any = any || refs[i];
        drop_ref(i);
    }
    return any;
}

void scripted_reset(void)
{
    memset(&scripted_counts, 0, sizeof scripted_counts);
    next_ref = 0;
    last_timer = 0;
}
