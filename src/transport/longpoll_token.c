#include "transport/longpoll_token.h"
#include "engine/token.h"

static const char salt[] = "pinion longpoll";

#define LEN (1 + PINION_LONGPOLL_ID_LEN) /* the loop's index, the id */

int pinion__longpoll_token_make(const pinion_endpoint *endpoint, unsigned loop, const unsigned char *id,
                                char token[PINION_LONGPOLL_TOKEN_MAX])
{
    char bytes[LEN];
    struct pinion_buf text;
    bytes[0] = (char)loop;
    memcpy(bytes + 1, id, PINION_LONGPOLL_ID_LEN);
    pinion__buf_init(&text, PINION_LONGPOLL_TOKEN_MAX - 1);
    int rc = pinion__token_sign_bytes(endpoint, salt, pinion__slice(bytes, LEN), &text);
    if (!rc) {
        memcpy(token, text.data, text.len);
        token[text.len] = '\0';
    }
    pinion__buf_release(&text);
    return rc;
}

bool pinion__longpoll_token_read(const pinion_endpoint *endpoint, struct pinion_slice token, unsigned *loop,
                                 unsigned char *id)
{
    struct pinion_buf bytes;
    if (token.len >= PINION_LONGPOLL_TOKEN_MAX)
        return false;
    pinion__buf_init(&bytes, PINION_LONGPOLL_TOKEN_MAX);
    bool ours = pinion__token_verify_bytes(endpoint, salt, token, &bytes) == 0 && bytes.len == LEN;
    if (ours) {
        *loop = (unsigned char)bytes.data[0];
        memcpy(id, bytes.data + 1, PINION_LONGPOLL_ID_LEN);
    }
    pinion__buf_release(&bytes);
    return ours;
}
