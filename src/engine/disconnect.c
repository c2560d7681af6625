#include "engine/disconnect.h"
#include "base/log_limit.h"
#include "base/quote.h"
#include "proto/payload.h"
#include <pinion/transport.h>

/* RFC 6455 section 7.4.2 leaves these to applications. */
static bool is_free(json_int_t code)
{
    return code == PINION_CLOSE_NORMAL || (code >= 3000 && code <= 4999);
}

uint16_t pinion__disconnect_code(const struct pinion_broadcast *broadcast)
{
    pinion_payload *view = pinion__payload_view(broadcast->payload);
    const json_t *member = pinion_payload_get(view, "code");
    json_int_t code = json_is_integer(member) ? json_integer_value(member) : 0;
    bool given = member && !json_is_null(member);
    pinion_payload_unref(view);
    if (given && is_free(code))
        return (uint16_t)code;
    if (given)
        PINION_LOG_LIMITED(PINION_LOG_WARNING,
                           "disconnect of %s: its code is not one that an application may use: 1000, or 3000 "
                           "to 4999; the sockets are closed with 1001",
                           PINION_QUOTE(broadcast->topic));
    return PINION_CLOSE_GOING_AWAY;
}
