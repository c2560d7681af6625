/* The border to libraries that are not built with MemorySanitizer, for builds that are. It does not see what
 * they write, and would take it for memory that nobody has written to. So nothing is looked for in what is
 * theirs: the memory that jansson and OpenSSL ask for counts as written from the beginning, and so does what
 * a call of theirs leaves in memory of ours. The linker leads these calls here (--wrap). */
#include <jansson.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/rand.h>
#include <stdlib.h>

#include <sanitizer/msan_interface.h>

/* ---- memory ---- */

static json_malloc_t json_malloc = malloc;
static json_free_t json_free = free;

static void *new_json(size_t size)
{
    void *memory = json_malloc(size);
    if (memory)
        __msan_unpoison(memory, size);
    return memory;
}

static void *new_openssl(size_t size, const char *file, int line)
{
    return calloc(1, size);
}

static void *resize_openssl(void *old, size_t size, const char *file, int line)
{
    void *memory = realloc(old, size);
    if (memory)
        __msan_unpoison(memory, size);
    return memory;
}

static void free_openssl(void *memory, const char *file, int line)
{
    free(memory);
}

void __real_json_set_alloc_funcs(json_malloc_t new_malloc, json_free_t new_free);
void __wrap_json_set_alloc_funcs(json_malloc_t new_malloc, json_free_t new_free);
void __wrap_json_set_alloc_funcs(json_malloc_t new_malloc, json_free_t new_free)
{
    json_malloc = new_malloc;
    json_free = new_free;
    __real_json_set_alloc_funcs(new_json, new_free);
}

void __wrap_json_get_alloc_funcs(json_malloc_t *its_malloc, json_free_t *its_free);
void __wrap_json_get_alloc_funcs(json_malloc_t *its_malloc, json_free_t *its_free)
{
    *its_malloc = json_malloc;
    *its_free = json_free;
}

/* Before main, and so before either has any. */
__attribute__((constructor)) static void take_over(void)
{
    __real_json_set_alloc_funcs(new_json, free);
    if (!CRYPTO_set_mem_functions(new_openssl, resize_openssl, free_openssl))
        abort();
}

/* ---- calls ---- */

#define THEIR_STACK ((size_t)64 << 10)

/* What our own calls have left on the stack is not what theirs has there. */
__attribute__((noinline)) static void forget_stack(void)
{
    __msan_unpoison((char *)__builtin_frame_address(0) - THEIR_STACK, THEIR_STACK);
}

/* A call of `name`, after which `written` bytes at `memory` count as written. */
#define WRAP(type, name, parameters, arguments, memory, written)                                             \
    type __real_##name parameters;                                                                           \
    type __wrap_##name parameters;                                                                           \
    type __wrap_##name parameters                                                                            \
    {                                                                                                        \
        forget_stack();                                                                                      \
        type result = __real_##name arguments;                                                               \
        if (memory)                                                                                          \
            __msan_unpoison(memory, written);                                                                \
        return result;                                                                                       \
    }

WRAP(json_t *, json_loadb, (const char *text, size_t len, size_t flags, json_error_t *error),
     (text, len, flags, error), error, sizeof *error)
WRAP(json_t *, json_loads, (const char *text, size_t flags, json_error_t *error), (text, flags, error), error,
     sizeof *error)
WRAP(size_t, json_dumpb, (const json_t *json, char *out, size_t size, size_t flags), (json, out, size, flags),
     out, result < size ? result : size)
WRAP(unsigned char *, HMAC,
     (const EVP_MD *md, const void *key, int key_len, const unsigned char *data, size_t len,
      unsigned char *out, unsigned int *out_len),
     (md, key, key_len, data, len, out, out_len), out, (size_t)EVP_MD_get_size(md))
WRAP(int, PKCS5_PBKDF2_HMAC,
     (const char *pass, int pass_len, const unsigned char *salt, int salt_len, int iterations,
      const EVP_MD *digest, int key_len, unsigned char *out),
     (pass, pass_len, salt, salt_len, iterations, digest, key_len, out), out, (size_t)key_len)
WRAP(int, EVP_DigestFinal_ex, (EVP_MD_CTX * context, unsigned char *out, unsigned int *len),
     (context, out, len), out, (size_t)EVP_MD_CTX_get_size(context))
WRAP(int, EVP_EncodeBlock, (unsigned char *out, const unsigned char *bytes, int len), (out, bytes, len), out,
     (size_t)result + 1)
WRAP(int, EVP_DecodeBlock, (unsigned char *out, const unsigned char *text, int len), (out, text, len),
     result > 0 ? out : NULL, (size_t)result)
WRAP(int, RAND_bytes, (unsigned char *out, int len), (out, len), out, (size_t)len)
