// Replays one vector over WebSocket: each step on its client, each frame compared as the version writes it.
// Nothing waits by the clock: that nothing comes is known by what is answered after it.

import assert from "node:assert/strict";
import { isDeepStrictEqual } from "node:util";
import { OPCODE, RawConnection, frame, upgradeRequest } from "./raw.mjs";
import { actionOf, expandSteps } from "./vector_format.mjs";
import { within } from "./wait.mjs";

const NO_CODE = 1005;
const NO_UPGRADE = {
  Connection: null,
  Upgrade: null,
  "Sec-WebSocket-Version": null,
  "Sec-WebSocket-Key": null,
};

// A binary frame to the client: its strings, in the order of the kinds' first bytes.
const BINARY_KINDS = {
  push: ["join_ref", "topic", "event"],
  reply: ["join_ref", "ref", "topic", "status"],
  broadcast: ["topic", "event"],
};

// A message, which vectors hold in V2's form, as the text of that version.
function encodeMessage([joinRef, ref, topic, event, payload], vsn, v1JoinRef) {
  if (vsn === "2.0.0") return JSON.stringify([joinRef, ref, topic, event, payload]);
  const message = { topic, event, payload, ref };
  return JSON.stringify(v1JoinRef ? { ...message, join_ref: joinRef } : message);
}

// What a client of that version sees of a message. V1 has no join_ref; it comes back, as the ref of
// phx_close and phx_error, only to those who put one in the join.
function seenMessage([joinRef, ref, topic, event, payload], vsn, v1JoinRef) {
  if (vsn === "2.0.0") return [joinRef, ref, topic, event, payload];
  const refIsJoinRef = event === "phx_close" || event === "phx_error";
  return { event, payload, ref: refIsJoinRef && !v1JoinRef ? null : ref, topic };
}

// Kind, lengths, strings, data.
function packBinary(kind, strings, dataHex) {
  const bytes = strings.map((string) => Buffer.from(string));
  const lengths = bytes.map((string) => string.length);
  return Buffer.concat([Buffer.of(kind, ...lengths), ...bytes, Buffer.from(dataHex, "hex")]);
}

function framePayload({ text, hex }) {
  return text === undefined ? Buffer.from(hex, "hex") : Buffer.from(text);
}

function opcodeOf(name) {
  return OPCODE[String(name).toUpperCase()] ?? name;
}

function brief(value) {
  const text = typeof value === "string" ? value : JSON.stringify(value);
  return text.length > 300 ? `${text.slice(0, 300)}…` : text;
}

function assertCompact(text) {
  const outsideStrings = text.replace(/"(?:[^"\\]|\\.)*"/g, '""');
  assert.doesNotMatch(outsideStrings, /\s/, "what the server sends is compact");
}

// One client of a vector. The public methods named in lower case are the actions of the steps.
class VectorClient {
  #raw;
  #vsn;
  #v1JoinRef;
  #barrierTrip;
  #sentClose = false;
  #closed = false;

  constructor(raw, { vsn, v1JoinRef, noMessages }) {
    this.#raw = raw;
    this.#vsn = vsn;
    this.#v1JoinRef = v1JoinRef;
    this.#barrierTrip = noMessages ? () => this.#pingTrip() : () => this.#heartbeatTrip();
  }

  #sendFrame(opcode, payload, options) {
    this.#sentClose ||= opcode === OPCODE.CLOSE;
    this.#raw.send(frame(opcode, payload, options));
  }

  #forVersion(value) {
    return typeof value === "string" || Array.isArray(value) ? value : value[this.#vsn];
  }

  async #nextFrame(opcode, what) {
    const { fin, opcode: actual, payload } = await within(this.#raw.frame(), what);
    assert.equal(actual, opcode, `expected ${what}, got ${brief(payload.toString())} (opcode ${actual})`);
    assert.ok(fin, "a server's frame is never a fragment");
    return payload;
  }

  async #nextText(what) {
    const text = (await this.#nextFrame(OPCODE.TEXT, what)).toString();
    assertCompact(text);
    return text;
  }

  send(message) {
    this.#sendFrame(OPCODE.TEXT, encodeMessage(message, this.#vsn, this.#v1JoinRef));
  }

  send_text(text, { binary }) {
    this.#sendFrame(binary ? OPCODE.BINARY : OPCODE.TEXT, this.#forVersion(text));
  }

  send_binary({ join_ref, ref, topic, event, data_hex }) {
    this.#sendFrame(OPCODE.BINARY, packBinary(0, [join_ref, ref, topic, event], data_hex));
  }

  send_binary_hex(hex) {
    this.#sendFrame(OPCODE.BINARY, Buffer.from(hex, "hex"));
  }

  async expect(message) {
    const expected = seenMessage(message, this.#vsn, this.#v1JoinRef);
    assert.deepStrictEqual(JSON.parse(await this.#nextText(brief(expected))), expected);
  }

  async expect_any_order(messages) {
    const missing = messages.map((message) => seenMessage(message, this.#vsn, this.#v1JoinRef));
    while (missing.length > 0) {
      const actual = JSON.parse(await this.#nextText(`one of ${brief(missing)}`));
      const index = missing.findIndex((expected) => isDeepStrictEqual(actual, expected));
      assert.notEqual(index, -1, `${brief(actual)} is none of ${brief(missing)}`);
      missing.splice(index, 1);
    }
  }

  async expect_text(texts) {
    const alternatives = [this.#forVersion(texts)].flat();
    const text = await this.#nextText(brief(alternatives[0]));
    if (!alternatives.includes(text)) assert.equal(text, alternatives[0]);
  }

  async expect_binary(expected) {
    const kind = Object.keys(BINARY_KINDS).indexOf(expected.kind);
    const strings = BINARY_KINDS[expected.kind].map((field) => expected[field]);
    const bytes = await this.#nextFrame(OPCODE.BINARY, `a binary ${expected.kind}`);
    assert.equal(bytes.toString("hex"), packBinary(kind, strings, expected.data_hex).toString("hex"));
  }

  // The close frame gives no reason, and is the last thing that comes before the connection ends.
  async expect_close(code) {
    const payload = await this.#nextFrame(OPCODE.CLOSE, `a close frame with ${code}`);
    assert.equal(payload.length === 0 ? NO_CODE : payload.readUInt16BE(0), code);
    assert.ok(payload.length <= 2, "a close frame without a reason");
    if (!this.#sentClose) this.#sendFrame(OPCODE.CLOSE, payload);
    await assert.rejects(this.#raw.frame(), /the connection ended/, "nothing after the close frame");
    this.#closed = true;
  }

  async close(code) {
    const payload = Buffer.alloc(2);
    payload.writeUInt16BE(code);
    this.#sendFrame(OPCODE.CLOSE, payload);
    await this.expect_close(code);
  }

  // Two trips there and back: what the server put off while it answered the first comes before the second.
  async expect_none() {
    await this.#barrierTrip();
    await this.#barrierTrip();
  }

  async #heartbeatTrip() {
    this.send([null, "barrier", "phoenix", "heartbeat", {}]);
    await this.expect([null, "barrier", "phoenix", "phx_reply", { status: "ok", response: {} }]);
  }

  async #pingTrip() {
    await this.send_frame({ opcode: "ping", text: "barrier" });
    await this.expect_frame({ opcode: "pong", text: "barrier" });
  }

  async send_frame({ opcode, fin, rsv, masked, cut, ...content }) {
    if (!cut) return this.#sendFrame(opcodeOf(opcode), framePayload(content), { fin, rsv, masked });
    const bytes = frame(opcodeOf(opcode), framePayload(content), { fin, rsv, masked });
    for (let at = 0; at < bytes.length; at += cut) {
      await new Promise((sent) => this.#raw.tcp.write(bytes.subarray(at, at + cut), sent));
    }
  }

  send_raw_hex(hex) {
    this.#raw.send(Buffer.from(hex, "hex"));
  }

  async expect_frame({ opcode, ...content }) {
    const payload = await this.#nextFrame(opcodeOf(opcode), `a ${opcode} frame`);
    assert.equal(payload.toString("hex"), framePayload(content).toString("hex"));
  }

  // What these steps send leaves in one write.
  async burst(steps) {
    this.#raw.tcp.cork();
    for (const step of steps) await perform(this, step);
    this.#raw.tcp.uncork();
  }

  // Nothing has come that no step expected.
  async finish() {
    if (!this.#closed) await this.expect_none();
  }
}

function perform(client, step) {
  const action = actionOf(step);
  return client[action](step[action], step);
}

async function connectClient(t, server, vector, name, runVsn) {
  const own = vector.clients?.[name] ?? {};
  const { path = "/socket", params, query, headers, raw: noMessages, vsn = runVsn } = own;
  const search = query ?? new URLSearchParams({ ...params, vsn }).toString();
  const raw = await RawConnection.open(t, server);
  raw.send(upgradeRequest(`${path}/websocket${search && `?${search}`}`, headers));
  assert.equal((await raw.response()).status, 101, `client ${name} is let in`);
  return new VectorClient(raw, { vsn, v1JoinRef: vector.v1_join_ref, noMessages });
}

async function performHttp(t, server, { path, method, version, upgrade, headers, expect }) {
  const raw = await RawConnection.open(t, server);
  raw.send(upgradeRequest(path, { ...(upgrade ? {} : NO_UPGRADE), ...headers }, { method, version }));
  const response = await raw.response();
  assert.equal(response.status, expect.status);
  if (expect.body !== undefined) assert.equal(response.body, expect.body);
  for (const [name, value] of Object.entries(expect.headers ?? {})) {
    const actual = response.headers[name];
    if (value === null) assert.equal(actual, undefined, `no ${name}`);
    else assert.ok(actual?.startsWith(value), `${name}: ${actual}, not ${value}`);
  }
  raw.tcp.destroy();
}

// Replays the vector in that version on connections that end with the test `t`; throws where they differ.
export async function replayVector(t, server, vector, vsn) {
  const clients = new Map();
  const clientOf = async ({ client: name = "a" }) => {
    if (!clients.has(name)) clients.set(name, await connectClient(t, server, vector, name, vsn));
    return clients.get(name);
  };
  for (const step of expandSteps(vector.steps, { transport: ":websocket" })) {
    try {
      await (step.http ? performHttp(t, server, step.http) : perform(await clientOf(step), step));
    } catch (error) {
      error.message = `at ${brief(step)}\n${error.message}`;
      throw error;
    }
  }
  for (const client of clients.values()) await client.finish();
}
