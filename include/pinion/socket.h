/* Sockets: one client's connection, whatever the transport; many channels share it.
 * Thread: as channels (pinion/channel.h). */
#ifndef PINION_SOCKET_H
#define PINION_SOCKET_H

#include <pinion/channel.h>

#ifdef __cplusplus
extern "C" {
#endif

/* What is known of the connection, in connect. */
typedef struct pinion_connect_info pinion_connect_info;

/* The name of the transport: "websocket", … */
PINION_API const char *pinion_connect_transport(const pinion_connect_info *info);

/* The peer's address as text ("192.0.2.7", "2001:db8::7"), or "" where there is none.
 * Lifetime: the call's. */
PINION_API const char *pinion_connect_peer(const pinion_connect_info *info);

/* The value of a request header (the name in lower case), not terminated; NULL when it was not sent.
 * Lifetime: the call's. */
PINION_API const char *pinion_connect_header(const pinion_connect_info *info, const char *name,
                                             size_t *length);

/* A topic, or a prefix of topics ending in '*', and its channel. */
typedef struct pinion_route {
    const char *topic;
    const pinion_channel_def *channel;
} pinion_route;

/* A table of routes: PINION_ROUTES({ "rooms:*", &room_channel }). The first declared match wins. */
#define PINION_ROUTES(...) ((const pinion_route[]){ __VA_ARGS__, { NULL, NULL } })

/* What a socket does. Every member may be NULL. Lifetime: borrowed; must outlive the endpoint. */
typedef struct pinion_socket_def {
    const pinion_route *channels;

    /* A client connects with these parameters (a JSON object of the query). pinion_ok(NULL) lets it,
     * pinion_error(NULL) refuses (HTTP 403), pinion_later() answers later by pinion_ref_answer. NULL lets
     * everybody. */
    pinion_result (*connect)(pinion_socket *socket, const pinion_payload *params,
                             const pinion_connect_info *info);

    /* The name of this socket, as snprintf would write it into text; it is a topic: broadcasting the event
     * "disconnect" to it closes every socket of that name. Returns the length; 0 or less, or more than 255:
     * it has no name. Called once, after connect. */
    int (*id)(pinion_socket *socket, char *text, size_t size);
} pinion_socket_def;

#define PINION_NEVER UINT32_MAX /* as a time: no limit */

/* How a socket is mounted. Zero means the default. */
typedef struct pinion_socket_options {
    uint32_t timeout_ms; /* no frame from the client for so long closes (1002): 60,000; PINION_NEVER */
    size_t max_message;  /* bytes of one message from the client, all fragments: 1 MiB; more closes (1009) */
    size_t max_queue;    /* bytes waiting for a client that does not read: 1 MiB; more closes (1008) */
    uint32_t max_channels; /* channels a socket may have joined: 100 */
    bool no_websocket;     /* not at path + "/websocket" */

    /* Long polling, at path + "/longpoll". */
    bool longpoll;               /* offer it */
    uint32_t longpoll_window_ms; /* how long a poll waits for messages: 10,000; a client that has not polled
                                  * for one and a half of them is gone */
    size_t longpoll_max_body;    /* bytes of one request's frames: 8,000,000; more is answered 400 */
} pinion_socket_options;

/* A weak handle on the socket, for pinion_ref_answer of a connect. See pinion_channel_ref. */
PINION_API pinion_ref *pinion_socket_ref(pinion_socket *socket);

PINION_API pinion_endpoint *pinion_socket_endpoint(const pinion_socket *socket);

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
