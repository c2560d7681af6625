#include "frame_parser.h"

static bool known_opcode(uint8_t opcode)
{
    return opcode == OPCODE_TEXT || opcode == OPCODE_BINARY ||
           (opcode >= OPCODE_CLOSE && opcode <= OPCODE_PONG);
}

/* The length of the header. It counts as 2 until the second byte has come. */
static size_t head_size(const struct frame_parser *parser)
{
    if (parser->head_len < 2 || parser->head[1] < 126)
        return 2;
    return parser->head[1] == 126 ? 4 : 10;
}

static bool acceptable(const struct frame_parser *parser)
{
    uint8_t opcode = parser->head[0] & 0x0f;
    bool whole = (parser->head[0] & 0xf0) == 0x80; /* final, and without reserved bits */
    if (!whole || !known_opcode(opcode) || parser->head[1] & 0x80)
        return false;
    return opcode < OPCODE_CLOSE || parser->head[1] <= 125;
}

static bool read_length(struct frame_parser *parser)
{
    size_t size = head_size(parser);
    parser->total = size == 2 ? parser->head[1] : 0;
    for (size_t i = 2; i < size; i++)
        parser->total = parser->total << 8 | parser->head[i];
    return size == 2 || (size == 4 && parser->total > 125) || (size == 10 && parser->total > 65535);
}

/* Collect the header. FRAME_PIECE: it is complete. */
static enum frame_result parse_head(struct frame_parser *parser, const uint8_t *bytes, size_t len, size_t *at)
{
    while (parser->head_len < 2 || parser->head_len < head_size(parser)) {
        if (*at == len)
            return FRAME_NEED_MORE;
        parser->head[parser->head_len++] = bytes[(*at)++];
        if (parser->head_len == 2 && !acceptable(parser))
            return FRAME_ERROR;
    }
    return read_length(parser) ? FRAME_PIECE : FRAME_ERROR;
}

static void take_payload(struct frame_parser *parser, const uint8_t *bytes, size_t len, size_t *at,
                         struct frame_piece *piece)
{
    uint64_t missing = parser->total - parser->offset;
    piece->opcode = parser->head[0] & 0x0f;
    piece->bytes = bytes + *at;
    piece->len = missing < len - *at ? (size_t)missing : len - *at;
    piece->offset = parser->offset;
    piece->total = parser->total;
    *at += piece->len;
    parser->offset += piece->len;
    if (parser->offset == parser->total)
        *parser = (struct frame_parser){ 0 };
}

enum frame_result frame_parse(struct frame_parser *parser, const uint8_t *bytes, size_t len, size_t *at,
                              struct frame_piece *piece)
{
    if (!parser->in_payload) {
        enum frame_result result = parse_head(parser, bytes, len, at);
        if (result != FRAME_PIECE)
            return result;
        parser->in_payload = true;
    }
    if (*at == len && parser->total > 0)
        return FRAME_NEED_MORE;
    take_payload(parser, bytes, len, at, piece);
    return FRAME_PIECE;
}
