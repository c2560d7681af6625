#include "proto/forwarded.h"
#include <arpa/inet.h>
#include <ctype.h>
#include <strings.h>

#define MAPPED_BITS 96
#define HOPS_MAX    16 /* the most proxies that are followed */

static const uint8_t mapped[12] = { 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff };

/* ---- addresses ---- */

bool pinion__address_read(struct pinion_slice text, uint8_t address[16])
{
    char copy[INET6_ADDRSTRLEN];
    if (text.len == 0 || text.len >= sizeof copy)
        return false;
    memcpy(copy, text.ptr, text.len);
    copy[text.len] = '\0';
    memcpy(address, mapped, sizeof mapped);
    return inet_pton(AF_INET, copy, address + sizeof mapped) == 1 || inet_pton(AF_INET6, copy, address) == 1;
}

static bool is_mapped(const uint8_t address[16])
{
    return memcmp(address, mapped, sizeof mapped) == 0;
}

static bool read_number(struct pinion_slice digits, unsigned long max, unsigned long *out)
{
    *out = 0;
    for (size_t i = 0; i < digits.len; i++) {
        if (!isdigit((unsigned char)digits.ptr[i]) || i > 5)
            return false;
        *out = *out * 10 + (unsigned long)(digits.ptr[i] - '0');
    }
    return digits.len > 0 && *out <= max;
}

bool pinion__network_read(struct pinion_slice text, struct pinion_network *network)
{
    const char *slash = text.len ? memchr(text.ptr, '/', text.len) : NULL;
    size_t len = slash ? (size_t)(slash - text.ptr) : text.len;
    if (!pinion__address_read(pinion__slice(text.ptr, len), network->address))
        return false;
    unsigned long offset = is_mapped(network->address) && !memchr(text.ptr, ':', len) ? MAPPED_BITS : 0;
    unsigned long bits = 128 - offset;
    if (slash && !read_number(pinion__slice(slash + 1, text.len - len - 1), bits, &bits))
        return false;
    network->bits = (uint8_t)(offset + bits);
    return true;
}

static bool network_has(const struct pinion_network *network, const uint8_t address[16])
{
    size_t bytes = network->bits / 8;
    unsigned rest = network->bits % 8;
    if (memcmp(network->address, address, bytes) != 0)
        return false;
    return rest == 0 || (network->address[bytes] ^ address[bytes]) >> (8 - rest) == 0;
}

bool pinion__networks_have(const struct pinion_network *networks, size_t count, const uint8_t address[16])
{
    for (size_t i = 0; i < count; i++) {
        if (network_has(&networks[i], address))
            return true;
    }
    return false;
}

/* ---- lists in headers ---- */

static struct pinion_slice unquote(struct pinion_slice text)
{
    if (text.len >= 2 && text.ptr[0] == '"' && text.ptr[text.len - 1] == '"')
        return pinion__slice(text.ptr + 1, text.len - 2);
    return text;
}

/* True for a quote behind a backslash that is not itself escaped. */
static bool is_escaped(struct pinion_slice value, size_t at)
{
    size_t backslashes = 0;
    while (backslashes < at && value.ptr[at - 1 - backslashes] == '\\')
        backslashes++;
    return backslashes % 2 == 1;
}

/* Where the element that ends at `end` begins. If `quotes`, a comma in quotes is part of the element. Quotes
 * are counted from the right: so a quote that a client leaves open does not reach into what a proxy has
 * appended. */
static size_t element_start(struct pinion_slice value, size_t end, bool quotes)
{
    bool quoted = false;
    size_t at = end;
    for (; at > 0 && (quoted || value.ptr[at - 1] != ','); at--) {
        if (quotes && value.ptr[at - 1] == '"' && !(quoted && is_escaped(value, at - 1)))
            quoted = !quoted;
    }
    return at;
}

/* Add the elements of one field, the last first. Returns how many elements there are now. */
static size_t add_from_right(struct pinion_slice value, bool quotes, struct pinion_slice elements[HOPS_MAX],
                             size_t count)
{
    size_t end = value.len, start = 1;
    while (start > 0 && count < HOPS_MAX) {
        start = element_start(value, end, quotes);
        elements[count++] = pinion__slice_trim(pinion__slice(value.ptr + start, end - start));
        end = start > 0 ? start - 1 : 0;
    }
    return count;
}

/* Collect the elements of all fields of that name, the last first. Returns how many. */
static size_t elements_from_right(const struct pinion_http_request *request, const char *name, bool quotes,
                                  struct pinion_slice elements[HOPS_MAX])
{
    size_t count = 0;
    for (size_t i = request->header_count; i-- > 0;) {
        if (pinion__http1_header_is(&request->headers[i], name))
            count = add_from_right(request->headers[i].value, quotes, elements, count);
    }
    return count;
}

/* The element for this hop: the trusted proxy furthest from us wrote it. If the list is shorter than the
 * chain of proxies, the first element. */
static struct pinion_slice by_hop(const struct pinion_http_request *request, const char *name, size_t hop)
{
    struct pinion_slice elements[HOPS_MAX];
    size_t count = elements_from_right(request, name, false, elements);
    if (count == 0)
        return pinion__slice(NULL, 0);
    return elements[hop < count ? hop : count - 1];
}

/* ---- one hop ---- */

/* "192.0.2.1", "192.0.2.1:80", "2001:db8::1" or "[2001:db8::1]:80". */
static bool read_node(struct pinion_slice text, uint8_t address[16], uint16_t *port)
{
    unsigned long number = 0;
    const char *end;
    *port = 0;
    if (pinion__address_read(text, address))
        return true;
    bool brackets = text.len > 0 && text.ptr[0] == '[';
    end = text.len ? memchr(text.ptr, brackets ? ']' : ':', text.len) : NULL;
    if (!end)
        return false;
    size_t len = (size_t)(end - text.ptr);
    struct pinion_slice host = brackets ? pinion__slice(text.ptr + 1, len - 1) : pinion__slice(text.ptr, len);
    struct pinion_slice rest = pinion__slice(end + brackets, text.len - len - brackets);
    if (rest.len > 0 && rest.ptr[0] == ':' &&
        read_number(pinion__slice(rest.ptr + 1, rest.len - 1), UINT16_MAX, &number))
        *port = (uint16_t)number;
    return pinion__address_read(host, address);
}

/* The length of the element's first parameter: up to a semicolon that is not in quotes. */
static size_t parameter_length(struct pinion_slice element)
{
    bool quoted = false;
    for (size_t i = 0; i < element.len; i++) {
        if (element.ptr[i] == ';' && !quoted)
            return i;
        if (element.ptr[i] == '"')
            quoted = !quoted;
        else if (element.ptr[i] == '\\' && quoted)
            i++;
    }
    return element.len;
}

/* A parameter of an element of Forwarded: for=…;proto=…;host=… */
static struct pinion_slice parameter(struct pinion_slice element, const char *name)
{
    size_t name_len = strlen(name);
    while (element.len > 0) {
        size_t len = parameter_length(element);
        struct pinion_slice pair = pinion__slice_trim(pinion__slice(element.ptr, len));
        if (pair.len > name_len && pair.ptr[name_len] == '=' && strncasecmp(pair.ptr, name, name_len) == 0)
            return unquote(pinion__slice(pair.ptr + name_len + 1, pair.len - name_len - 1));
        size_t taken = len < element.len ? len + 1 : len;
        element = pinion__slice(element.ptr + taken, element.len - taken);
    }
    return pinion__slice(NULL, 0);
}

/* ---- following the proxies ---- */

/* Follow the addresses from the peer outwards. Returns the index of the element that names the client. */
static size_t follow(const struct pinion_slice *nodes, size_t count, const struct pinion_network *trusted,
                     size_t trusted_count, struct pinion_forwarded *out)
{
    size_t hop = 0;
    for (size_t i = 0; i < count; i++) {
        uint8_t address[16];
        uint16_t port;
        if (!read_node(nodes[i], address, &port))
            break; /* "unknown" or not an address: the proxy before it is the last one known */
        memcpy(out->address, address, sizeof address);
        out->port = port;
        hop = i;
        if (!pinion__networks_have(trusted, trusted_count, address))
            break;
    }
    return hop;
}

/* Some proxies write a WebSocket's scheme, or capital letters. Any other text counts as absent. */
static struct pinion_slice read_scheme(struct pinion_slice text)
{
    static const char *const read_as[][2] = {
        { "http", "http" }, { "https", "https" }, { "ws", "http" }, { "wss", "https" }
    };
    for (size_t i = 0; i < sizeof read_as / sizeof read_as[0]; i++) {
        if (text.len == strlen(read_as[i][0]) && strncasecmp(text.ptr, read_as[i][0], text.len) == 0)
            return pinion__slice_str(read_as[i][1]);
    }
    return pinion__slice(NULL, 0);
}

/* Read Forwarded (RFC 7239). */
static void read_forwarded(const struct pinion_http_request *request, const struct pinion_network *trusted,
                           size_t trusted_count, struct pinion_forwarded *out)
{
    struct pinion_slice elements[HOPS_MAX], nodes[HOPS_MAX];
    size_t count = elements_from_right(request, "forwarded", true, elements);
    if (count == 0)
        return;
    for (size_t i = 0; i < count; i++)
        nodes[i] = parameter(elements[i], "for");
    size_t hop = follow(nodes, count, trusted, trusted_count, out);
    out->scheme = read_scheme(parameter(elements[hop], "proto"));
    out->host = parameter(elements[hop], "host");
}

static void read_x_forwarded(const struct pinion_http_request *request, const struct pinion_network *trusted,
                             size_t trusted_count, struct pinion_forwarded *out)
{
    struct pinion_slice nodes[HOPS_MAX];
    unsigned long host_port;
    size_t count = elements_from_right(request, "x-forwarded-for", false, nodes);
    size_t hop = follow(nodes, count, trusted, trusted_count, out);
    out->scheme = read_scheme(by_hop(request, "x-forwarded-proto", hop));
    out->host = by_hop(request, "x-forwarded-host", hop);
    if (read_number(by_hop(request, "x-forwarded-port", hop), UINT16_MAX, &host_port))
        out->host_port = (uint16_t)host_port;
}

static bool has(const struct pinion_http_request *request, const char *name)
{
    return pinion__http1_header(request, name).ptr != NULL;
}

void pinion__forwarded(const struct pinion_http_request *request, const uint8_t peer[16], uint16_t port,
                       const struct pinion_network *trusted, size_t count, struct pinion_forwarded *out)
{
    *out = (struct pinion_forwarded){ .port = port };
    memcpy(out->address, peer, sizeof out->address);
    if (!pinion__networks_have(trusted, count, peer))
        return;
    /* A proxy writes one kind of header, so the other kind comes from the client. Few proxies write
     * Forwarded. */
    if (has(request, "forwarded") && !has(request, "x-forwarded-for"))
        read_forwarded(request, trusted, count, out);
    else
        read_x_forwarded(request, trusted, count, out);
}
