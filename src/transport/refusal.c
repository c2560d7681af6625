#include "transport/refusal.h"
#include "engine/callback.h"
#include "http/page.h"

/* The application's answer to a connect that it refused with a reason. */
static bool ask_error_handler(const struct pinion_mount *mount, const pinion_payload *reason,
                              struct pinion_shard *shard, struct pinion_response *response)
{
    struct pinion_callback callback = { .name = "error_handler" };
    if (!mount->options.error_handler || !reason)
        return false;
    pinion__response_init(response);
    response->status = 403;
    pinion__callback_enter(shard, &callback);
    mount->options.error_handler(reason, response, pinion__mount_context(mount, shard->hub));
    pinion__callback_leave(shard);
    return true;
}

static int status_of(int error)
{
    switch (error) {
    case PINION_EACCES:
        return 403;
    case PINION_EPROTO: /* of the query */
    case PINION_ETOOBIG:
        return 400;
    case PINION_ECLOSED:
        return 503;
    default:
        return 500;
    }
}

void pinion__refuse_connect(struct pinion_http *http, struct pinion_shard *shard,
                            const struct pinion_mount *mount, int error, const pinion_payload *reason,
                            bool keep_alive)
{
    struct pinion_response response;
    PINION_COUNT(shard, turned_away, 1);
    if (!ask_error_handler(mount, reason, shard, &response)) {
        int status = status_of(error);
        pinion__http_send_text(http, status, PINION_HTTP_PRIVATE, "", keep_alive && status < 500);
        return;
    }
    struct pinion_http_answer answer = pinion__response_answer(&response, keep_alive);
    pinion__http_send(http, &answer, response.body, response.length);
    pinion__response_release(&response);
}

struct pinion_frame *pinion__refusal_frame(struct pinion_shard *shard, const struct pinion_mount *mount,
                                           int error, const pinion_payload *reason)
{
    struct pinion_response response;
    PINION_COUNT(shard, turned_away, 1);
    if (!ask_error_handler(mount, reason, shard, &response)) {
        struct pinion_http_answer answer = { .status = status_of(error), .extra = PINION_HTTP_PRIVATE };
        return pinion__http_frame(&answer, NULL, 0);
    }
    struct pinion_http_answer answer = pinion__response_answer(&response, false);
    struct pinion_frame *frame = pinion__http_frame(&answer, response.body, response.length);
    pinion__response_release(&response);
    return frame;
}
