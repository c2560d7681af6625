/* Sockets: one client's connection, whatever the transport; many channels share it.
 *
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

/* A table of routes, for definitions at file scope: PINION_ROUTES({ "rooms:*", &room_channel }). The first
 * declared match wins. */
#define PINION_ROUTES(...) PINION_TABLE(const pinion_route, __VA_ARGS__, { NULL, NULL })

/* What a socket does. Every member may be NULL.
 *
 * Ownership: borrowed; must outlive the endpoint. */
typedef struct pinion_socket_def {
    const pinion_route *channels; /* which topics it serves: PINION_ROUTES */

    /* A client connects with these parameters (the query, as a JSON object). pinion_ok(NULL) accepts it.
     * pinion_error(reason) refuses it: HTTP 403, or what the mount's error_handler makes of a reason that is
     * not NULL. pinion_later() answers later, with the done of pinion_socket_work or with pinion_ref_answer.
     * NULL: everybody may connect. */
    pinion_result (*connect)(pinion_socket *socket, const pinion_payload *params,
                             const pinion_connect_info *info);

    /* Called once, after connect: write the socket's id into text, as snprintf would, and return its length.
     * The id is a topic: broadcasting the event "disconnect" to it closes all sockets with this id, with the
     * code 1001, or the one that its payload names: {"code": 4001}. Applications may use 1000 and 3000 to
     * 4999; after 1000 a client does not come back. 0 or less: the socket has no id. It also has none if the
     * id has more than 255 bytes or is not UTF-8; this is logged at warning. */
    int (*id)(pinion_socket *socket, char *text, size_t size);

    /* The client has caught up: as `drained` of pinion_channel_def, and before those of the channels. */
    void (*drained)(pinion_socket *socket);
} pinion_socket_def;

#define PINION_NEVER UINT32_MAX /* as a time: no limit */

/* A list of strings, as an option: PINION_LIST("https://example.com", "//example.org:8080"). Lists are
 * copied. */
#define PINION_LIST(...) PINION_TABLE(const char *const, __VA_ARGS__, NULL)

/* A rate: so many a second on average, and a burst of so many at once after a quiet time. */
typedef struct pinion_rate {
    uint32_t per_second; /* On average. A number. Default: no limit. */
    uint32_t burst;      /* At once. A number. Default: as many as per_second. */
} pinion_rate;

/* An answer over HTTP, to be given by pinion_response_send. */
typedef struct pinion_response pinion_response;

/* How a socket is mounted. Zero means the default. */
typedef struct pinion_socket_options {
    /* The application's own data for the callbacks of this mount (pinion_socket_context). A pointer that all
     * loops share: what it points to is const, or locked, or atomic. Borrowed; must outlive the endpoint.
     * Default: the context of pinion_endpoint_options. */
    void *context;

    /* ---- transports ---- */

    bool no_websocket;           /* Leave out path + "/websocket". Default: false. */
    bool longpoll;               /* Offer long polling, at path + "/longpoll". Default: false. */
    uint32_t longpoll_window_ms; /* How long a poll waits for messages. A client that has not polled for one
                                    and a half of it, plus 64 ms for each KiB of the last answer, is gone.
                                    Milliseconds. Default: 10,000. */
    size_t longpoll_max_body;    /* The frames of one request. Bytes. Default: 8,000,000. On excess: 400. */
    uint32_t longpoll_max_batch; /* The frames of one request. A number. Default: as many as fit into
                                    longpoll_max_body. On excess: 400, and none of them is taken. */
    bool own_transport;          /* Clients use a transport of your own (pinion/transport.h). Only then may a
                                    mount have neither WebSocket nor long polling. Default: false. */

    /* ---- who may connect ---- */

    /* The pages that may connect, by the Origin header that a browser sends: "https://example.com", or
     * "//example.com" for any scheme and port. A host that begins with "*." is this domain and all below it.
     * A client that sends no such header is not a page, and may connect. A client that sends two is refused.
     * A refusal is logged, with what to do. An origin that no page can have, or with another '*', is refused
     * at mount (PINION_EINVAL). Default: the request's own scheme, host and port. */
    const char *const *origins;
    bool any_origin; /* Let in pages of any origin. Default: false. */
    /* Decide with a function instead of `origins`. True: the page may connect. `context` is the one of
     * pinion_socket_context. Thread: as connect. Default: NULL. */
    bool (*check_origin)(pinion_slice origin, const pinion_connect_info *info, void *context);
    bool auth_token; /* Take the token of clients with the option authToken (pinion_connect_auth_token).
                        Default: false. */
    /* Answer a connect over WebSocket that was refused with a reason, instead of an empty 403. Long polling
     * always answers 403. `context` is the one of pinion_socket_context. Thread: as connect. Default: NULL.
     */
    void (*error_handler)(const pinion_payload *reason, pinion_response *response, void *context);

    /* ---- protocols ---- */

    /* Subprotocols of WebSocket. The first in this list that a client offers is chosen. A client that offers
     * only others is refused. Default: none. */
    const char *const *subprotocols;
    /* The application's own serializers, by version: PINION_SERIALIZERS({ "3.0", &my_serializer }). The table
     * is copied; the serializers must outlive the endpoint. Default: none. */
    const pinion_serializer_route *serializers;

    /* ---- how much a client may send ---- */

    size_t max_message;    /* One message from the client, all of its fragments. Bytes. Default: 1 MiB. On
                              excess: closed (1009). */
    uint32_t max_name;     /* A topic, an event, a ref. Bytes, up to 255. Default: 255. On excess: closed
                              (1011). */
    uint32_t max_depth;    /* JSON within JSON. Levels, up to 128. Default: 128. On excess: closed (1011). */
    uint32_t max_channels; /* Channels that a socket has joined. A number. Default: 100. On excess: the join
                              is refused. */
    uint32_t max_timers;   /* Timers of one channel (pinion_send_after). A number. Default: 1,000. On excess:
                              PINION_EBUSY. */

    /* Messages and joins that come faster are answered with the error {"reason":"rate limited"}, counted
     * (`rate_limited`) and dropped. Everything that a client sends counts, also joins of topics without a
     * route and messages to topics that are not joined. Heartbeats and pings count as messages, but are
     * always answered. Leaving a joined topic does not count. A raw socket is closed instead (1008). */
    pinion_rate messages;         /* Messages of one socket, to all its channels or to none. Default: no
                                     limit. */
    pinion_rate channel_messages; /* Messages to one channel. Default: no limit. */
    pinion_rate joins;            /* Joins of one socket. Default: no limit. */
    /* What reaches no channel: heartbeats, pings and pongs, joins and messages that nothing takes, messages
     * over a rate. Default: 1,000 a second, and ten seconds' worth at once; per_second PINION_NEVER: no
     * limit. On excess: the client's frames are held back for a moment, so that it cannot send faster, and
     * this is counted (`held_back`); a client that goes on like this for 30 s is closed (1008). */
    pinion_rate overhead;

    /* ---- how much waits for a client ---- */

    size_t max_queue;     /* The frames that wait for a client, with about 90 bytes for each. Bytes of memory.
                             Default: 1 MiB. On excess: closed (1008). */
    bool drop_broadcasts; /* Drop broadcasts before that, the oldest first, an eighth of max_queue at once
                             (`skipped`). What handle_out pushes is a broadcast too, and so is what
                             pinion_push_droppable sends. Then only replies and other pushes can close the
                             client. Default: false. */

    /* How much the kernel may take for a client before it can send it (TCP_NOTSENT_LOWAT, tcp(7)). It waits
     * there too, but counts in no limit, and nothing newer can take its place: with a small value, clients
     * are found slow early (max_queue, drained). Bytes. For WebSockets. Default: 0, as much as the kernel
     * likes: megabytes. */
    uint32_t max_unsent;

    /* ---- when it leaves ---- */

    /* How long frames for a client may wait for others, so that all of them leave in one send: where many
     * small frames go to each client, a few milliseconds save most of the cost. Frames leave earlier when 16
     * KiB wait, and before a pong or a close. Long polling answers a poll that waits after this time.
     * Milliseconds, up to 1,000. Default: 0, frames leave at the end of the loop's turn. */
    uint32_t flush_delay_ms;
    bool flush_replies; /* A reply does not wait for flush_delay_ms: it leaves in this turn, with all that was
                           queued before it. Default: false. */

    /* ---- silence ---- */

    uint32_t timeout_ms;       /* How long a client may send nothing. It is noticed up to a sixteenth later.
                                  Time in which the server does not read it, as too many of its frames wait
                                  for a busy channel, does not count. Milliseconds, or PINION_NEVER.
                                  Default: 60,000. On excess: closed (1002). */
    uint32_t ping_interval_ms; /* Send a WebSocket ping whenever nothing has come for so long, for proxies
                                  that cut quiet connections. Milliseconds. Default: never. */
    uint32_t ping_timeout_ms;  /* How long such a ping may go unanswered; time as above does not count.
                                  Milliseconds. Default: 10,000. On excess: closed (1002). */
} pinion_socket_options;

/* The sizes of the structs that a socket is mounted with, as the program knows them. pinion_mount_sizes_of
 * makes it, for the functions with _sized (pinion/version.h). */
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

/* Make a weak handle on the socket, for pinion_ref_answer of a connect. It works like the ref of a channel
 * (pinion_ref_new).
 *
 * Ownership: the caller's, until pinion_ref_free.
 *
 * Errors: NULL: out of memory, or the socket has ended. */
PINION_API pinion_ref *pinion_ref_new_socket(pinion_socket *socket);

/* Runs on the socket's loop when the work of its connect is over: status 0, or PINION_ECLOSED when the client
 * is gone. */
typedef pinion_result pinion_socket_done_fn(pinion_socket *socket, int status, void *data);

/* In connect, do what would block the loop (look up a session in a database) on another thread: work(data)
 * there, and then done(socket, status, data) on the loop, exactly once. If connect returned pinion_later(),
 * what done returns is the answer. If it returned an answer itself, done returns pinion_noreply(); what else
 * it returns is logged and dropped. done may assign, set the state, and begin other work. The parameters and
 * the info of connect are gone by then: copy what work needs.
 *
 * An endpoint that stops waits for work that has begun, and its done gets PINION_ECLOSED.
 *
 * Ownership: data is the caller's, to be freed in done; on failure neither function is called.
 *
 * Lifetime: the socket's memory lives until done has returned.
 *
 * Errors: PINION_EINVAL: no connect of this socket is under way (it was called in another callback, or the
 * connect has been answered); PINION_EBUSY: earlier work of this connect is not done yet; PINION_ECLOSED: the
 * client is gone (in a done with this status), or the loop ends; PINION_ENOMEM: out of memory, or no thread
 * can be started. */
PINION_API PINION_CHECKED int pinion_socket_work(pinion_socket *socket, pinion_work_fn *work,
                                                 pinion_socket_done_fn *done, void *data);

/* The endpoint that the socket is mounted on. */
PINION_API pinion_endpoint *pinion_socket_endpoint(const pinion_socket *socket);

/* The application's own data: the context of the mount's options, else of the endpoint's, else NULL. */
PINION_API void *pinion_socket_context(const pinion_socket *socket);

/* The id that the id callback gave, or NULL.
 *
 * Lifetime: the socket's. */
PINION_API const char *pinion_socket_id(const pinion_socket *socket);

/* How much waits for this client: bytes of memory, counted as max_queue counts them (some 90 for each frame,
 * and its own bytes). Frames count that wait for others (flush_delay_ms), or for the next poll. What the
 * kernel has taken, or a poll, has left and does not count, whether or not the client has read it. 0 when
 * nothing waits, when the client is gone, and for a transport of the application that does not say. */
PINION_API size_t pinion_socket_queued(const pinion_socket *socket);

/* True while the client is behind: more than a quarter of max_queue waited for it, or a push was refused for
 * want of room (PINION_EBUSY), and `drained` has still to be called. So what is held back because of this is
 * certain to be asked for. False where neither the socket nor any channel of its definition has `drained`. */
PINION_API bool pinion_socket_is_behind(const pinion_socket *socket);

/* The state and the assigns of a socket. They work like those of a channel (pinion_channel_set_state,
 * pinion_assign). Its channels start with a copy of its assigns.
 *
 * Errors: of pinion_socket_assign: PINION_EPAYLOAD: the value could not be built; PINION_EUTF8: the key is
 * not UTF-8; PINION_ENOMEM: out of memory. */
PINION_API void pinion_socket_set_state(pinion_socket *socket, void *state, void (*destroy)(void *state));
PINION_API void *pinion_socket_state(const pinion_socket *socket);
PINION_API int pinion_socket_assign(pinion_socket *socket, const char *key, pinion_payload *value);
PINION_API const pinion_payload *pinion_socket_assigned(const pinion_socket *socket, const char *key);

#ifdef __cplusplus
}
#endif
#endif
