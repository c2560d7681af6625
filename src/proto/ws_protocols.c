#include "proto/ws_protocols.h"
#include "proto/base64url.h"
#include <pinion/error.h>

#define TOKEN_PREFIX "base64url.bearer.phx."

static bool is_token(struct pinion_slice element)
{
    size_t len = strlen(TOKEN_PREFIX);
    return element.len >= len && memcmp(element.ptr, TOKEN_PREFIX, len) == 0;
}

/* A client sends one token. If there are several, none is used. */
static struct pinion_slice find_token(struct pinion_slice offered)
{
    struct pinion_slice element, token = { NULL, 0 };
    size_t count = 0;
    while (pinion__http1_next_element(&offered, &element)) {
        if (!is_token(element))
            continue;
        token = pinion__slice(element.ptr + strlen(TOKEN_PREFIX), element.len - strlen(TOKEN_PREFIX));
        count++;
    }
    return count == 1 ? token : pinion__slice(NULL, 0);
}

/* Count the offered protocols; tokens count only with `tokens`. *found is set to this protocol if it is
 * offered. */
static size_t count_offers(struct pinion_slice offered, bool tokens, const char *protocol,
                           struct pinion_slice *found)
{
    struct pinion_slice element;
    size_t count = 0;
    while (pinion__http1_next_element(&offered, &element)) {
        if (!tokens && is_token(element))
            continue;
        count++;
        if (protocol && pinion__slice_is(element, protocol))
            *found = element;
    }
    return count;
}

int pinion__ws_protocols(const struct pinion_http_request *request, const char *const *configured,
                         bool auth_token, struct pinion_ws_protocols *out)
{
    struct pinion_slice offered = pinion__http1_header(request, "sec-websocket-protocol");
    *out = (struct pinion_ws_protocols){ .token = { NULL, 0 } };
    if (auth_token)
        out->token = find_token(offered);
    bool tokens = out->token.ptr == NULL; /* then what looks like a token is an ordinary protocol */
    bool alone = !tokens && count_offers(offered, false, NULL, NULL) == 0;
    if (!offered.ptr || alone || (!configured && !auth_token))
        return 0;
    if (auth_token)
        count_offers(offered, tokens, "phoenix", &out->chosen);
    for (size_t i = 0; configured && configured[i] && out->chosen.len == 0; i++)
        count_offers(offered, tokens, configured[i], &out->chosen);
    return out->chosen.len > 0 ? 0 : PINION_EACCES;
}

int pinion__ws_token_decode(struct pinion_slice text, char *out, size_t *len)
{
    while (text.len > 0 && text.ptr[text.len - 1] == '=')
        text.len--;
    for (size_t i = 0; i < text.len; i++) /* decoding writes never further than it has read */
        out[i] = text.ptr[i] == '+' ? '-' : text.ptr[i] == '/' ? '_' : text.ptr[i];
    return pinion__base64url_decode(out, pinion__slice(out, text.len), len);
}
