/* The checks, one function each, in the order in which they are made, and the answer to a valid request. */
#include "proto/ws_handshake.h"
#include <openssl/evp.h>
#include <pinion/error.h>
#include <pthread.h>
#include <stdio.h>

/* A text of limited length. What does not fit is left out, and everything after it. */
struct sentence {
    char *text;
    size_t size;
    size_t len;
};

static void say(struct sentence *sentence, const char *words)
{
    size_t len = strlen(words);
    if (sentence->size - sentence->len <= len) {
        sentence->size = sentence->len + 1;
        return;
    }
    memcpy(sentence->text + sentence->len, words, len + 1);
    sentence->len += len;
}

/* Write one character of a string as Elixir's inspect/1 shows it. Bytes that are not ASCII become \xNN,
 * because they may be anything. */
static void say_char(struct sentence *sentence, char c, char next)
{
    char shown[8];
    if (c == '"' || c == '\\' || (c == '#' && next == '{'))
        snprintf(shown, sizeof shown, "\\%c", c);
    else if (c == '\t')
        snprintf(shown, sizeof shown, "\\t");
    else if (c < ' ' || c > '~')
        snprintf(shown, sizeof shown, "\\x%02X", (unsigned char)c);
    else
        snprintf(shown, sizeof shown, "%c", c);
    say(sentence, shown);
}

static void say_string(struct sentence *sentence, struct pinion_slice chars)
{
    say(sentence, "\"");
    for (size_t i = 0; i < chars.len; i++)
        say_char(sentence, chars.ptr[i], i + 1 < chars.len ? chars.ptr[i + 1] : '\0');
    say(sentence, "\"");
}

/* Write the values of all headers of that name, as a list of strings. */
static void say_values(struct sentence *sentence, const struct pinion_http_request *request, const char *name)
{
    const char *separator = "";
    say(sentence, "[");
    for (size_t i = 0; i < request->header_count; i++) {
        if (!pinion__http1_header_is(&request->headers[i], name))
            continue;
        say(sentence, separator);
        say_string(sentence, request->headers[i].value);
        separator = ", ";
    }
    say(sentence, "]");
}

static bool check_method(const struct pinion_http_request *request, struct sentence *why)
{
    return pinion__slice_is(request->method, "GET"); /* Phoenix has no sentence for other methods */
}

static bool check_http_version(const struct pinion_http_request *request, struct sentence *why)
{
    if (request->minor >= 1)
        return true;
    say(why, "HTTP version HTTP/1.0 unsupported");
    return false;
}

static bool check_connection(const struct pinion_http_request *request, struct sentence *why)
{
    if (pinion__http1_has_token(request, "connection", "upgrade"))
        return true;
    say(why, "'connection' header must contain 'upgrade', got ");
    say_values(why, request, "connection");
    return false;
}

static bool check_upgrade(const struct pinion_http_request *request, struct sentence *why)
{
    if (pinion__http1_has_token(request, "upgrade", "websocket"))
        return true;
    say(why, "'upgrade' header must contain 'websocket', got ");
    say_values(why, request, "upgrade");
    return false;
}

static size_t count_headers(const struct pinion_http_request *request, const char *name)
{
    size_t count = 0;
    for (size_t i = 0; i < request->header_count; i++)
        count += pinion__http1_header_is(&request->headers[i], name);
    return count;
}

/* 16 bytes in base64 (RFC 6455 section 4.1): 22 characters and "==". Four bits of the last character are
 * unused; clients that make a key of random characters leave them set. */
static bool is_key(struct pinion_slice text)
{
    static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    if (text.len != 24 || text.ptr[22] != '=' || text.ptr[23] != '=')
        return false;
    for (size_t i = 0; i < 22; i++) {
        if (!memchr(alphabet, text.ptr[i], sizeof alphabet - 1))
            return false;
    }
    return true;
}

static bool check_key(const struct pinion_http_request *request, struct sentence *why)
{
    size_t count = count_headers(request, "sec-websocket-key");
    if (count == 0)
        say(why, "'sec-websocket-key' header is absent");
    if (count > 1)
        say(why, "'sec-websocket-key' header is there more than once");
    if (count != 1)
        return false;
    if (is_key(pinion__http1_header(request, "sec-websocket-key")))
        return true;
    say(why, "'sec-websocket-key' header must be 16 bytes in base64, got ");
    say_values(why, request, "sec-websocket-key");
    return false;
}

static bool is_version_13(const struct pinion_http_request *request)
{
    return count_headers(request, "sec-websocket-version") == 1 &&
           pinion__slice_is(pinion__http1_header(request, "sec-websocket-version"), "13");
}

static bool check_websocket_version(const struct pinion_http_request *request, struct sentence *why)
{
    if (is_version_13(request))
        return true;
    say(why, "'sec-websocket-version' header must equal '13', got ");
    say_values(why, request, "sec-websocket-version");
    return false;
}

bool pinion__ws_other_version(const struct pinion_http_request *request)
{
    return count_headers(request, "sec-websocket-version") > 0 && !is_version_13(request);
}

const char *pinion__ws_handshake_check(const struct pinion_http_request *request, char *text, size_t size)
{
    /* In the order of Phoenix's adapters: the first fault is the one that is named. */
    static bool (*const checks[])(const struct pinion_http_request *, struct sentence *) = {
        check_method, check_http_version, check_connection, check_upgrade, check_key, check_websocket_version,
    };
    struct sentence why = { .text = text, .size = size };
    text[0] = '\0';
    for (size_t i = 0; i < sizeof checks / sizeof checks[0]; i++) {
        if (!checks[i](request, &why))
            return text;
    }
    return NULL;
}

/* EVP_sha1() looks the algorithm up whenever it is used, which takes longer than the digest. NULL: there was
 * no memory. It is never freed. */
static EVP_MD *sha1;

static void find_sha1(void)
{
    sha1 = EVP_MD_fetch(NULL, "SHA1", NULL);
}

static bool digest_key(EVP_MD_CTX *context, struct pinion_slice key, unsigned char digest[EVP_MAX_MD_SIZE])
{
    static const char guid[] = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"; /* RFC 6455 section 1.3 */
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    pthread_once(&once, find_sha1);
    return context && EVP_DigestInit_ex(context, sha1 ? sha1 : EVP_sha1(), NULL) &&
           EVP_DigestUpdate(context, key.ptr, key.len) && EVP_DigestUpdate(context, guid, sizeof guid - 1) &&
           EVP_DigestFinal_ex(context, digest, NULL);
}

int pinion__ws_accept_key(struct pinion_slice key, char out[29])
{
    unsigned char digest[EVP_MAX_MD_SIZE];
    EVP_MD_CTX *context = EVP_MD_CTX_new();
    bool digested = digest_key(context, key, digest);
    EVP_MD_CTX_free(context);
    if (!digested)
        return PINION_EIO;
    EVP_EncodeBlock((unsigned char *)out, digest, 20);
    return 0;
}

long pinion__ws_handshake_response(struct pinion_slice key, struct pinion_slice protocol, char *out,
                                   size_t size)
{
    char accept[29];
    int rc = pinion__ws_accept_key(key, accept);
    if (rc)
        return rc;
    int len = snprintf(out, size,
                       "HTTP/1.1 101 Switching Protocols\r\n"
                       "cache-control: max-age=0, private, must-revalidate\r\n"
                       "connection: Upgrade\r\n"
                       "upgrade: websocket\r\n"
                       "sec-websocket-accept: %s\r\n"
                       "%s%.*s%s"
                       "\r\n",
                       accept, protocol.len ? "sec-websocket-protocol: " : "", (int)protocol.len,
                       protocol.len ? protocol.ptr : "", protocol.len ? "\r\n" : "");
    return len >= 0 && (size_t)len < size ? len : PINION_ETOOBIG;
}
