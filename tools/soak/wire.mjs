// A TCP connection without timeouts of its own: over a modem an answer may take minutes. It gives up when nothing has moved
// for `link.stallMs`.
//
// If there is no slow network, `link.pace` is how many bytes a second we read and write.

import net from "node:net";
import { setTimeout as elapse } from "node:timers/promises";

const SLICE = 2048;
const CLOSED = "the connection ended";

export class Wire {
  #chunks = [];
  #ended = null; // the reason
  #wake = () => {};
  #moved = Date.now();
  #watch;

  static async open(link, port) {
    const wire = new Wire(link, net.connect({ port, host: link.host, noDelay: true }));
    await wire.#until(() => wire.tcp.readyState === "open", "a connection");
    return wire;
  }

  constructor(link, tcp) {
    Object.assign(this, { link, tcp, since: Date.now() });
    tcp.on("connect", () => this.#wake());
    tcp.on("data", (chunk) => this.#take(chunk));
    tcp.on("error", ({ code }) => this.#end(code));
    tcp.on("close", () => this.#end(CLOSED));
    this.#watch = setInterval(() => {
      if (Date.now() - this.#moved > link.stallMs) this.#end(`nothing moved for ${link.stallMs} ms`);
    }, 1000);
  }

  #take(chunk) {
    this.#moved = Date.now();
    this.#chunks.push(chunk);
    this.#wake();
    if (!this.link.pace) return;
    this.tcp.pause();
    setTimeout(() => this.tcp.resume(), Math.min(2000, (1000 * chunk.length) / this.link.pace));
  }

  #end(why) {
    this.#ended ??= why;
    clearInterval(this.#watch);
    this.#wake();
  }

  close() {
    this.#end("closed here");
    this.tcp.destroy();
  }

  // The first line of what came and was not waited for: an answer before its time says why the connection ended.
  #unread() {
    const [line] = Buffer.concat(this.#chunks).toString("latin1").split("\r\n");
    return line && `, after ${JSON.stringify(line.slice(0, 100))}`;
  }

  async #until(holds, what) {
    while (!holds()) {
      if (this.#ended) throw new Error(`${what}: ${this.#ended}${this.#unread()}`);
      await new Promise((resolve) => (this.#wake = resolve));
    }
  }

  async send(bytes) {
    const all = Buffer.from(bytes);
    for (let at = 0; at < all.length; at += SLICE) {
      const slice = all.subarray(at, at + SLICE);
      let gone = false;
      this.tcp.write(slice, () => {
        gone = true;
        this.#moved = Date.now();
        this.#wake();
      });
      await this.#until(() => gone, `sending, at ${at} of ${all.length} bytes`);
      if (this.link.pace) await elapse((1000 * slice.length) / this.link.pace);
    }
  }

  async #chunk(what) {
    await this.#until(() => this.#chunks.length > 0, what);
    return this.#chunks.shift();
  }

  async bytes(count, what) {
    const taken = [];
    for (let left = count; left > 0; ) {
      const chunk = await this.#chunk(what);
      if (chunk.length > left) this.#chunks.unshift(chunk.subarray(left));
      taken.push(chunk.subarray(0, left));
      left -= Math.min(left, chunk.length);
    }
    return Buffer.concat(taken);
  }

  // {status, headers, body}
  async response() {
    let head = Buffer.alloc(0), end;
    while ((end = head.indexOf("\r\n\r\n")) < 0) head = Buffer.concat([head, await this.#chunk("an answer")]);
    if (head.length > end + 4) this.#chunks.unshift(head.subarray(end + 4));
    const [first, ...lines] = head.subarray(0, end).toString("latin1").split("\r\n");
    const headers = Object.fromEntries(lines.map((line) => [line.split(":")[0].toLowerCase(), line.slice(line.indexOf(":") + 1).trim()]));
    const status = Number(first.split(" ")[1]);
    const length = status === 101 || status === 204 ? 0 : Number(headers["content-length"] ?? 0);
    return { status, headers, body: await this.bytes(length, `a body of ${length} bytes`) };
  }

  // The payload of the next text frame. Nobody here would answer a ping.
  async text() {
    for (;;) {
      const [first, second] = await this.bytes(2, "a frame");
      const more = { 126: 2, 127: 8 }[second & 127] ?? 0;
      const field = await this.bytes(more, "a frame's length");
      const length = more ? Number(BigInt(`0x${field.toString("hex")}`)) : second & 127;
      const payload = await this.bytes(length, "a frame's payload");
      if ((first & 15) === 8) throw new Error(`closed with ${payload.length >= 2 ? payload.readUInt16BE() : "no code"}`);
      if ((first & 15) === 1) return payload.toString();
    }
  }

  // Resolves when the server has ended its side and nothing came before that.
  async ended() {
    await this.#until(() => this.#chunks.length > 0 || this.#ended === CLOSED, "the end of the connection");
    return this.#chunks.length === 0;
  }
}
