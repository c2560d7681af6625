#include "transport/longpoll_token.h"
#include "proto/base64url.h"
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>

#define MAC_LEN  32
#define BODY_LEN (1 + PINION_LONGPOLL_ID_LEN) /* the loop's index, the id */
#define LEN      (BODY_LEN + MAC_LEN)

static bool sign(const unsigned char *key, const unsigned char *body, unsigned char *mac)
{
    return HMAC(EVP_sha256(), key, PINION_LONGPOLL_KEY_LEN, body, BODY_LEN, mac, NULL) != NULL;
}

int pinion__longpoll_token_make(const unsigned char *key, unsigned loop, const unsigned char *id,
                                char token[PINION_LONGPOLL_TOKEN_MAX])
{
    unsigned char bytes[LEN];
    bytes[0] = (unsigned char)loop;
    memcpy(bytes + 1, id, PINION_LONGPOLL_ID_LEN);
    if (!sign(key, bytes, bytes + BODY_LEN))
        return PINION_EIO;
    *pinion__base64url_encode(token, pinion__slice((const char *)bytes, LEN)) = '\0';
    return 0;
}

bool pinion__longpoll_token_read(const unsigned char *key, struct pinion_slice token, unsigned *loop,
                                 unsigned char *id)
{
    unsigned char bytes[LEN], mac[MAC_LEN];
    size_t len = 0;
    if (token.len != pinion__base64url_encoded_len(LEN) ||
        pinion__base64url_decode((char *)bytes, token, &len) != 0)
        return false;
    if (!sign(key, bytes, mac) || CRYPTO_memcmp(mac, bytes + BODY_LEN, MAC_LEN) != 0)
        return false;
    *loop = bytes[0];
    memcpy(id, bytes + 1, PINION_LONGPOLL_ID_LEN);
    return true;
}
