// What carries the frames of a vector's client: a WebSocket, or requests of long polling.
//
//   sendText(text), sendBinary(bytes)   resolve when the server has it, as far as the transport tells
//   sendTogether(texts)                 in one write, or one request
//   nextText(what), nextBinary(what)    the next frame, which must be of that kind
//   expectClose(code), close(code)      the end, by the server or the client; both wait for it

import assert from "node:assert/strict";
import { OPCODE, RawConnection, frame, upgradeRequest } from "./raw.mjs";
import { within } from "./wait.mjs";

const NO_CODE = 1005;

export function brief(value) {
  const text = typeof value === "string" ? value : JSON.stringify(value);
  return text.length > 300 ? `${text.slice(0, 300)}…` : text;
}

export class WebSocketCarrier {
  #raw;
  #sentClose = false;

  static async connect(t, server, { path, search, headers }) {
    const raw = await RawConnection.open(t, server);
    raw.send(upgradeRequest(`${path}/websocket${search && `?${search}`}`, headers));
    assert.equal((await raw.response()).status, 101, "the client is let in");
    return new WebSocketCarrier(raw);
  }

  constructor(raw) {
    this.#raw = raw;
  }

  get tcp() {
    return this.#raw.tcp;
  }

  sendRaw(bytes) {
    this.#raw.send(bytes);
  }

  sendFrame(opcode, payload, options) {
    this.#sentClose ||= opcode === OPCODE.CLOSE;
    this.#raw.send(frame(opcode, payload, options));
  }

  sendText(text) {
    this.sendFrame(OPCODE.TEXT, text);
  }

  sendBinary(bytes) {
    this.sendFrame(OPCODE.BINARY, bytes);
  }

  sendTogether(texts) {
    this.#raw.send(Buffer.concat(texts.map((text) => frame(OPCODE.TEXT, text))));
  }

  async nextFrame(opcode, what) {
    const { fin, opcode: actual, payload } = await within(this.#raw.frame(), what);
    assert.equal(actual, opcode, `expected ${what}, got ${brief(payload.toString())} (opcode ${actual})`);
    assert.ok(fin, "a server's frame is never a fragment");
    return payload;
  }

  async nextText(what) {
    return (await this.nextFrame(OPCODE.TEXT, what)).toString();
  }

  nextBinary(what) {
    return this.nextFrame(OPCODE.BINARY, what);
  }

  // The close frame gives no reason, and is the last thing that comes before the connection ends.
  async expectClose(code) {
    const payload = await this.nextFrame(OPCODE.CLOSE, `a close frame with ${code}`);
    assert.equal(payload.length === 0 ? NO_CODE : payload.readUInt16BE(0), code);
    assert.ok(payload.length <= 2, "a close frame without a reason");
    if (!this.#sentClose) this.sendFrame(OPCODE.CLOSE, payload);
    await assert.rejects(this.#raw.frame(), /the connection ended/, "nothing after the close frame");
  }

  async close(code) {
    const payload = Buffer.alloc(2);
    payload.writeUInt16BE(code);
    this.sendFrame(OPCODE.CLOSE, payload);
    await this.expectClose(code);
  }
}

// Each frame is a request of its own, but for those sent together, and the next is sent when it is answered: so they keep their order.
export class LongpollCarrier {
  #url;
  #headers;
  #messages = [];
  #sent = Promise.resolve();
  #gone = false;

  static async connect(t, server, { path, search, headers }) {
    const url = new URL(`${server.url}${path}/longpoll${search && `?${search}`}`);
    const carrier = new LongpollCarrier(url, headers);
    const { status, token, messages } = await carrier.#request("GET");
    assert.equal(status, 410, "the client is let in");
    assert.deepEqual(messages, []);
    url.searchParams.set("token", token);
    return carrier;
  }

  constructor(url, headers) {
    this.#url = url;
    this.#headers = headers;
  }

  async #request(method, type, body) {
    const headers = { ...this.#headers, ...(type && { "content-type": type }) };
    const response = await within(fetch(this.#url, { method, headers, body }), `the answer to a ${method}`);
    assert.equal(response.status, 200);
    return response.json();
  }

  // An undecodable frame, and what follows it, finds no session.
  async #post(type, body) {
    const { status } = await this.#request("POST", type, body);
    assert.ok(status === 200 || status === 410, `a POST answered with ${status}`);
    this.#gone ||= status === 410;
  }

  #queue(type, body) {
    this.#sent = this.#sent.then(() => this.#post(type, body));
    return this.#sent;
  }

  // A line that begins with '[' is a text; anything else goes as a body of its own.
  sendText(text) {
    const line = text.startsWith("[") && !/[\r\n]/.test(text);
    return line ? this.#queue("application/x-ndjson", text) : this.#queue("application/json", text);
  }

  sendTogether(texts) {
    return this.#queue("application/x-ndjson", texts.join("\n"));
  }

  sendBinary(bytes) {
    return this.#queue("application/x-ndjson", bytes.toString("base64"));
  }

  async nextText(what) {
    const deadline = Date.now() + 12_000;
    while (this.#messages.length === 0) {
      const { status, messages } = await this.#request("GET");
      assert.ok(status === 200 || status === 204, `expected ${what}, got the status ${status}`);
      assert.ok(status === 200 || Date.now() < deadline, `waited too long for ${what}`);
      this.#messages.push(...messages);
    }
    return this.#messages.shift();
  }

  // What is queued when the session ends is still fetched by the poll that waits; there may be none.
  async expectClose() {
    assert.deepEqual(this.#messages, [], "nothing before the end");
    const { status } = await this.#request("GET");
    assert.equal(status, 500, "the session has ended");
  }
}
