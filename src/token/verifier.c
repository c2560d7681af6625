/* Signing appends the text, and then signs it. Verifying splits the text, and reads the message last. */
#include "token/verifier.h"
#include "base/log.h"
#include "proto/base64url.h"
#include <openssl/crypto.h>
#include <openssl/hmac.h>

#define SIGNED_WITH "SFMyNTY" /* HS256 */

static bool hmac(const EVP_MD *digest, struct pinion_slice key, struct pinion_slice text, unsigned char *mac)
{
    return HMAC(digest, key.ptr, (int)key.len, (const unsigned char *)text.ptr, text.len, mac, NULL) != NULL;
}

/* --- signing --- */

static int append_base64url(struct pinion_buf *out, struct pinion_slice bytes)
{
    int rc = pinion__buf_reserve(out, pinion__base64url_encoded_len(bytes.len));
    if (!rc)
        out->len = (size_t)(pinion__base64url_encode(out->data + out->len, bytes) - out->data);
    return rc;
}

static int append_signature(struct pinion_buf *out, size_t start, struct pinion_slice key)
{
    unsigned char mac[EVP_MAX_MD_SIZE];
    const EVP_MD *digest = EVP_sha256();
    if (!hmac(digest, key, pinion__slice(out->data + start, out->len - start), mac))
        return PINION_ENOMEM;
    int rc = pinion__buf_append_char(out, '.');
    return rc ? rc : append_base64url(out, pinion__slice((char *)mac, (size_t)EVP_MD_get_size(digest)));
}

int pinion__verifier_sign(struct pinion_slice key, struct pinion_slice message, struct pinion_buf *out)
{
    size_t start = out->len;
    int rc = pinion__buf_append_str(out, SIGNED_WITH ".");
    if (!rc)
        rc = append_base64url(out, message);
    return rc ? rc : append_signature(out, start, key);
}

/* --- verifying --- */

/* Take the part before the next dot, or everything if there is none; *text is what comes after it. Returns
 * false at the end. */
static bool next_part(struct pinion_slice *text, struct pinion_slice *part)
{
    if (!text->ptr)
        return false;
    const char *dot = text->len ? memchr(text->ptr, '.', text->len) : NULL;
    *part = pinion__slice(text->ptr, dot ? (size_t)(dot - text->ptr) : text->len);
    *text = dot ? pinion__slice(dot + 1, text->len - part->len - 1) : pinion__slice(NULL, 0);
    return true;
}

static const EVP_MD *digest_of(struct pinion_slice header)
{
    if (pinion__slice_is(header, SIGNED_WITH))
        return EVP_sha256();
    if (pinion__slice_is(header, "SFMzODQ"))
        return EVP_sha384();
    return pinion__slice_is(header, "SFM1MTI") ? EVP_sha512() : NULL;
}

static int invalid(const char *why)
{
    return pinion__fail(PINION_ETOKENINVALID, "the token is not valid: %s", why);
}

static int check_signature(const EVP_MD *digest, struct pinion_slice key, struct pinion_slice text,
                           struct pinion_slice signature)
{
    unsigned char mac[EVP_MAX_MD_SIZE];
    char given[EVP_MAX_MD_SIZE];
    size_t size = (size_t)EVP_MD_get_size(digest), len = 0;
    if (signature.len != pinion__base64url_encoded_len(size) ||
        pinion__base64url_decode(given, signature, &len) != 0)
        return invalid("its third part is not a signature");
    if (!hmac(digest, key, text, mac))
        return PINION_ENOMEM;
    if (CRYPTO_memcmp(mac, given, size) != 0)
        return invalid("it was signed with another secret or salt, or it was changed");
    return 0;
}

static int append_decoded(struct pinion_buf *out, struct pinion_slice text)
{
    size_t len = 0;
    int rc = pinion__buf_reserve(out, pinion__base64url_decoded_len(text.len));
    if (rc || text.len == 0)
        return rc;
    if (pinion__base64url_decode(out->data + out->len, text, &len) != 0)
        return invalid("its second part is not base64");
    out->len += len;
    return 0;
}

int pinion__verifier_verify(struct pinion_slice key, struct pinion_slice token, struct pinion_buf *out)
{
    struct pinion_slice rest = token, header, message, signature;
    if (token.len > PINION_TOKEN_MAX)
        return invalid("it is too long");
    if (!next_part(&rest, &header) || !next_part(&rest, &message) || !next_part(&rest, &signature) ||
        rest.ptr)
        return invalid("it does not have three parts");
    const EVP_MD *digest = digest_of(header);
    if (!digest)
        return invalid("it does not begin like a signed token");
    struct pinion_slice text = pinion__slice(token.ptr, (size_t)(signature.ptr - 1 - token.ptr));
    int rc = check_signature(digest, key, text, signature);
    return rc ? rc : append_decoded(out, message);
}
