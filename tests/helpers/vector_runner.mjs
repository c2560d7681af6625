// Replays one vector over WebSocket or long polling: each step on its client, each frame compared as the version
// writes it. Nothing waits by the clock: that nothing comes is known by what is answered after it.

import assert from "node:assert/strict";
import { isDeepStrictEqual } from "node:util";
import { LongpollCarrier, WebSocketCarrier, brief } from "./carriers.mjs";
import { OPCODE, RawConnection, frame, upgradeRequest } from "./raw.mjs";
import { actionOf, expandSteps } from "./vector_format.mjs";
import { within } from "./wait.mjs";

const CARRIERS = { websocket: WebSocketCarrier, longpoll: LongpollCarrier };
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

function assertCompact(text) {
  const outsideStrings = text.replace(/"(?:[^"\\]|\\.)*"/g, '""');
  assert.doesNotMatch(outsideStrings, /\s/, "what the server sends is compact");
}

// What was expected, with what the server made up in place of {ref:NAME}, which is bound at its first place.
function withRefs(expected, actual, refs) {
  if (typeof expected === "string" && expected.startsWith("{ref:")) {
    if (!refs.has(expected)) {
      assert.match(actual ?? "", /^[-\w]{16}$/, "a ref");
      assert.ok(![...refs.values()].includes(actual), "a ref of another name");
      refs.set(expected, actual);
    }
    return refs.get(expected);
  }
  if (Array.isArray(expected)) return expected.map((element, i) => withRefs(element, actual?.[i], refs));
  if (typeof expected !== "object" || expected === null) return expected;
  const bound = ([key, member]) => [key, withRefs(member, actual?.[key], refs)];
  return Object.fromEntries(Object.entries(expected).map(bound));
}

// One client of a vector. The public methods named in lower case are the actions of the steps.
class VectorClient {
  #carrier;
  #vsn;
  #v1JoinRef;
  #refs;
  #barrierTrip;
  #closed = false;

  constructor(carrier, { vsn, v1JoinRef, noMessages, refs }) {
    this.#carrier = carrier;
    this.#vsn = vsn;
    this.#v1JoinRef = v1JoinRef;
    this.#refs = refs;
    this.#barrierTrip = () => this.#heartbeatTrip();
    if (noMessages) this.#barrierTrip = carrier.sendFrame ? () => this.#pingTrip() : () => this.#echoTrip();
  }

  #forVersion(value) {
    return typeof value === "string" || Array.isArray(value) ? value : value[this.#vsn];
  }

  async #nextText(what) {
    const text = await this.#carrier.nextText(what);
    assertCompact(text);
    return text;
  }

  send(message) {
    return this.#carrier.sendText(encodeMessage(message, this.#vsn, this.#v1JoinRef));
  }

  send_together(messages) {
    return this.#carrier.sendTogether(messages.map((message) => encodeMessage(message, this.#vsn, this.#v1JoinRef)));
  }

  send_text(text, { binary }) {
    const own = this.#forVersion(text);
    return binary ? this.#carrier.sendBinary(Buffer.from(own)) : this.#carrier.sendText(own);
  }

  send_binary({ join_ref, ref, topic, event, data_hex }) {
    return this.#carrier.sendBinary(packBinary(0, [join_ref, ref, topic, event], data_hex));
  }

  send_binary_hex(hex) {
    return this.#carrier.sendBinary(Buffer.from(hex, "hex"));
  }

  async expect(message) {
    const expected = seenMessage(message, this.#vsn, this.#v1JoinRef);
    const actual = JSON.parse(await this.#nextText(brief(expected)));
    assert.deepStrictEqual(actual, withRefs(expected, actual, this.#refs));
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
    const bytes = await this.#carrier.nextBinary(`a binary ${expected.kind}`);
    assert.equal(bytes.toString("hex"), packBinary(kind, strings, expected.data_hex).toString("hex"));
  }

  async expect_close(code) {
    await this.#carrier.expectClose(code);
    this.#closed = true;
  }

  async close(code) {
    await this.#carrier.close(code);
    this.#closed = true;
  }

  // Two trips there and back: what the server put off while it answered the first comes before the second.
  async expect_none() {
    await this.#barrierTrip();
    await this.#barrierTrip();
  }

  async #heartbeatTrip() {
    await this.send([null, "barrier", "phoenix", "heartbeat", {}]);
    await this.expect([null, "barrier", "phoenix", "phx_reply", { status: "ok", response: {} }]);
  }

  async #echoTrip() {
    await this.#carrier.sendText("barrier");
    assert.equal(await this.#carrier.nextText("the barrier"), "barrier");
  }

  async #pingTrip() {
    await this.send_frame({ opcode: "ping", text: "barrier" });
    await this.expect_frame({ opcode: "pong", text: "barrier" });
  }

  async send_frame({ opcode, fin, rsv, masked, cut, ...content }) {
    const options = { fin, rsv, masked };
    if (!cut) return this.#carrier.sendFrame(opcodeOf(opcode), framePayload(content), options);
    const bytes = frame(opcodeOf(opcode), framePayload(content), options);
    for (let at = 0; at < bytes.length; at += cut) {
      await new Promise((sent) => this.#carrier.tcp.write(bytes.subarray(at, at + cut), sent));
    }
  }

  send_raw_hex(hex) {
    this.#carrier.sendRaw(Buffer.from(hex, "hex"));
  }

  async expect_frame({ opcode, ...content }) {
    const payload = await this.#carrier.nextFrame(opcodeOf(opcode), `a ${opcode} frame`);
    assert.equal(payload.toString("hex"), framePayload(content).toString("hex"));
  }

  // What these steps send leaves in one write.
  async burst(steps) {
    this.#carrier.tcp.cork();
    for (const step of steps) await perform(this, step);
    this.#carrier.tcp.uncork();
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

async function connectClient(t, server, vector, name, { vsn: runVsn, transport }, refs) {
  const own = vector.clients?.[name] ?? {};
  const { path = "/socket", params, query, headers, raw: noMessages, vsn = runVsn } = own;
  const search = query ?? new URLSearchParams({ ...params, vsn }).toString();
  const carrier = await CARRIERS[transport].connect(t, server, { path, search, headers });
  return new VectorClient(carrier, { vsn, v1JoinRef: vector.v1_join_ref, noMessages, refs });
}

// The last token that was answered stands for {token} in what is sent.
function putToken(text, tokens) {
  return text?.replaceAll("{token}", encodeURIComponent(tokens.last));
}

// An expected "{token}" is any token, and the last from here on.
function compareJson(actual, expected, tokens) {
  if (expected.token === "{token}") {
    assert.match(actual.token ?? "", /^[-\w.]{20,}$/, "a token");
    tokens.last = actual.token;
  }
  const own = expected.token === undefined ? {} : { token: putToken(expected.token, tokens) };
  assert.deepEqual(actual, { ...expected, ...own });
}

// A body given in lines; [line, n] is that line n times.
function joinLines(body) {
  if (!Array.isArray(body)) return body;
  return body.flatMap((line) => (Array.isArray(line) ? Array(line[1]).fill(line[0]) : line)).join("\n");
}

// [head, body] as they are sent.
function httpRequest({ path, text, method, version, upgrade, headers = {}, body: given }, tokens) {
  const body = joinLines(given);
  if (text !== undefined) return [text, body ?? ""];
  const length = body === undefined ? {} : { "Content-Length": String(Buffer.byteLength(body)) };
  const own = Object.entries(headers).map(([name, value]) => [name, value && putToken(value, tokens)]);
  const all = { ...(upgrade ? {} : NO_UPGRADE), ...length, ...Object.fromEntries(own) };
  return [upgradeRequest(putToken(path, tokens), all, { method, version }), body ?? ""];
}

async function compareResponse(raw, response, expect, tokens) {
  assert.equal(response.status, expect.status);
  if (expect.body !== undefined) assert.equal(response.body, expect.body);
  if (expect.json !== undefined) compareJson(JSON.parse(response.body), expect.json, tokens);
  for (const [name, value] of Object.entries(expect.headers ?? {})) {
    const actual = response.headers[name];
    if (value === null) assert.equal(actual, undefined, `no ${name}`);
    else assert.ok(actual?.startsWith(value), `${name}: ${actual}, not ${value}`);
  }
  if (expect.closes !== undefined) assert.equal(response.headers.connection, expect.closes ? "close" : "keep-alive");
  if (expect.closes) await within(raw.closed, "the end of the connection");
}

// The client sends its body once it is told to go on.
async function exchangeExpecting(raw, [head, body]) {
  raw.send(head);
  const first = await raw.response();
  if (first.status !== 100) return [false, first];
  raw.send(body);
  return [true, await raw.response()];
}

async function performExpecting(raw, request, tokens) {
  const [told, response] = await exchangeExpecting(raw, httpRequest(request, tokens));
  assert.equal(told, request.expect.continue, "100 Continue");
  await compareResponse(raw, response, request.expect, tokens);
}

// Several requests leave in one write, and are answered in order.
async function performHttp(t, server, requests, tokens) {
  const raw = await RawConnection.open(t, server);
  if ("continue" in requests[0].expect) {
    await performExpecting(raw, requests[0], tokens);
  } else {
    raw.send(requests.flatMap((request) => httpRequest(request, tokens)).join(""));
    for (const { method, expect } of requests) {
      await compareResponse(raw, await raw.response({ headOnly: method === "HEAD" }), expect, tokens);
    }
  }
  raw.tcp.destroy();
}

let replays = 0;

// Replays the vector in that version over that transport, on connections that end with the test `t`; throws where
// they differ.
export async function replayVector(t, server, vector, run) {
  const clients = new Map();
  const tokens = { last: "" };
  const refs = new Map();
  const names = { transport: `:${run.transport}`, unique: `replay-${process.pid}-${replays++}` };
  const clientOf = async ({ client: name = "a" }) => {
    if (!clients.has(name)) clients.set(name, await connectClient(t, server, vector, name, run, refs));
    return clients.get(name);
  };
  for (const step of expandSteps(vector.steps, names)) {
    try {
      await (step.http ? performHttp(t, server, [step.http].flat(), tokens) : perform(await clientOf(step), step));
    } catch (error) {
      error.message = `at ${brief(step)}\n${error.message}`;
      throw error;
    }
  }
  for (const client of clients.values()) await client.finish();
}
