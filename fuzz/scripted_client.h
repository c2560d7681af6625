/* A client of the scripted socket, over the in-process transport. It makes what it sends, and checks what it
 * gets: it can be read, it comes in order, and no message is replied to twice. Heartbeats and joins are
 * answered, or the socket is closed. */
#ifndef PINION_FUZZ_SCRIPTED_CLIENT_H
#define PINION_FUZZ_SCRIPTED_CLIENT_H

#include "scripted_order.h"
#include "testing/loopback.h"

#define TOPICS 3 /* room:0 and so on */

struct scripted_client {
    struct pinion_loopback connection;
    bool exists;
    bool v1;
    struct scripted_order heard;
    unsigned heartbeats;    /* those that are not answered yet */
    unsigned joins[TOPICS]; /* the number of the last join, while it is not answered; 0 */
};

void scripted_client_connect(struct scripted_client *client, struct pinion_shard *shard,
                             const struct pinion_mount *mount, const char *vsn, unsigned id,
                             const char *script);
void scripted_client_disconnect(struct scripted_client *client);

/* Free what it holds. The loop must have run since the client has gone. */
void scripted_client_release(struct scripted_client *client);

/* True while it has neither gone nor been closed. */
bool scripted_client_is_there(const struct scripted_client *client);

/* Send a message, which gets a ref. join_ref is JSON. */
void scripted_client_send(struct scripted_client *client, const char *event, unsigned topic,
                          const char *join_ref, const char *script);
void scripted_client_send_bytes(struct scripted_client *client, bool binary, struct pinion_slice bytes);
void scripted_client_heartbeat(struct scripted_client *client);

/* Check everything that came. */
void scripted_client_read(struct scripted_client *client);

/* Nothing is due any more, so every client that is there must have been answered. */
void scripted_client_check(const struct scripted_client *client);

/* Forget which refs were in use. */
void scripted_client_reset(void);

#endif
