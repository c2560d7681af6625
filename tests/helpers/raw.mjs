// Bytes on a TCP connection, and just enough HTTP and WebSocket to send what no library would send.

import { once } from "node:events";
import http from "node:http";
import net from "node:net";
import { within } from "./wait.mjs";

export const OPCODE = { CONTINUATION: 0, TEXT: 1, BINARY: 2, CLOSE: 8, PING: 9, PONG: 10 };

export class RawConnection {
  #received = Buffer.alloc(0);
  #ended = false;
  #wake = () => {};

  // Ends with the test.
  static async open(t, server) {
    const tcp = net.connect({ port: server.port, host: "127.0.0.1", noDelay: true });
    t.after(() => tcp.destroy());
    await once(tcp, "connect");
    return new RawConnection(tcp);
  }

  // An upgraded connection.
  static async websocket(t, server, target = "/socket/websocket?vsn=2.0.0") {
    const raw = await RawConnection.open(t, server);
    raw.send(upgradeRequest(target));
    const { status } = await raw.response();
    if (status !== 101) throw new Error(`the handshake was answered with ${status}`);
    return raw;
  }

  constructor(tcp) {
    this.tcp = tcp;
    tcp.on("data", (chunk) => {
      this.#received = Buffer.concat([this.#received, chunk]);
      this.#wake();
    });
    tcp.on("error", () => {});
    this.closed = new Promise((resolve) => tcp.once("close", resolve));
    this.closed.then(() => {
      this.#ended = true;
      this.#wake();
    });
  }

  send(bytes) {
    this.tcp.write(bytes);
  }

  // One byte a packet, as far as the kernel lets us choose.
  async sendSlowly(bytes) {
    for (const byte of Buffer.from(bytes)) {
      await new Promise((resolve) => this.tcp.write(Buffer.of(byte), resolve));
    }
  }

  // {status, headers, body}
  async response({ headOnly = false } = {}) {
    const end = await this.#until((bytes) => position(bytes.indexOf("\r\n\r\n")), "a response head");
    const [statusLine, ...lines] = this.#take(end + 4).toString("latin1").trimEnd().split("\r\n");
    const headers = Object.fromEntries(lines.map(headerField));
    const status = Number(statusLine.split(" ")[1]);
    const length = status === 101 || headOnly ? 0 : Number(headers["content-length"] ?? 0);
    await this.#until((bytes) => bytes.length >= length || null, "a response body");
    return { status, headers, body: this.#take(length).toString() };
  }

  // {fin, opcode, payload}
  async frame() {
    const { head, length } = await this.#until(frameHead, "a frame");
    await this.#until((bytes) => bytes.length >= head + length || null, "the rest of a frame");
    const bytes = this.#take(head + length);
    return { fin: bytes[0] >= 0x80, opcode: bytes[0] & 15, payload: bytes.subarray(head) };
  }

  async message() {
    const { opcode, payload } = await this.frame();
    if (opcode !== OPCODE.TEXT) throw new Error(`a frame with opcode ${opcode}: ${payload.toString("hex")}`);
    return JSON.parse(payload);
  }

  // The code of the next close frame, whatever comes before it; null when the connection ends without one.
  async closeCode() {
    try {
      for (;;) {
        const { opcode, payload } = await this.frame();
        if (opcode === OPCODE.CLOSE) return payload.length >= 2 ? payload.readUInt16BE() : 1005;
      }
    } catch (error) {
      if (this.#ended) return null;
      throw error;
    }
  }

  async #until(find, what) {
    const look = async () => {
      for (;;) {
        const found = find(this.#received);
        if (found !== null) return found;
        if (this.#ended) throw new Error(`the connection ended before ${what}`);
        await new Promise((resolve) => (this.#wake = resolve));
      }
    };
    return within(look(), what);
  }

  #take(length) {
    const taken = this.#received.subarray(0, length);
    this.#received = this.#received.subarray(length);
    return taken;
  }
}

function position(index) {
  return index < 0 ? null : index;
}

function headerField(line) {
  const colon = line.indexOf(":");
  return [line.slice(0, colon).toLowerCase(), line.slice(colon + 1).trim()];
}

function frameHead(bytes) {
  if (bytes.length < 2) return null;
  const short = bytes[1] & 127;
  const head = 2 + (short === 126 ? 2 : short === 127 ? 8 : 0);
  if (bytes.length < head) return null;
  if (short < 126) return { head, length: short };
  return { head, length: short === 126 ? bytes.readUInt16BE(2) : Number(bytes.readBigUInt64BE(2)) };
}

// A client's frame. `length` claims another length than the payload's.
export function frame(opcode, payload = "", { fin = true, rsv = 0, masked = true, length } = {}) {
  const data = Buffer.from(payload);
  const key = Buffer.from([0x12, 0x34, 0x56, 0x78]);
  const first = Buffer.of((fin ? 0x80 : 0) | (rsv << 4) | opcode);
  const size = lengthField(length ?? data.length, masked);
  if (!masked) return Buffer.concat([first, size, data]);
  return Buffer.concat([first, size, key, data.map((byte, i) => byte ^ key[i % 4])]);
}

export function text(value) {
  return frame(OPCODE.TEXT, typeof value === "string" ? value : JSON.stringify(value));
}

function lengthField(length, masked) {
  const mask = masked ? 0x80 : 0;
  if (length < 126) return Buffer.of(mask | length);
  if (length < 65536) return Buffer.of(mask | 126, length >> 8, length & 255);
  const field = Buffer.alloc(9, mask | 127);
  field.writeBigUInt64BE(BigInt(length), 1);
  return field;
}

// `change` overrides headers; one set to null is left out.
export function upgradeRequest(target, change = {}, { method = "GET", version = "1.1" } = {}) {
  const headers = {
    Host: "127.0.0.1",
    Connection: "Upgrade",
    Upgrade: "websocket",
    "Sec-WebSocket-Version": "13",
    "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ==",
    ...change,
  };
  const present = Object.entries(headers).filter(([, value]) => value !== null);
  return `${method} ${target} HTTP/${version}\r\n${present.map(([k, v]) => `${k}: ${v}\r\n`).join("")}\r\n`;
}

// The body of GET / over a unix-domain socket.
export async function getOver(socketPath) {
  const response = await new Promise((resolve, reject) => {
    http.get({ socketPath, path: "/", agent: false }, resolve).once("error", reject);
  });
  return (await response.toArray()).join("");
}
