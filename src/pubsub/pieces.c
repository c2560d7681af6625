#include "pubsub/pieces.h"
#include <stdlib.h>
#include <string.h>

struct message {
    struct pinion_list node;
    uint64_t life;
    uint64_t number;
    uint64_t stamp; /* when its last piece came */
    size_t len;     /* bytes that have come */
    size_t total;
    char bytes[];
};

static struct message *message_of(struct pinion_list *node)
{
    return PINION_CONTAINER_OF(node, struct message, node);
}

void pinion__pieces_init(struct pinion_pieces *pieces, size_t max)
{
    *pieces = (struct pinion_pieces){ .max = max };
    pinion__list_init(&pieces->messages);
}

/* What a message counts, including this struct: so many small ones are bounded too. */
static size_t cost(uint64_t total)
{
    return sizeof(struct message) + total;
}

static void drop(struct pinion_pieces *pieces, struct message *message)
{
    pinion__list_remove(&message->node);
    pieces->bytes -= cost(message->total);
    free(message);
}

size_t pinion__pieces_release(struct pinion_pieces *pieces)
{
    size_t count = 0;
    PINION_LIST_FOREACH_SAFE (node, &pieces->messages) {
        drop(pieces, message_of(node));
        count++;
    }
    return count;
}

size_t pinion__pieces_expire(struct pinion_pieces *pieces, uint64_t now_ms)
{
    size_t count = 0;
    while (!pinion__list_empty(&pieces->messages)) {
        struct message *oldest = message_of(pieces->messages.next);
        if (now_ms - oldest->stamp < PINION_PIECES_PATIENCE_MS)
            break;
        drop(pieces, oldest);
        count++;
    }
    return count;
}

static struct message *find(struct pinion_pieces *pieces, const struct pinion_piece *piece)
{
    PINION_LIST_FOREACH (node, &pieces->messages) {
        struct message *message = message_of(node);
        if (message->life == piece->life && message->number == piece->number)
            return message;
    }
    return NULL;
}

/* NULL: there is no room. */
static struct message *begin(struct pinion_pieces *pieces, const struct pinion_piece *piece)
{
    if (piece->total >= pieces->max || cost(piece->total) > pieces->max - pieces->bytes)
        return NULL;
    struct message *message = malloc(cost(piece->total));
    if (!message)
        return NULL;
    *message = (struct message){ .life = piece->life, .number = piece->number, .total = piece->total };
    pinion__list_init(&message->node);
    pinion__list_append(&pieces->messages, &message->node);
    pieces->bytes += cost(message->total);
    return message;
}

/* The message whose next piece this is. NULL: there is none. */
static struct message *expect(struct pinion_pieces *pieces, const struct pinion_piece *piece, size_t *lost)
{
    struct message *message = find(pieces, piece);
    if (message && (message->len != piece->offset || message->total != piece->total)) {
        drop(pieces, message);
        ++*lost;
        return NULL;
    }
    if (message || piece->offset > 0)
        return message;
    message = begin(pieces, piece);
    if (!message)
        ++*lost;
    return message;
}

static char *finish(struct pinion_pieces *pieces, struct message *message)
{
    pinion__list_remove(&message->node);
    pieces->bytes -= cost(message->total);
    char *bytes = (char *)message;
    memmove(bytes, message->bytes, message->total);
    return bytes;
}

bool pinion__pieces_take(struct pinion_pieces *pieces, const struct pinion_piece *piece, uint64_t now_ms,
                         char **whole, size_t *lost)
{
    *lost += pinion__pieces_expire(pieces, now_ms);
    struct message *message = expect(pieces, piece, lost);
    if (!message)
        return false;
    memcpy(message->bytes + message->len, piece->bytes.ptr, piece->bytes.len);
    message->len += piece->bytes.len;
    message->stamp = now_ms;
    pinion__list_remove(&message->node);
    pinion__list_append(&pieces->messages, &message->node);
    if (message->len < message->total)
        return false;
    *whole = finish(pieces, message);
    return true;
}
