/* The chat: a page, and one room for everybody. */
#include "chat.h"
#include "online_channel.h"
#include "program.h"
#include "room_channel.h"
#include "user.h"

/* The directory of the page, from the program's own. A package may have another place for it. */
#ifndef CHAT_PAGE
#define CHAT_PAGE "../share/chat"
#endif

static const pinion_route channels[] = {
    { "rooms:*", &room_channel },
    { "online:*", &online_channel },
    { NULL, NULL },
};

static const pinion_socket_def anybody = { .channels = channels };
static const pinion_socket_def known = { .channels = channels, .connect = connect_with_token };

int main(int argc, char **argv)
{
    bool tokens = false, metrics = false;
    const program_flag flags[] = {
        { "require-token", "let in only clients with a token; GET /token?user=NAME gives one",
          .given = &tokens },
        { "metrics", "serve metrics for Prometheus at /metrics, to everybody", .given = &metrics },
        { .name = NULL },
    };
    struct chat chat = { NULL };
    pinion_endpoint_options options = { .port = 4000, .context = &chat };
    pinion_endpoint *endpoint = NULL;
    int stop = program_options(argc, argv, flags, &options);
    if (stop)
        return stop - 1;

    int rc = pinion_endpoint_new(&endpoint, &options);
    if (!rc)
        rc = pinion_presence_new(&chat.presence, endpoint, NULL);
    if (!rc)
        rc = pinion_endpoint_socket(endpoint, "/socket", tokens ? &known : &anybody,
                                    &(pinion_socket_options){ .longpoll = true, .auth_token = tokens });
    if (!rc && tokens)
        rc = tokens_work(endpoint);
    if (!rc)
        rc = pinion_endpoint_get(endpoint, "/token", token_page, tokens ? endpoint : NULL);
    if (!rc && metrics)
        rc = pinion_endpoint_metrics(endpoint, "/metrics", NULL);
    if (!rc)
        rc = pinion_endpoint_static(endpoint, "/", CHAT_PAGE);
    if (!rc)
        rc = pinion_endpoint_run(endpoint);
    pinion_endpoint_free(endpoint);
    return pinion_exit(rc);
}
