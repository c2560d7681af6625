/* What the files of a WebSocket connection share:
 *
 *   websocket.c        the transport: opening, the connection's events, what the engine calls
 *   websocket_in.c     what the client sends: decoding, what waits for its turn
 *   websocket_out.c    what the client is sent: frames and pongs; who does not read
 *   websocket_ping.c   asking a quiet client whether it is there
 *   websocket_close.c  the end, by either side, and refusals
 *   websocket_more.c   memory that few connections need, and not for long
 *
 * Each calls those below it.
 *
 *   CONNECTING --answer--> OPEN --close frame sent--> CLOSING --FIN both ways, or time over--> closed
 */
#ifndef PINION_TRANSPORT_WEBSOCKET_INT_H
#define PINION_TRANSPORT_WEBSOCKET_INT_H

#include "engine/here.h"
#include "engine/socket.h"
#include "io/loop.h"
#include "io/progress.h"
#include "proto/ws_frame.h"
#include "transport/websocket_ping.h"
#include "transport/websocket_pongs.h"

/* The most bytes that may wait to be decoded. It is never reached: after a pause one receive buffer comes. */
#define PINION_STASH_MAX (16u * 1024 * 1024)

enum pinion_websocket_state {
    PINION_WEBSOCKET_CONNECTING,
    PINION_WEBSOCKET_OPEN,
    PINION_WEBSOCKET_CLOSING,
};

/* What only some connections have, and not for long. */
struct pinion_websocket_more {
    struct pinion_buf stash;
    struct pinion_ws_decoder *decoder; /* NULL: between messages */
    struct pinion_timer deadline;      /* of the closing handshake */
    struct pinion_patience patience;
    struct pinion_turn turn; /* what ends a large message waits for it */
    struct pinion_websocket *ws;
    struct pinion_pongs *pongs;       /* NULL: every ping is answered */
    struct pinion_frame *handshake;   /* the 101, while connect is not answered */
    const struct pinion_mount *mount; /* which would refuse it */
};

struct pinion_websocket {
    struct pinion_conn *conn;
    struct pinion_socket *socket; /* NULL in CLOSING */
    const pinion_transport_limits *limits;
    struct pinion_websocket_more *more; /* NULL: nothing of it */
    struct pinion_ping *ping;           /* NULL: none are sent */
    struct pinion_task resume;
    uint32_t begins;   /* behind its 101, as pinion__conn_position counts */
    uint8_t state;     /* enum pinion_websocket_state */
    bool paused : 1;   /* the engine holds frames back */
    bool eof : 1;      /* the peer sends no more, and is owed the answers to what it sent */
    bool resuming : 1; /* the resume task is queued */
    bool gone : 1;     /* closed; the resume task frees */
    bool deaf : 1;     /* it is closed for not reading: it has had its time */
};

static inline struct pinion_shard *pinion__websocket_shard(const struct pinion_websocket *ws)
{
    return ws->socket ? ws->socket->shard : pinion__shard_bound();
}

/* ---- websocket_more.c ---- */

/* Its memory; taken when there is none yet. NULL when out of memory. */
struct pinion_websocket_more *pinion__websocket_more(struct pinion_websocket *ws);
void pinion__websocket_free_more(struct pinion_websocket *ws);
void pinion__websocket_free_pongs(struct pinion_websocket *ws);

/* Free it when nothing in it is used. */
void pinion__websocket_trim(struct pinion_websocket *ws);

/* The decoder that was kept in the midst of a message; NULL: there is none. */
static inline struct pinion_ws_decoder *pinion__websocket_decoder(const struct pinion_websocket *ws)
{
    return ws->more ? ws->more->decoder : NULL;
}

/* How many bytes came that wait to be decoded. */
static inline size_t pinion__websocket_stashed(const struct pinion_websocket *ws)
{
    return ws->more ? ws->more->stash.len : 0;
}

/* Drop these bytes: they are never handled. */
void pinion__websocket_drop_stash(struct pinion_websocket *ws);

void pinion__websocket_free(struct pinion_websocket *ws);

/* ---- websocket_close.c ---- */

/* The transport ends the socket. */
void pinion__websocket_end_socket(struct pinion_websocket *ws);

/* Send a close frame after what is queued. The socket is gone already. */
void pinion__websocket_close(struct pinion_websocket *ws, uint16_t code);

/* What is queued is the last of it: end the connection after it. */
void pinion__websocket_finish(struct pinion_websocket *ws);

/* Close for a fault of the client's, or for want of memory. */
void pinion__websocket_fail(struct pinion_websocket *ws, uint16_t code);

/* End the connection at once, without a close frame. */
void pinion__websocket_abandon(struct pinion_websocket *ws);

/* Answer a connect that was not let in: without a WebSocket. */
void pinion__websocket_refuse(struct pinion_websocket *ws, int error, const pinion_payload *reason);

/* ---- websocket_out.c ---- */

/* pinion_transport.waiting, .flush, .drop and .send_gathered */
size_t pinion__websocket_waiting(void *conn);
void pinion__websocket_flush(void *conn);
size_t pinion__websocket_drop(void *conn, size_t most);
void pinion__websocket_send_gathered(void *conn);

/* pinion_transport.send */
int pinion__websocket_send(void *conn, struct pinion_frame *out);

/* Answer a ping; takes the frame. Without memory there is no pong: the client asks again. */
void pinion__websocket_pong(struct pinion_websocket *ws, struct pinion_frame *pong);

/* pinion_conn_events.drained */
void pinion__websocket_drained(struct pinion_conn *conn);

/* ---- websocket_in.c ---- */

/* pinion_conn_events.data */
void pinion__websocket_data(struct pinion_conn *conn, uint8_t *bytes, size_t len);

/* Go on with what waits, from the run queue. */
void pinion__websocket_resume_later(struct pinion_websocket *ws);
void pinion__websocket_resume(struct pinion_task *task);

#endif
