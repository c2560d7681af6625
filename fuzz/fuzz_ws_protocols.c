/* The subprotocols that a client offers, with the token among them. In the first byte, bit 0 means that
 * tokens are accepted, and bit 1 that the application has protocols of its own. The rest is the value of the
 * header. A second decoder decodes the token, and any bytes.
 *
 * Fuzzes: src/proto/ws_protocols.c src/proto/base64url.c */
#include "fuzz.h"
#include "proto/base64url.h"
#include "proto/ws_handshake.h"
#include "proto/ws_protocols.h"
#include <pinion/error.h>

#define OFFERS_MAX 2500
#define TOKEN      "base64url.bearer.phx."

/* ---- base64 ---- */

/* Bit by bit. Returns the length, or -1. Unused bits must be zero. */
static long decode_base64(struct pinion_slice text, const char *digits, char *out)
{
    long bits = 0;
    bool good = text.len % 4 != 1;
    memset(out, 0, text.len);
    for (size_t i = 0; i < text.len && good; i++) {
        const char *digit = memchr(digits, text.ptr[i], 64);
        good = digit != NULL;
        for (int bit = 5; bit >= 0 && good; bit--, bits++) {
            if ((digit - digits) >> bit & 1)
                out[bits / 8] |= (char)(0x80 >> bits % 8);
        }
    }
    for (long left = bits - bits % 8; good && left < bits; left++)
        good = (out[left / 8] & 0x80 >> left % 8) == 0;
    return good ? bits / 8 : -1;
}

static void check_strict(struct pinion_slice text)
{
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    size_t len = 0, most = pinion__base64url_decoded_len(text.len);
    char *expected = allocate(text.len), *out = allocate(most);
    long expected_len = decode_base64(text, digits, expected);
    int rc = pinion__base64url_decode(out, text, &len);
    REQUIRE(rc == (expected_len < 0 ? PINION_EPROTO : 0));
    if (rc == 0) {
        REQUIRE(len == most && len == (size_t)expected_len && memcmp(out, expected, len) == 0);
        REQUIRE(pinion__base64url_encoded_len(len) == text.len);
        char *again = allocate(text.len);
        REQUIRE(pinion__base64url_encode(again, pinion__slice(out, len)) == again + text.len);
        REQUIRE(pinion__slice_eq(pinion__slice(again, text.len), text));
        free(again);
    }
    free(out);
    free(expected);
}

/* As a token: either alphabet, any padding. */
static void check_token(struct pinion_slice token)
{
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    size_t len = 0, bare = token.len;
    char *out = allocate(token.len), *expected = allocate(token.len), *usual = copy_exactly(token);
    while (bare > 0 && usual[bare - 1] == '=')
        bare--;
    for (size_t i = 0; i < bare; i++)
        usual[i] = usual[i] == '+' ? '-' : usual[i] == '/' ? '_' : usual[i];
    long expected_len = decode_base64(pinion__slice(usual, bare), digits, expected);
    int rc = pinion__ws_token_decode(token, out, &len);
    REQUIRE(rc == (expected_len < 0 ? PINION_EPROTO : 0));
    if (rc == 0)
        REQUIRE(len == (size_t)expected_len && memcmp(out, expected, len) == 0);
    free(usual);
    free(expected);
    free(out);
}

/* ---- the choice ---- */

static struct pinion_slice offers[OFFERS_MAX];
static size_t offer_count;

static bool is_token(struct pinion_slice offer)
{
    return offer.len >= strlen(TOKEN) && memcmp(offer.ptr, TOKEN, strlen(TOKEN)) == 0;
}

/* Returns how many of them are tokens; *token is the last. */
static size_t read_offers(struct pinion_slice value, struct pinion_slice *token)
{
    struct input input = { (const uint8_t *)value.ptr, value.len };
    size_t tokens = 0;
    offer_count = 0;
    while (input.left > 0 && offer_count < OFFERS_MAX) {
        struct pinion_slice offer = pinion__slice_trim(input_until(&input, ','));
        if (offer.len == 0)
            continue;
        if (is_token(offer)) {
            *token = pinion__slice(offer.ptr + strlen(TOKEN), offer.len - strlen(TOKEN));
            tokens++;
        }
        offers[offer_count++] = offer;
    }
    return tokens;
}

static bool is_offered(const char *protocol)
{
    bool offered = false;
    for (size_t i = 0; i < offer_count; i++)
        offered = offered || pinion__slice_is(offers[i], protocol);
    return offered;
}

static const char *choice(bool auth_token, bool own)
{
    if (auth_token && is_offered("phoenix"))
        return "phoenix";
    if (own && is_offered("chat.v2"))
        return "chat.v2";
    return own && is_offered("b") ? "b" : NULL;
}

static void check_response(struct pinion_slice protocol)
{
    char response[512], *line;
    long len = pinion__ws_handshake_response(pinion__slice_str("dGhlIHNhbXBsZSBub25jZQ=="), protocol,
                                             response, sizeof response);
    REQUIRE(len > 0 && (size_t)len == strlen(response));
    line = strstr(response, "sec-websocket-protocol: ");
    REQUIRE(protocol.len ? line && strlen(line) == 24 + protocol.len + 4 : !line);
}

static void check_choice(const struct pinion_http_request *request, bool auth_token, bool own)
{
    static const char *const configured[] = { "chat.v2", "b", NULL };
    struct pinion_slice value = request->headers[0].value, token = { NULL, 0 };
    struct pinion_ws_protocols found;
    int rc = pinion__ws_protocols(request, own ? configured : NULL, auth_token, &found);
    bool has_token = read_offers(value, &token) == 1 && auth_token;
    bool nothing = (!own && !auth_token) || (has_token && offer_count == 1);
    const char *chosen = nothing ? NULL : choice(auth_token, own);

    REQUIRE(rc == (nothing || chosen ? 0 : PINION_EACCES));
    REQUIRE(has_token == (found.token.ptr != NULL));
    REQUIRE(!has_token || (pinion__slice_eq(found.token, token) && lies_in(found.token, value)));
    if (has_token)
        check_token(found.token);
    if (rc)
        return;
    REQUIRE(pinion__slice_is(found.chosen, chosen) && lies_in(found.chosen, value));
    check_response(found.chosen);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct pinion_http_request request;
    struct pinion_ws_protocols none;
    struct input input = { data, size };
    uint8_t flags = input_byte(&input);
    struct pinion_slice given = input_rest(&input);
    char *exact = copy_exactly(given);
    struct pinion_slice value = pinion__slice(exact, given.len);

    request.header_count = 1;
    request.headers[0].name = pinion__slice_str("sec-websocket-protocol");
    request.headers[0].value = value;
    check_choice(&request, flags & 1, flags & 2);
    check_strict(value);
    check_token(value);
    request.header_count = 0;
    REQUIRE(pinion__ws_protocols(&request, NULL, true, &none) == 0 && !none.token.ptr && !none.chosen.len);
    free(exact);
    return 0;
}
