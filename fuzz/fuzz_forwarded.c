/* Where a request comes from if it came through proxies. The first line of the input lists the trusted
 * networks, with commas between them. Each other line is a header, according to its first byte: 'f'
 * Forwarded, 'a' X-Forwarded-For, 'p' -Proto, 'h' -Host, 'o' -Port. The peer is 10.0.0.1.
 *
 * A second reader, written differently, also finds the client's address: it splits the lists into elements
 * first, from the front, and knows only the quotes of RFC 7239.
 *
 * Fuzzes: src/proto/forwarded.c */
#include "fuzz.h"
#include "proto/forwarded.h"
#include <arpa/inet.h>
#include <ctype.h>

#define NETWORKS_MAX 4
#define HEADERS_MAX  8
#define INPUT_MAX    5000
#define ELEMENTS_MAX INPUT_MAX
#define HOPS_MAX     16
#define PEER_PORT    1000

static const uint8_t peer[16] = { [10] = 0xff, [11] = 0xff, [12] = 10, [15] = 1 };

static struct pinion_network networks[NETWORKS_MAX];
static size_t network_count;
static struct pinion_http_request request;

/* ---- the other reader ---- */

/* Compare bit by bit. */
static bool is_trusted(const uint8_t address[16])
{
    bool trusted = false;
    for (size_t i = 0; i < network_count; i++) {
        bool inside = true;
        for (unsigned bit = 0; bit < networks[i].bits; bit++)
            inside = inside && ((address[bit / 8] ^ networks[i].address[bit / 8]) & 0x80 >> bit % 8) == 0;
        trusted = trusted || inside;
    }
    return trusted;
}

static bool read_address(const char *text, uint8_t address[16])
{
    struct in_addr v4;
    if (inet_pton(AF_INET, text, &v4) == 1) {
        memcpy(address, peer, 12);
        memcpy(address + 12, &v4, 4);
        return true;
    }
    return inet_pton(AF_INET6, text, address) == 1;
}

/* An address, with or without a port, which is ignored. An IPv6 address with a port is in brackets. */
static bool read_node(struct pinion_slice node, uint8_t address[16])
{
    char text[INPUT_MAX], *end;
    if (node.len >= sizeof text || node.len == 0 || memchr(node.ptr, '\0', node.len))
        return false;
    memcpy(text, node.ptr, node.len);
    text[node.len] = '\0';
    if (read_address(text, address))
        return true;
    end = text[0] == '[' ? strchr(text, ']') : strchr(text, ':');
    if (!end)
        return false;
    *end = '\0';
    return read_address(text + (text[0] == '['), address);
}

/* The elements of all headers of that name, the last first. */
static size_t elements_of(const char *name, struct pinion_slice elements[ELEMENTS_MAX])
{
    size_t count = 0;
    for (size_t i = 0; i < request.header_count; i++) {
        if (!pinion__slice_is(request.headers[i].name, name))
            continue;
        struct pinion_slice rest = request.headers[i].value;
        for (const char *comma = rest.ptr; comma && count < ELEMENTS_MAX;) {
            comma = rest.len ? memchr(rest.ptr, ',', rest.len) : NULL;
            size_t len = comma ? (size_t)(comma - rest.ptr) : rest.len;
            elements[count++] = pinion__slice_trim(pinion__slice(rest.ptr, len));
            if (comma)
                rest = pinion__slice(comma + 1, rest.len - len - 1);
        }
    }
    for (size_t i = 0; i < count / 2; i++) {
        struct pinion_slice other = elements[i];
        elements[i] = elements[count - 1 - i];
        elements[count - 1 - i] = other;
    }
    return count;
}

static void follow(const struct pinion_slice *nodes, size_t count, uint8_t client[16])
{
    uint8_t next[16];
    memcpy(client, peer, sizeof next);
    for (size_t i = 0; i < count && i < HOPS_MAX && is_trusted(client) && read_node(nodes[i], next); i++)
        memcpy(client, next, sizeof next);
}

/* ---- Forwarded, if no quote is left open: then it can be read from either end ---- */

/* The text up to `stop` outside of quotes. *rest is what follows; its ptr is NULL at the end. Returns false
 * if a quote is not closed. */
static bool take_part(struct pinion_slice *rest, char stop, struct pinion_slice *part)
{
    bool quoted = false;
    size_t i = 0;
    for (; i < rest->len && (quoted || rest->ptr[i] != stop); i++) {
        if (quoted && rest->ptr[i] == '\\')
            i++;
        else if (rest->ptr[i] == '"')
            quoted = !quoted;
    }
    if (i > rest->len || quoted)
        return false;
    *part = pinion__slice_trim(pinion__slice(rest->ptr, i));
    *rest = i < rest->len ? pinion__slice(rest->ptr + i + 1, rest->len - i - 1) : pinion__slice(NULL, 0);
    return true;
}

static struct pinion_slice without_quotes(struct pinion_slice text)
{
    if (text.len >= 2 && text.ptr[0] == '"' && text.ptr[text.len - 1] == '"')
        return pinion__slice(text.ptr + 1, text.len - 2);
    return text;
}

static bool is_for(struct pinion_slice pair)
{
    return pair.len > 4 && tolower(pair.ptr[0]) == 'f' && tolower(pair.ptr[1]) == 'o' &&
           tolower(pair.ptr[2]) == 'r' && pair.ptr[3] == '=';
}

static struct pinion_slice node_of(struct pinion_slice element)
{
    struct pinion_slice pair;
    while (element.ptr && take_part(&element, ';', &pair)) {
        if (is_for(pair))
            return without_quotes(pinion__slice(pair.ptr + 4, pair.len - 4));
    }
    return pinion__slice(NULL, 0);
}

/* As in the grammar: a quote follows '=', and the end of its parameter follows the closing quote. */
static bool is_orderly(struct pinion_slice value)
{
    bool quoted = false;
    for (size_t i = 0; i < value.len; i++) {
        char c = value.ptr[i], next = i + 1 < value.len ? value.ptr[i + 1] : ',';
        if (c == '\\' && !quoted)
            return false;
        if (c == '\\')
            i++;
        if (c == '"' && !(quoted ? next == ',' || next == ';' : i > 0 && value.ptr[i - 1] == '='))
            return false;
        quoted = c == '"' ? !quoted : quoted;
    }
    return !quoted;
}

/* Returns false if it is not written as in the RFC; other functions check what must hold then. */
static bool nodes_of_forwarded(struct pinion_slice nodes[ELEMENTS_MAX], size_t *count)
{
    *count = 0;
    for (size_t i = request.header_count; i-- > 0;) {
        struct pinion_slice rest = request.headers[i].value, element;
        size_t first = *count;
        if (!pinion__slice_is(request.headers[i].name, "forwarded"))
            continue;
        if (!is_orderly(rest))
            return false;
        do {
            if (!take_part(&rest, ',', &element))
                return false;
            memmove(nodes + first + 1, nodes + first, (*count - first) * sizeof *nodes);
            nodes[first] = node_of(element);
        } while (++*count < ELEMENTS_MAX && rest.ptr);
    }
    return true;
}

/* ---- checks ---- */

static bool has(const char *name)
{
    return pinion__http1_header(&request, name).ptr != NULL;
}

static void check_client(const struct pinion_forwarded *found)
{
    static struct pinion_slice nodes[ELEMENTS_MAX];
    uint8_t client[16];
    size_t count;
    if (has("forwarded") && !has("x-forwarded-for")) {
        if (!nodes_of_forwarded(nodes, &count))
            return;
    } else {
        count = elements_of("x-forwarded-for", nodes);
    }
    follow(nodes, count, client);
    REQUIRE(memcmp(client, found->address, sizeof client) == 0);
}

static void check_host(struct pinion_slice host)
{
    bool found = host.len == 0;
    for (size_t i = 0; i < request.header_count; i++)
        found = found || lies_in(host, request.headers[i].value);
    REQUIRE(found);
}

static void check_found(void)
{
    struct pinion_forwarded found, again;
    pinion__forwarded(&request, peer, PEER_PORT, networks, network_count, &found);
    check_host(found.host);
    REQUIRE(!found.scheme.len || pinion__slice_is(found.scheme, "http") ||
            pinion__slice_is(found.scheme, "https"));
    if (!is_trusted(peer)) {
        REQUIRE(memcmp(found.address, peer, sizeof peer) == 0 && found.port == PEER_PORT);
        REQUIRE(found.scheme.len == 0 && found.host.len == 0 && found.host_port == 0);
    }
    check_client(&found);
    pinion__forwarded(&request, found.address, found.port, networks, 0, &again);
    REQUIRE(memcmp(again.address, found.address, sizeof again.address) == 0 && again.port == found.port);
}

/* What the proxy adds counts, whatever the client has sent. */
static void check_added(void)
{
    static const char added[] = ", proto=https;host=\"\\\", for=192.0.2.9;b=\\\\\" ;for=\"[2001:db8::1]:8\"";
    struct pinion_http_header *last = &request.headers[request.header_count - 1];
    struct pinion_slice value = last->value;
    struct pinion_forwarded found;
    uint8_t client[16];
    REQUIRE(read_address("2001:db8::1", client));
    if (!pinion__slice_is(last->name, "forwarded") || has("x-forwarded-for") || !is_trusted(peer) ||
        is_trusted(client))
        return;
    size_t len = value.len + sizeof added - 1;
    char *text = allocate(len);
    memcpy(text, value.ptr, value.len);
    memcpy(text + value.len, added, sizeof added - 1);
    last->value = pinion__slice(text, len);
    pinion__forwarded(&request, peer, PEER_PORT, networks, network_count, &found);
    REQUIRE(memcmp(found.address, client, sizeof client) == 0 && found.port == 8);
    REQUIRE(pinion__slice_is(found.scheme, "https"));
    last->value = value;
    free(text);
}

/* ---- input ---- */

static void read_networks(struct pinion_slice line)
{
    struct input input = { (const uint8_t *)line.ptr, line.len };
    network_count = 0;
    while (input.left > 0 && network_count < NETWORKS_MAX) {
        struct pinion_slice text = input_until(&input, ',');
        char *exact = copy_exactly(text);
        struct pinion_network network;
        if (pinion__network_read(pinion__slice(exact, text.len), &network)) {
            REQUIRE(network.bits <= 128);
            networks[network_count++] = network;
        }
        free(exact);
    }
}

static const char *name_of(char c)
{
    static const char letters[] = "fapho";
    static const char *const names[] = { "forwarded", "x-forwarded-for", "x-forwarded-proto",
                                         "x-forwarded-host", "x-forwarded-port" };
    const char *letter = memchr(letters, c, sizeof letters - 1);
    return names[letter ? letter - letters : 4];
}

/* As in a head: without NUL and CR, and without blanks around it. */
static void add_header(struct pinion_slice line)
{
    if (line.len == 0 || memchr(line.ptr, '\0', line.len) || memchr(line.ptr, '\r', line.len))
        return;
    struct pinion_slice value = pinion__slice_trim(pinion__slice(line.ptr + 1, line.len - 1));
    request.headers[request.header_count++] = (struct pinion_http_header){
        .name = pinion__slice_str(name_of(line.ptr[0])),
        .value = pinion__slice(copy_exactly(value), value.len),
    };
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct input input = { data, size };
    request.header_count = 0;
    if (size >= INPUT_MAX)
        return 0;
    read_networks(input_until(&input, '\n'));
    while (input.left > 0 && request.header_count < HEADERS_MAX)
        add_header(input_until(&input, '\n'));
    check_found();
    if (request.header_count > 0)
        check_added();
    for (size_t i = 0; i < request.header_count; i++)
        free((char *)request.headers[i].value.ptr);
    return 0;
}
