/* Parcels between nodes on one broker, in any order. The input is a sequence of parts: a length (two bytes)
 * and as many bytes, which are a parcel. A length of 0xFF00 or more is special: its low byte says for how
 * many tenths of a second nothing comes; with 0, the node that was heard last is missed.
 *
 * A parcel that is read is written again as the same bytes, and its pieces are reassembled. A complete
 * message must be exactly what its pieces contained, and no more memory may be held than allowed. The table
 * of peers hears the notices, and its counts must match what it has reported.
 *
 * Fuzzes: src/pubsub/parcel.c src/pubsub/pieces.c src/pubsub/peers.c src/proto/varint.c */
#include "fuzz.h"
#include "pubsub/envelope.h"
#include "pubsub/parcel.h"
#include "pubsub/peers.h"
#include "pubsub/pieces.h"
#include <pinion/error.h>

#define WAITS      0xFF00
#define HELD_MAX   2000
#define PIECES_MAX 2500

static struct pinion_pieces pieces;
static struct pinion_piece seen[PIECES_MAX]; /* every piece that has come; its bytes lie in the input */
static size_t seen_count;
static struct pinion_peers peers;
static size_t peers_told;   /* how many are up, according to the reports */
static char last_node[256]; /* the sender of the last notice */
static uint64_t now;

/* ---- pieces ---- */

static bool is_of(const struct pinion_piece *piece, const struct pinion_piece *other)
{
    return piece->life == other->life && piece->number == other->number;
}

/* From the last piece back to the first. */
static void check_whole(const char *whole, const struct pinion_piece *last)
{
    uint64_t end = last->total;
    for (size_t i = seen_count; i-- > 0 && end > 0;) {
        const struct pinion_piece *piece = &seen[i];
        if (!is_of(piece, last))
            continue;
        REQUIRE(piece->total == last->total && piece->offset + piece->bytes.len == end);
        REQUIRE(memcmp(whole + piece->offset, piece->bytes.ptr, piece->bytes.len) == 0);
        end = piece->offset;
    }
    REQUIRE(end == 0);
}

static void take_piece(const struct pinion_piece *piece, struct pinion_slice kept)
{
    char *whole = NULL;
    size_t lost = 0;
    if (seen_count == PIECES_MAX)
        return;
    seen[seen_count] = *piece;
    seen[seen_count++].bytes = kept;
    if (pinion__pieces_take(&pieces, piece, now, &whole, &lost)) {
        check_whole(whole, piece);
        free(whole);
    }
    REQUIRE(pieces.bytes <= HELD_MAX);
    REQUIRE(pinion__list_empty(&pieces.messages) == (pieces.bytes == 0));
}

/* ---- notices ---- */

static void changed(void *context, const char *node, bool up)
{
    (void)context;
    REQUIRE(strlen(node) > 0 && strlen(node) <= 255);
    peers_told += up ? 1 : -1;
}

static void take_notice(const struct pinion_notice *notice)
{
    memcpy(last_node, notice->node.ptr, notice->node.len);
    last_node[notice->node.len] = '\0';
    pinion__peers_hear(&peers, notice, now, changed, NULL);
    REQUIRE(pinion__peers_up(&peers) == peers_told);
    REQUIRE(pinion__peers_awaited(&peers) <= PINION_PEERS_MAX);
}

static void check_outage(void)
{
    pinion__peers_await(&peers, now);
    size_t awaited = pinion__peers_awaited(&peers);
    REQUIRE(awaited >= peers_told);
    pinion__peers_resume(&peers, now);
    pinion__peers_check(&peers, now, changed, NULL);
    REQUIRE(pinion__peers_up(&peers) == peers_told);
    REQUIRE(pinion__peers_give_up(&peers) == awaited && pinion__peers_awaited(&peers) == 0);
}

/* ---- parcels ---- */

static void check_piece(const struct pinion_piece *piece, struct pinion_slice bytes)
{
    char head[PINION_PIECE_HEAD_MAX];
    size_t len = pinion__piece_head(head, piece);
    REQUIRE(len + piece->bytes.len == bytes.len && memcmp(head, bytes.ptr, len) == 0);
    REQUIRE(lies_in(piece->bytes, bytes) && piece->bytes.ptr == bytes.ptr + len);
    REQUIRE(piece->bytes.len > 0 && piece->offset + piece->bytes.len <= piece->total);
}

/* A later version may have more after a notice. */
static void check_notice(const struct pinion_notice *notice, struct pinion_slice bytes)
{
    char written[PINION_NOTICE_LENGTH_MAX];
    size_t len = pinion__notice_write(written, notice);
    REQUIRE(len <= bytes.len && memcmp(written, bytes.ptr, len) == 0);
    REQUIRE(lies_in(notice->node, bytes) && lies_in(notice->cluster, bytes));
    REQUIRE(pinion__is_node_id(notice->node));
}

static void receive(struct pinion_slice given)
{
    struct pinion_parcel parcel;
    char *exact = copy_exactly(given);
    struct pinion_slice bytes = pinion__slice(exact, given.len);
    int rc = pinion__parcel_read(bytes, &parcel);
    REQUIRE(rc == PINION_EPROTO || (rc == 0 && pinion__is_parcel(bytes)));
    if (rc == 0 && parcel.kind == PINION_PARCEL_PIECE) {
        struct pinion_slice held = parcel.piece.bytes;
        check_piece(&parcel.piece, bytes);
        take_piece(&parcel.piece, pinion__slice(given.ptr + (held.ptr - exact), held.len));
    } else if (rc == 0) {
        check_notice(&parcel.notice, bytes);
        take_notice(&parcel.notice);
    }
    free(exact);
}

static void wait_for(unsigned tenths)
{
    now += 100 * tenths;
    if (tenths == 0)
        pinion__peers_miss(&peers, last_node, changed, NULL);
    if (tenths % 2)
        check_outage();
    pinion__peers_check(&peers, now, changed, NULL);
    REQUIRE(pinion__peers_up(&peers) == peers_told);
    (void)pinion__pieces_expire(&pieces, now);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct input input = { data, size };
    now = 1000000;
    seen_count = peers_told = 0;
    strcpy(last_node, "never heard");
    pinion__pieces_init(&pieces, HELD_MAX);
    REQUIRE(pinion__peers_init(&peers) == 0);
    while (input.left > 0) {
        unsigned len = input_byte(&input) * 256u;
        len += input_byte(&input);
        if (len >= WAITS)
            wait_for(len - WAITS);
        else
            receive(input_bytes(&input, len));
    }
    (void)pinion__pieces_release(&pieces);
    REQUIRE(pieces.bytes == 0);
    pinion__peers_release(&peers);
    return 0;
}
