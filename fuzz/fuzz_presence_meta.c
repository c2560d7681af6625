/* Metas as channels give them, and packets as gossip sends them. If the first byte is 'p', a packet is read;
 * otherwise a meta. The kept form of a meta must contain, as jansson reads it, what was given without the two
 * names that are ours, and must be fit to be sent.
 *
 * Fuzzes: src/presence/meta.c src/presence/packet.c src/presence/item.c */
#include "fuzz.h"
#include "presence/item.h"
#include "presence/meta.h"
#include "presence/packet.h"
#include "presence/state.h"
#include <jansson.h>
#include <pinion/error.h>

/* ---- packets ---- */

static void check_packet(struct pinion_slice given)
{
    struct pinion_presence_packet packet;
    struct pinion_buf again;
    char *exact = copy_exactly(given);
    struct pinion_slice bytes = pinion__slice(exact, given.len);
    int rc = pinion__presence_packet_read(bytes, &packet);
    REQUIRE(rc == 0 || rc == PINION_EPROTO);
    if (rc == 0) {
        REQUIRE(lies_in(packet.name, bytes) && lies_in(packet.body, bytes));
        REQUIRE(packet.shard < packet.shards);
        pinion__buf_init(&again, SIZE_MAX);
        REQUIRE(pinion__presence_packet_write(&packet, &again) == 0);
        REQUIRE(pinion__slice_eq(pinion__slice(again.data, again.len), bytes));
        pinion__buf_release(&again);
    }
    free(exact);
}

/* ---- metas ---- */

static json_t *parse(struct pinion_slice text)
{
    return json_loadb(text.ptr, text.len, JSON_ALLOW_NUL | JSON_DECODE_INT_AS_REAL, NULL);
}

/* What jansson cannot hold is not compared. */
static void check_said(struct pinion_slice given, struct pinion_slice kept)
{
    json_t *expected = parse(given), *said = parse(kept);
    if (expected) {
        json_object_del(expected, "phx_ref");
        json_object_del(expected, "phx_ref_prev");
        REQUIRE(json_equal(expected, said));
    }
    REQUIRE(!json_object_get(said, "phx_ref") && !json_object_get(said, "phx_ref_prev"));
    json_decref(said);
    json_decref(expected);
}

static void check_item(struct pinion_slice meta)
{
    struct pinion_presence_item item = { pinion__slice_str("t"), pinion__slice_str("k"), meta, 1 };
    int rc = pinion__presence_item_check(&item);
    REQUIRE(rc == (meta.len > PINION_PRESENCE_META_MAX ? PINION_ETOOBIG : 0));
}

/* The ref of the replaced meta is added, found, and removed again. */
static void check_prev(struct pinion_buf *kept)
{
    char ref[PINION_PRESENCE_REF_LEN + 1];
    char *exact = copy_exactly(pinion__slice(kept->data, kept->len));
    size_t len = kept->len;
    memset(ref, 'r', PINION_PRESENCE_REF_LEN);
    ref[PINION_PRESENCE_REF_LEN] = '\0';
    REQUIRE(!pinion__presence_meta_prev(pinion__slice(exact, len)));
    REQUIRE(pinion__presence_meta_add_prev(kept, ref) == 0);
    const char *found = pinion__presence_meta_prev(pinion__slice(kept->data, kept->len));
    REQUIRE(found && memcmp(found, ref, PINION_PRESENCE_REF_LEN) == 0);
    if (kept->len <= PINION_PRESENCE_META_MAX)
        check_item(pinion__slice(kept->data, kept->len));
    REQUIRE(pinion__presence_meta_cut_prev(kept->data, kept->len) == len);
    REQUIRE(memcmp(kept->data, exact, len) == 0);
    free(exact);
}

static void check_meta(struct pinion_slice given)
{
    struct pinion_buf kept;
    size_t len;
    pinion_payload *meta = pinion_payload_text(given.ptr, given.len);
    const char *text = pinion_payload_bytes(meta, &len);
    pinion__buf_init(&kept, SIZE_MAX);
    int rc = pinion__presence_meta_keep(meta, &kept);
    REQUIRE(rc == (!text ? PINION_EPAYLOAD : text[0] != '{' ? PINION_EINVAL : 0));
    if (rc == 0) {
        check_said(given, pinion__slice(kept.data, kept.len));
        check_item(pinion__slice(kept.data, kept.len));
        check_prev(&kept);
    }
    pinion__buf_release(&kept);
    pinion_payload_unref(meta);
}

/* ---- names ---- */

static void check_names(struct pinion_slice name)
{
    struct pinion_presence_item item = { name, name, pinion__slice_str("{}"), 1 };
    int rc = pinion__presence_item_check(&item);
    REQUIRE(rc == 0 || rc == PINION_EINVAL);
    item.topic = pinion__slice_str("t");
    REQUIRE(pinion__presence_item_check(&item) == (name.len == 0 ? 0 : rc));
    item.meta = name;
    item.key = pinion__slice_str("");
    rc = pinion__presence_item_check(&item);
    REQUIRE(rc == 0 || rc == PINION_EINVAL || (rc == PINION_ETOOBIG && name.len > PINION_PRESENCE_META_MAX));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct input input = { data, size };
    bool packet = input_byte(&input) == 'p';
    struct pinion_slice rest = input_rest(&input);
    if (packet)
        check_packet(rest);
    else
        check_meta(rest);
    check_names(rest);
    return 0;
}
