/* A supervised server whose children do as a file says, for tests of what goes wrong.
 *
 *   supervised --port N [--loops N] [--io ENGINE] [--pubsub URL]
 *
 * SUPERVISED_PLAN names the file, which each child reads when it starts; no file is an empty plan:
 *
 *   exit N    exits with this status, before it is ready
 *   hang      stands still before it is ready
 *   crash     crashes as soon as it has said that it is ready
 *   port N    has a second endpoint, on this port
 *
 * SUPERVISED_START_MS, SUPERVISED_PERIOD_MS, SUPERVISED_BACKOFF_MS and SUPERVISED_EXCLUSIVE are the
 * supervisor's options; SUPERVISED_DRAIN_BATCH and SUPERVISED_DRAIN_INTERVAL_MS are the endpoint's.
 *
 * GET /pid says which child answers. POST /tell/ROOM/NUMBER broadcasts {"n": NUMBER} to "room:ROOM". The
 * parameter "user" is the id of a socket, as "user:NAME". Channels "room:*" track the user, say which child
 * they are of
 * ("pid"), echo, shout, and kick ("kick" disconnects the user of that name). They carry long polling too. */
#include <getopt.h>
#include <pinion/pinion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static char plan[64];

static bool planned(const char *word, int *number)
{
    size_t len = strlen(word);
    if (strncmp(plan, word, len) != 0)
        return false;
    if (number)
        *number = atoi(plan + len);
    return true;
}

static void read_plan(void)
{
    const char *path = getenv("SUPERVISED_PLAN");
    FILE *file = path ? fopen(path, "r") : NULL;
    if (!file)
        return;
    if (!fgets(plan, sizeof plan, file))
        plan[0] = '\0';
    fclose(file);
}

static pinion_result echo(pinion_channel *channel, const char *event, const pinion_payload *payload)
{
    return pinion_ok(pinion_payload_ref(payload));
}

static pinion_presence *presence;

static pinion_result after_join(pinion_channel *channel, const pinion_payload *params)
{
    const pinion_payload *user = pinion_assigned(channel, "user");
    if (user)
        pinion_presence_track(presence, channel, json_string_value(pinion_payload_tree(user)), NULL);
    pinion_presence_push_state(presence, channel);
    return pinion_noreply();
}

static pinion_result tell_pid(pinion_channel *channel, const char *event, const pinion_payload *payload)
{
    return pinion_ok(pinion_json("{s:i}", "pid", (int)getpid()));
}

static pinion_result kick(pinion_channel *channel, const char *event, const pinion_payload *payload)
{
    char topic[64];
    const char *name = json_string_value(pinion_payload_get(payload, "user"));
    snprintf(topic, sizeof topic, "user:%s", name ? name : "");
    int rc = pinion_endpoint_broadcast(pinion_channel_endpoint(channel), topic, "disconnect", NULL);
    return rc ? pinion_crash() : pinion_ok(NULL);
}

static pinion_result shout(pinion_channel *channel, const char *event, const pinion_payload *payload)
{
    pinion_broadcast(channel, "shout", pinion_payload_ref(payload));
    return pinion_noreply();
}

static const pinion_channel_def room_channel = {
    .after_join = after_join,
    .handle_in = PINION_CLAUSES({ "echo", echo }, { "shout", shout }, { "pid", tell_pid }, { "kick", kick }),
};

static pinion_result connect_user(pinion_socket *socket, const pinion_payload *params,
                                  const pinion_connect_info *info)
{
    const char *user = json_string_value(pinion_payload_get(params, "user"));
    if (user)
        pinion_socket_assign(socket, "user", pinion_json("s", user));
    return pinion_ok(NULL);
}

static int user_id(pinion_socket *socket, char *text, size_t size)
{
    const pinion_payload *user = pinion_socket_assigned(socket, "user");
    return user ? snprintf(text, size, "user:%s", json_string_value(pinion_payload_tree(user))) : 0;
}

static const pinion_socket_def user_socket = {
    .connect = connect_user,
    .id = user_id,
    .channels = PINION_ROUTES({ "room:*", &room_channel }),
};

static void say_pid(const pinion_request *request, pinion_response *response, void *data)
{
    char text[16];
    int len = snprintf(text, sizeof text, "%d", (int)getpid());
    pinion_response_send(response, 200, "text/plain", text, (size_t)len);
}

static void tell_all(pinion_request *request, void *context)
{
    pinion_endpoint *endpoint = pinion_request_endpoint(request);
    const char *number = pinion_request_path_param(request, "number");
    char topic[64];
    snprintf(topic, sizeof topic, "room:%s", pinion_request_path_param(request, "room"));
    int rc = pinion_endpoint_broadcast(endpoint, topic, "number", pinion_json("{s:i}", "n", atoi(number)));
    pinion_request_answer_text(request, rc ? 500 : 200, "told");
}

static void say_port(uint16_t port, void *data)
{
    printf("listening on 127.0.0.1:%u\n", port);
    fflush(stdout);
}

static void crash(void *data)
{
    abort();
}

static void on_ready(pinion_endpoint *endpoint, void *data)
{
    if (planned("crash", NULL) && pinion_endpoint_post(endpoint, 0, crash, NULL) != 0)
        abort();
}

static uint32_t number_of(const char *name)
{
    const char *text = getenv(name);
    return text ? (uint32_t)strtoul(text, NULL, 10) : 0;
}

static int set_options(int argc, char **argv, pinion_endpoint_options *options)
{
    static const struct option known[] = { { "port", required_argument, NULL, 'p' },
                                           { "loops", required_argument, NULL, 'l' },
                                           { "io", required_argument, NULL, 'i' },
                                           { "pubsub", required_argument, NULL, 'b' },
                                           { NULL, 0, NULL, 0 } };
    int option;
    while ((option = getopt_long(argc, argv, "", known, NULL)) != -1) {
        if (option == 'p')
            options->port = (uint16_t)atoi(optarg);
        else if (option == 'l')
            options->loops = (unsigned)atoi(optarg);
        else if (option == 'i')
            options->io = optarg;
        else if (option == 'b')
            options->pubsub = optarg;
        else
            return 2;
    }
    return 0;
}

static int supervise(const pinion_endpoint_options *options, char **argv)
{
    return pinion_supervise(
        &(pinion_supervise_options){
            .host = options->host,
            .port = options->port,
            .listeners = options->loops,
            .start_timeout_ms = number_of("SUPERVISED_START_MS"),
            .restart_period_ms = number_of("SUPERVISED_PERIOD_MS"),
            .backoff_min_ms = number_of("SUPERVISED_BACKOFF_MS"),
            .exclusive = getenv("SUPERVISED_EXCLUSIVE") != NULL,
            .ready = say_port,
        },
        argv);
}

/* The sockets that were passed are the first's. */
static int start_second(pinion_endpoint *first, pinion_endpoint **second, const char *io)
{
    int port = 0;
    if (!planned("port ", &port))
        return 0;
    int rc = pinion_endpoint_listen(first);
    if (!rc)
        rc = pinion_endpoint_new(
            second,
            &(pinion_endpoint_options){ .host = "127.0.0.1", .port = (uint16_t)port, .loops = 1, .io = io });
    if (!rc)
        rc = pinion_endpoint_get(*second, "/pid", say_pid, NULL);
    return rc ? rc : pinion_endpoint_start(*second);
}

static int serve(const pinion_endpoint_options *options)
{
    pinion_endpoint *endpoint = NULL, *second = NULL;
    int rc = pinion_endpoint_new(&endpoint, options);
    if (!rc)
        rc = pinion_endpoint_socket(endpoint, "/socket", &user_socket,
                                    &(pinion_socket_options){ .longpoll = true });
    if (!rc)
        rc = pinion_presence_new(&presence, endpoint, &(pinion_presence_options){ .diff_at_once = true });
    if (!rc)
        rc = pinion_endpoint_get(endpoint, "/pid", say_pid, NULL);
    if (!rc)
        rc = pinion_endpoint_http(endpoint, "POST", "/tell/:room/:number", tell_all, NULL);
    if (!rc)
        rc = start_second(endpoint, &second, options->io);
    if (!rc)
        rc = pinion_endpoint_run(endpoint);
    pinion_endpoint_free(second);
    pinion_endpoint_free(endpoint);
    return pinion_exit(rc);
}

int main(int argc, char **argv)
{
    pinion_endpoint_options options = { .host = "127.0.0.1",
                                        .ready = on_ready,
                                        .drain_batch = number_of("SUPERVISED_DRAIN_BATCH"),
                                        .drain_interval_ms = number_of("SUPERVISED_DRAIN_INTERVAL_MS") };
    int status;
    if (set_options(argc, argv, &options) != 0)
        return 2;
    int rc = supervise(&options, argv);
    if (rc)
        return pinion_exit(rc);
    read_plan();
    if (planned("exit ", &status))
        return status;
    while (planned("hang", NULL))
        pause();
    return serve(&options);
}
