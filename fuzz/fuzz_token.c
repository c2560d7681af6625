/* Signed and encrypted tokens. The first byte chooses. 's' signs the message after two numbers of two bytes,
 * which say where and how the token is then changed; 'S' does the same with HS384, 'X' with HS512, and 'e'
 * encrypts. 'v' and 'd' read any bytes as a signed or an encrypted token. A token that is read must be the
 * one that signing or encrypting its message gives: the corpus has valid signatures, of which whole tokens
 * can be put together.
 *
 * Fuzzes: src/token/verifier.c src/token/encryptor.c */
#include "fuzz.h"
#include "proto/base64url.h"
#include "token/encryptor.h"
#include "token/verifier.h"
#include <openssl/hmac.h>
#include <pinion/error.h>

static const char key[PINION_ENCRYPTOR_KEY] = "a key of as many bytes as it has";
static const char nonce[PINION_ENCRYPTOR_NONCE] = "twenty-four bytes of it";

static struct pinion_slice text_of(const struct pinion_buf *buf)
{
    return pinion__slice(buf->data, buf->len);
}

typedef int write_fn(struct pinion_slice message, struct pinion_buf *out);
typedef int read_fn(struct pinion_slice token, struct pinion_buf *out);

/* ---- signed ---- */

static int sign(struct pinion_slice message, struct pinion_buf *out)
{
    return pinion__verifier_sign(pinion__slice(key, sizeof key), message, out);
}

static int verify(struct pinion_slice token, struct pinion_buf *out)
{
    return pinion__verifier_verify(pinion__slice(key, sizeof key), token, out);
}

static void put_base64(struct pinion_buf *out, struct pinion_slice bytes)
{
    REQUIRE(pinion__buf_reserve(out, pinion__base64url_encoded_len(bytes.len)) == 0);
    out->len = (size_t)(pinion__base64url_encode(out->data + out->len, bytes) - out->data);
}

/* We never sign with these, but others do. */
static int sign_with(const char *header, const EVP_MD *digest, struct pinion_slice message,
                     struct pinion_buf *out)
{
    unsigned char mac[EVP_MAX_MD_SIZE];
    unsigned len = 0;
    REQUIRE(pinion__buf_append_str(out, header) == 0);
    put_base64(out, message);
    REQUIRE(HMAC(digest, key, sizeof key, (unsigned char *)out->data, out->len, mac, &len));
    REQUIRE(pinion__buf_append_char(out, '.') == 0);
    put_base64(out, pinion__slice((char *)mac, len));
    return 0;
}

static int sign_384(struct pinion_slice message, struct pinion_buf *out)
{
    return sign_with("SFMzODQ.", EVP_sha384(), message, out);
}

static int sign_512(struct pinion_slice message, struct pinion_buf *out)
{
    return sign_with("SFM1MTI.", EVP_sha512(), message, out);
}

/* ---- encrypted ---- */

static int encrypt(struct pinion_slice message, struct pinion_buf *out)
{
    return pinion__encryptor_encrypt((const unsigned char *)key, (const unsigned char *)nonce, message, out);
}

static int decrypt(struct pinion_slice token, struct pinion_buf *out)
{
    return pinion__encryptor_decrypt((const unsigned char *)key, token, out);
}

/* ---- both ---- */

/* Reading appends, and leaves what is there. */
static int append(read_fn *read, struct pinion_slice token, struct pinion_buf *out)
{
    char *exact = copy_exactly(token);
    pinion__buf_init(out, PINION_TOKEN_MAX);
    REQUIRE(pinion__buf_append_str(out, "before") == 0);
    int rc = read(pinion__slice(exact, token.len), out);
    free(exact);
    REQUIRE(out->len >= 6 && memcmp(out->data, "before", 6) == 0);
    return rc;
}

static void check_refused(read_fn *read, struct pinion_slice token)
{
    struct pinion_buf out;
    REQUIRE(append(read, token, &out) == PINION_ETOKENINVALID && out.len == 6);
    pinion__buf_release(&out);
}

static void check_read(read_fn *read, struct pinion_slice token, struct pinion_slice message)
{
    struct pinion_buf out;
    REQUIRE(append(read, token, &out) == 0);
    REQUIRE(pinion__slice_eq(pinion__slice(out.data + 6, out.len - 6), message));
    pinion__buf_release(&out);
}

/* Change bits of one byte, add a byte, or remove some. */
static void check_changed(read_fn *read, struct pinion_buf *token, size_t where, uint8_t change)
{
    char *byte = token->data + where % token->len;
    if (change) {
        *byte = (char)(*byte ^ change);
        check_refused(read, text_of(token));
        *byte = (char)(*byte ^ change);
    }
    check_refused(read, pinion__slice(token->data, where % token->len));
    REQUIRE(pinion__buf_append_char(token, (char)change) == 0);
    check_refused(read, text_of(token));
}

static void check_round(write_fn *write, read_fn *read, struct input *input)
{
    struct pinion_buf token;
    size_t where = input_byte(input) * 256u;
    where += input_byte(input);
    uint8_t change = input_byte(input);
    pinion__buf_init(&token, SIZE_MAX);
    int rc = write(input_rest(input), &token);
    if (rc != PINION_ENOTSUP) { /* a build without libsodium has no encryption */
        REQUIRE(rc == 0);
        check_read(read, text_of(&token), input_rest(input));
        check_changed(read, &token, where, change);
    }
    pinion__buf_release(&token);
}

static bool gives(write_fn *write, struct pinion_slice message, struct pinion_slice token)
{
    struct pinion_buf again;
    pinion__buf_init(&again, SIZE_MAX);
    REQUIRE(write(message, &again) == 0);
    bool same = pinion__slice_eq(text_of(&again), token);
    pinion__buf_release(&again);
    return same;
}

/* `writers` ends with NULL. */
static void check_any(write_fn *const *writers, read_fn *read, struct pinion_slice token)
{
    struct pinion_buf out;
    bool made = false;
    int rc = append(read, token, &out);
    struct pinion_slice message = pinion__slice(out.data + 6, out.len - 6);
    for (; !rc && !made && *writers; writers++)
        made = gives(*writers, message, token);
    REQUIRE(rc == 0 ? made : out.len == 6 && (rc == PINION_ETOKENINVALID || rc == PINION_ENOTSUP));
    pinion__buf_release(&out);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static write_fn *const signers[] = { sign, sign_384, sign_512, NULL };
    static write_fn *const encrypters[] = { encrypt, NULL };
    struct input input = { data, size };
    switch (input_byte(&input)) {
    case 's':
        check_round(sign, verify, &input);
        break;
    case 'S':
        check_round(sign_384, verify, &input);
        break;
    case 'X':
        check_round(sign_512, verify, &input);
        break;
    case 'e':
        check_round(encrypt, decrypt, &input);
        break;
    case 'd':
        check_any(encrypters, decrypt, input_rest(&input));
        break;
    default:
        check_any(signers, verify, input_rest(&input));
        break;
    }
    return 0;
}
