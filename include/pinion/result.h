/* What a callback answers: one type for all callbacks.
 *
 * Thread: any. */
#ifndef PINION_RESULT_H
#define PINION_RESULT_H

#include <pinion/payload.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Why a channel ends: given to pinion_stop(), and to terminate. */
typedef enum pinion_reason {
    PINION_REASON_NORMAL,    /* stopped itself, all is well: the client gets phx_close */
    PINION_REASON_SHUTDOWN,  /* stopped itself, or the server is going down: phx_close */
    PINION_REASON_ERROR,     /* stopped itself because something is wrong: phx_error, the client rejoins */
    PINION_REASON_CRASH,     /* pinion_crash(), or an event that no clause takes: phx_error */
    PINION_REASON_LEFT,      /* the client left the topic */
    PINION_REASON_CLOSED,    /* the client, its connection or its socket is gone */
    PINION_REASON_INACTIVE,  /* a long-polling client has not polled for too long */
    PINION_REASON_DUPLICATE, /* the client joined the topic again on the same socket */
} pinion_reason;

/* Which of the functions below made a result. */
typedef enum pinion_result_kind {
    PINION_RESULT_NOREPLY,    /* pinion_noreply() */
    PINION_RESULT_REPLY,      /* pinion_reply(), pinion_ok(), pinion_error() */
    PINION_RESULT_STOP,       /* pinion_stop() */
    PINION_RESULT_STOP_REPLY, /* pinion_stop_reply() */
    PINION_RESULT_LATER,      /* pinion_later() */
    PINION_RESULT_CRASH,      /* pinion_crash() */
} pinion_result_kind;

/* What a callback answers. The functions below make it, and the callback returns it as it is.
 *
 * Ownership: it owns its payload until it is returned. */
typedef struct pinion_result {
    pinion_result_kind kind; /* which function made it */
    pinion_reason reason;    /* of a stop or a crash */
    const char *status;      /* of a reply; lives until the callback has returned: usually a literal */
    pinion_payload *payload; /* of a reply; NULL means {} */
} pinion_result;

/* Make a result of its parts: for the functions below, and for languages other than C.
 *
 * Ownership: the result owns payload. */
static inline pinion_result pinion_result_make(pinion_result_kind kind, pinion_reason reason,
                                               const char *status, pinion_payload *payload)
{
    pinion_result result;
    result.kind = kind;
    result.reason = reason;
    result.status = status;
    result.payload = payload;
    return result;
}

/* Reply with this status; clients know "ok" and "error". A status that is not UTF-8 crashes the channel.
 *
 * Ownership: consumes payload; NULL means {}. */
static inline pinion_result pinion_reply(const char *status, pinion_payload *payload)
{
    return pinion_result_make(PINION_RESULT_REPLY, PINION_REASON_NORMAL, status, payload);
}

/* Accept, in join and connect; in handle_in reply with status "ok".
 *
 * Ownership: consumes payload; NULL means {}. */
static inline pinion_result pinion_ok(pinion_payload *payload)
{
    return pinion_reply("ok", payload);
}

/* Refuse, in join and connect; in handle_in reply with status "error".
 *
 * Ownership: consumes payload; NULL means {}. */
static inline pinion_result pinion_error(pinion_payload *payload)
{
    return pinion_reply("error", payload);
}

/* Say nothing. */
static inline pinion_result pinion_noreply(void)
{
    return pinion_result_make(PINION_RESULT_NOREPLY, PINION_REASON_NORMAL, NULL, NULL);
}

/* End this channel. */
static inline pinion_result pinion_stop(pinion_reason reason)
{
    return pinion_result_make(PINION_RESULT_STOP, reason, NULL, NULL);
}

/* Reply, then end this channel.
 *
 * Ownership: consumes payload; NULL means {}. */
static inline pinion_result pinion_stop_reply(pinion_reason reason, const char *status,
                                              pinion_payload *payload)
{
    return pinion_result_make(PINION_RESULT_STOP_REPLY, reason, status, payload);
}

/* Answer later: a join or a connect with pinion_ref_answer(), a message with pinion_ref_reply(), or either
 * with the `done` of work that this callback has begun (pinion_channel_work, pinion_socket_work). If nobody
 * is left who could answer (no ref was made and no work was begun, or they are gone), this is logged, and a
 * join or a connect is refused. */
static inline pinion_result pinion_later(void)
{
    return pinion_result_make(PINION_RESULT_LATER, PINION_REASON_NORMAL, NULL, NULL);
}

/* Say that this channel has failed. Only this channel ends: this is logged, terminate runs, and the client
 * gets phx_error and rejoins. A join is answered with the reason "join crashed". */
static inline pinion_result pinion_crash(void)
{
    return pinion_result_make(PINION_RESULT_CRASH, PINION_REASON_CRASH, NULL, NULL);
}

#ifdef __cplusplus
}
#endif
#endif
