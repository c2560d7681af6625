#include "transport/websocket_int.h"

void pinion__websocket_free(struct pinion_websocket *ws)
{
    pinion__task_gone(&ws->resume);
    pinion__pool_give(&pinion__websocket_shard(ws)->pool, ws, sizeof *ws);
}

struct pinion_websocket_more *pinion__websocket_more(struct pinion_websocket *ws)
{
    if (ws->more)
        return ws->more;
    ws->more = pinion__pool_take(&pinion__websocket_shard(ws)->pool, sizeof *ws->more);
    if (!ws->more)
        return NULL;
    ws->more->ws = ws;
    pinion__buf_init(&ws->more->stash, PINION_STASH_MAX);
    pinion__timer_init(&ws->more->deadline, NULL); /* who uses them says what they do */
    pinion__turn_init(&ws->more->turn, NULL);
    return ws->more;
}

void pinion__websocket_free_pongs(struct pinion_websocket *ws)
{
    if (!ws->more || !ws->more->pongs)
        return;
    pinion__pongs_release(ws->more->pongs);
    pinion__pool_give(&pinion__websocket_shard(ws)->pool, ws->more->pongs, sizeof *ws->more->pongs);
    ws->more->pongs = NULL;
}

static void free_decoder(const struct pinion_websocket *ws)
{
    if (ws->more->decoder)
        pinion__ws_decoder_release(ws->more->decoder);
    pinion__pool_give(&pinion__websocket_shard(ws)->pool, ws->more->decoder, sizeof *ws->more->decoder);
}

void pinion__websocket_free_more(struct pinion_websocket *ws)
{
    if (!ws->more)
        return;
    pinion__websocket_free_pongs(ws);
    free_decoder(ws);
    pinion__timer_cancel(&ws->more->deadline);
    pinion__turn_remove(&ws->more->turn);
    pinion__buf_release(&ws->more->stash);
    pinion__frame_unref(ws->more->handshake);
    pinion__pool_give(&pinion__websocket_shard(ws)->pool, ws->more, sizeof *ws->more);
    ws->more = NULL;
}

void pinion__websocket_trim(struct pinion_websocket *ws)
{
    if (pinion__websocket_stashed(ws) == 0 && ws->state == PINION_WEBSOCKET_OPEN &&
        !(ws->more && (ws->more->pongs || ws->more->decoder)))
        pinion__websocket_free_more(ws);
}

void pinion__websocket_drop_stash(struct pinion_websocket *ws)
{
    if (!ws->more)
        return;
    pinion__turn_remove(&ws->more->turn);
    pinion__buf_release(&ws->more->stash);
}
