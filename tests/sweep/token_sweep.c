/* Tokens, signed and encrypted, where memory runs out. */
#include "sweep/sweep.h"
#include <pinion/pinion.h>
#include <stdlib.h>
#include <string.h>

static const pinion_token_options options = { .secret_key_base = "0123456789abcdef0123456789abcdef" };

typedef int make_fn(pinion_endpoint *endpoint, const char *salt, pinion_payload *data,
                    const pinion_token_options *options, char **token);
typedef int read_fn(pinion_endpoint *endpoint, const char *salt, const char *token,
                    const pinion_token_options *options, pinion_payload **data);

static int there_and_back(make_fn *make, read_fn *read)
{
    char *token = NULL;
    pinion_payload *data = NULL;
    int rc =
        make(NULL, "salt", pinion_json("{s:i, s:[s, f]}", "id", 7, "roles", "admin", 0.5), &options, &token);
    if (!rc)
        rc = read(NULL, "salt", token, &options, &data);
    if (!rc)
        rc = json_integer_value(pinion_payload_get(data, "id")) == 7 ? 0 : PINION_ENOMEM;
    pinion_payload_unref(data);
    free(token);
    return rc;
}

static int sign(void *unused)
{
    return there_and_back(pinion_token_sign, pinion_token_verify);
}

static int encrypt(void *unused)
{
    int rc = there_and_back(pinion_token_encrypt, pinion_token_decrypt);
    return rc == PINION_ENOTSUP ? 0 : rc;
}

static void signed_tokens(void **state)
{
    sweep("signed tokens", sign, NULL);
}

static void encrypted_tokens(void **state)
{
    sweep("encrypted tokens", encrypt, NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(signed_tokens),
        cmocka_unit_test(encrypted_tokens),
    };
    pinion_log_set_level(PINION_LOG_NONE);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
