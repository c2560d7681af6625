/* Sockets: one client's connection, whatever the transport; many channels share it.
 * Thread: as channels (pinion/channel.h). */
#ifndef PINION_SOCKET_H
#define PINION_SOCKET_H

#include <pinion/channel.h>
#include <pinion/connect.h>
#include <pinion/serializer.h>

#ifdef __cplusplus
extern "C" {
#endif

/* A topic, or a prefix of topics ending in '*', and its channel. */
typedef struct pinion_route {
    const char *topic;                 /* "rooms:lobby", "rooms:*" */
    const pinion_channel_def *channel; /* what its channels do */
} pinion_route;

/* A table of routes: PINION_ROUTES({ "rooms:*", &room_channel }). The first declared match wins. */
#define PINION_ROUTES(...) ((const pinion_route[]){ __VA_ARGS__, { NULL, NULL } })

/* What a socket does. Every member may be NULL. Lifetime: borrowed; must outlive the endpoint. */
typedef struct pinion_socket_def {
    const pinion_route *channels; /* which topics it serves: PINION_ROUTES */

    /* A client connects with these parameters (a JSON object of the query). pinion_ok(NULL) lets it,
     * pinion_error(reason) refuses (HTTP 403, or what the mount's error_handler makes of a reason that is not
     * NULL), pinion_later() answers later by pinion_ref_answer. NULL lets everybody. */
    pinion_result (*connect)(pinion_socket *socket, const pinion_payload *params,
                             const pinion_connect_info *info);

    /* The name of this socket, as snprintf would write it into text; it is a topic: broadcasting the event
     * "disconnect" to it closes every socket of that name. Returns the length; 0 or less: it has no name; nor
     * has it with more than 255, or with what is not UTF-8, which is warned of. Called once, after connect.
     */
    int (*id)(pinion_socket *socket, char *text, size_t size);
} pinion_socket_def;

#define PINION_NEVER UINT32_MAX /* as a time: no limit */

/* A list of strings, as an option: PINION_LIST("https://example.com", "//example.org:8080"). Lists are
 * copied. */
#define PINION_LIST(...) ((const char *const[]){ __VA_ARGS__, NULL })

/* So many a second on average, and a burst of so many at once after a quiet time (0: one second's worth).
 * per_second 0: no limit. */
typedef struct pinion_rate {
    uint32_t per_second; /* on average; 0: no limit */
    uint32_t burst;      /* at once; 0: as many as per_second */
} pinion_rate;

/* An answer over HTTP, to be given by pinion_response_send. */
typedef struct pinion_response pinion_response;

/* How a socket is mounted. Zero means the default. */
typedef struct pinion_socket_options {
    /* The application's own data for the callbacks of this mount: see pinion_socket_context. All loops share
     * it, so what it points to must be const, locked or atomic. It is borrowed and must outlive the endpoint.
     * Default: that of pinion_endpoint_options. */
    void *context;
    uint32_t timeout_ms;  /* no frame from the client for so long closes (1002), up to a sixteenth later:
                           * 60,000; PINION_NEVER */
    size_t max_message;   /* bytes of one message from the client, all fragments: 1 MiB; more closes (1009) */
    size_t max_queue;     /* bytes of memory that waits for a client that does not read, some 90 for each
                           * frame included: 1 MiB; more closes (1008) */
    bool drop_broadcasts; /* no: broadcasts make room first, the oldest first (an eighth of max_queue at
                           * once); only what is left of replies and pushes may close. Counted */
    uint32_t max_channels; /* channels a socket may have joined: 100 */
    uint32_t max_timers;   /* timers of one channel: 1,000; more are refused (PINION_EBUSY) */
    uint32_t max_name;     /* bytes of a topic, an event, a ref: 255, which is the most; more closes (1011) */
    uint32_t max_depth;    /* of JSON within JSON: 128, which is the most; more closes (1011) */

    /* What a client may send; more is answered with the error {"reason":"rate limited"} and counted, and goes
     * nowhere. All that a client sends counts, also what nothing takes: joins of topics without a route,
     * messages to topics that are not joined. Heartbeats and pings count as messages, but are answered in any
     * case; leaving what was joined is free. Of a raw socket, more messages close it (1008). */
    pinion_rate messages;         /* of one socket, to all its channels or to none; no limit */
    pinion_rate channel_messages; /* to one channel; no limit */
    pinion_rate joins;            /* of one socket; no limit */

    /* What reaches no channel: heartbeats, pings and pongs, joins and messages that nothing takes, messages
     * over a rate. 1,000 a second, and (burst 0) ten seconds' worth at once; per_second PINION_NEVER: no
     * limit. On excess the client's frames are held back for a moment, so that it can send no faster, and
     * counted; one that goes on so for 30 s is closed (1008). */
    pinion_rate overhead;

    /* Ask a client for a sign of life, for proxies that cut quiet connections: a WebSocket ping whenever
     * nothing has come for ping_interval_ms (0: never), and the end (1002) when still nothing comes for
     * ping_timeout_ms more (10,000). */
    uint32_t ping_interval_ms;
    uint32_t ping_timeout_ms;

    bool no_websocket;  /* not at path + "/websocket" */
    bool own_transport; /* clients come by a transport of your own (pinion/transport.h). Only then may a mount
                         * have neither WebSocket nor long polling; otherwise it is refused */

    /* Which pages may connect, by the Origin header that a browser sends; who sends none is no page. The
     * default is the request's own scheme, host and port. A refusal is logged, with what to do. A request
     * with two such headers is refused. */
    bool any_origin;
    const char *const *origins; /* those: "https://example.com"; "//example.com" of any scheme and port; a
                                 * host that begins with "*." is that domain and all below it. What no page
                                 * can have, or another '*', is refused at mount (PINION_EINVAL) */
    /* Decides alone, if it is set. `context` is as of pinion_socket_context. */
    bool (*check_origin)(pinion_slice origin, const pinion_connect_info *info, void *context);

    bool auth_token; /* take the token of clients with the option authToken, see pinion_connect_auth_token */
    const char *const *subprotocols; /* of WebSocket: the first here that a client offers is agreed on; a
                                      * client that offers none of them (but others) is refused */

    /* Serializers of the application's own, by version: PINION_SERIALIZERS({ "3.0", &my_serializer }). The
     * table is copied; what it names must outlive the endpoint. */
    const pinion_serializer_route *serializers;

    /* Answer a connect over WebSocket that was refused with a reason, instead of an empty 403; long polling
     * answers 403 in any case. Called like connect; `context` is as of pinion_socket_context. */
    void (*error_handler)(const pinion_payload *reason, pinion_response *response, void *context);

    /* Long polling, at path + "/longpoll". */
    bool longpoll;               /* offer it */
    uint32_t longpoll_window_ms; /* how long a poll waits for messages: 10,000; a client that has not polled
                                  * for one and a half of them (and 64 ms for each KiB of the last answer) is
                                  * gone */
    uint32_t longpoll_max_batch; /* frames of one request; more are answered 400, and none is taken. As many
                                  * as fit into longpoll_max_body */
    size_t longpoll_max_body;    /* bytes of one request's frames: 8,000,000; more is answered 400 */
} pinion_socket_options;

/* How long the structs are that a socket is mounted with, as the program knows them. Made by
 * pinion_mount_sizes_of, for the functions with _sized (pinion/version.h). */
typedef struct pinion_mount_sizes {
    size_t sizes;            /* sizeof(pinion_mount_sizes) */
    size_t definition;       /* of pinion_socket_def, or of pinion_raw_socket_def */
    size_t options;          /* of pinion_socket_options */
    size_t route;            /* of pinion_route, and so on */
    size_t channel_def;      /* of pinion_channel_def */
    size_t clause;           /* of pinion_clause */
    size_t serializer_route; /* of pinion_serializer_route */
} pinion_mount_sizes;
static inline pinion_mount_sizes pinion_mount_sizes_of(size_t definition)
{
    pinion_mount_sizes sizes;
    sizes.sizes = sizeof(pinion_mount_sizes);
    sizes.definition = definition;
    sizes.options = sizeof(pinion_socket_options);
    sizes.route = sizeof(pinion_route);
    sizes.channel_def = sizeof(pinion_channel_def);
    sizes.clause = sizeof(pinion_clause);
    sizes.serializer_route = sizeof(pinion_serializer_route);
    return sizes;
}

/* A weak handle on the socket, for pinion_ref_answer of a connect. See pinion_ref_new. */
PINION_API pinion_ref *pinion_ref_new_socket(pinion_socket *socket);

/* The endpoint it is mounted on. */
PINION_API pinion_endpoint *pinion_socket_endpoint(const pinion_socket *socket);

/* The application's own data: the context of the mount's options, else that of the endpoint's, else NULL.
 * Thread: as everything of a socket. */
PINION_API void *pinion_socket_context(const pinion_socket *socket);

/* The name the id callback gave, or NULL. Lifetime: the socket's. */
PINION_API const char *pinion_socket_id(const pinion_socket *socket);

/* State and assigns, as a channel's. */
PINION_API void pinion_socket_set_state(pinion_socket *socket, void *state, void (*destroy)(void *state));
PINION_API void *pinion_socket_state(const pinion_socket *socket);
PINION_API int pinion_socket_assign(pinion_socket *socket, const char *key, pinion_payload *value);
PINION_API const pinion_payload *pinion_socket_assigned(const pinion_socket *socket, const char *key);

#ifdef __cplusplus
}
#endif
#endif
