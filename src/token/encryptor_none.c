/* encryptor.h in a build without libsodium. */
#include "base/log.h"
#include "token/encryptor.h"

static int unsupported(void)
{
    return pinion__fail(PINION_ENOTSUP, "this build of Pinion has no encryption: it was made without "
                                        "libsodium (libsodium-dev, and the CMake option PINION_SODIUM)");
}

int pinion__encryptor_encrypt(const unsigned char *key, const unsigned char *nonce,
                              struct pinion_slice message, struct pinion_buf *out)
{
    return unsupported();
}

int pinion__encryptor_decrypt(const unsigned char *key, struct pinion_slice token, struct pinion_buf *out)
{
    return unsupported();
}
