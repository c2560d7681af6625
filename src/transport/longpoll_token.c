#include "transport/longpoll_token.h"
#include "engine/token.h"

static const char salt[] = "pinion longpoll";

#define LEN (1 + PINION_LONGPOLL_ID_LEN) /* the loop's index, the id; the node's name follows */

int pinion__longpoll_token_make(const struct pinion_hub *hub, unsigned loop, const unsigned char *id,
                                char token[PINION_LONGPOLL_TOKEN_MAX])
{
    const char *node = pinion__pubsub_node(&hub->pubsub);
    char bytes[LEN + PINION_NODE_MAX];
    size_t node_len = strlen(node);
    struct pinion_buf text;
    bytes[0] = (char)loop;
    memcpy(bytes + 1, id, PINION_LONGPOLL_ID_LEN);
    memcpy(bytes + LEN, node, node_len);
    pinion__buf_init(&text, PINION_LONGPOLL_TOKEN_MAX - 1);
    int rc = pinion__token_sign_bytes(hub, salt, pinion__slice(bytes, LEN + node_len), &text);
    if (!rc) {
        memcpy(token, text.data, text.len);
        token[text.len] = '\0';
    }
    pinion__buf_release(&text);
    return rc;
}

bool pinion__longpoll_token_read(const struct pinion_hub *hub, struct pinion_slice token,
                                 struct pinion_longpoll_place *place)
{
    struct pinion_buf bytes;
    if (token.len >= PINION_LONGPOLL_TOKEN_MAX)
        return false;
    pinion__buf_init(&bytes, PINION_LONGPOLL_TOKEN_MAX);
    bool ours = pinion__token_verify_bytes(hub, salt, token, &bytes) == 0 && bytes.len >= LEN &&
                bytes.len - LEN < sizeof place->node;
    if (ours) {
        place->loop = (unsigned char)bytes.data[0];
        memcpy(place->id, bytes.data + 1, PINION_LONGPOLL_ID_LEN);
        memcpy(place->node, bytes.data + LEN, bytes.len - LEN);
        place->node[bytes.len - LEN] = '\0';
    }
    pinion__buf_release(&bytes);
    return ours;
}
