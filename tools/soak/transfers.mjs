// Downloads and uploads over a link: each must be complete. They follow each other until stop().
//
// For each, `tell` gets {kind: "transfer", what, node, from, to, bytes, error, wrong, refused}; `from` is when its connection
// began. If the node was killed meanwhile, an error is excused; if it had no descriptors, a 503 is: the listener decides. Data
// that differs from what was asked for (`wrong`) is never excused.

import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import path from "node:path";
import { setTimeout as elapse } from "node:timers/promises";
import { OPCODE, frame, upgradeRequest } from "../../tests/helpers/raw.mjs";
import { pick, sizeUpTo } from "./random.mjs";
import { Wire } from "./wire.mjs";

const LEAST = 4_000;
const MOST = 600_000;
const AFTER_FAILURE_MS = 500;

const sha = (bytes) => createHash("sha256").update(bytes).digest("hex");

// FNV-1a, as tests/helpers/soaked.c.
function sum(bytes) {
  let hash = 2166136261;
  for (const byte of bytes) hash = Math.imul(hash ^ byte, 16777619);
  return hash >>> 0;
}

class Wrong extends Error {}
class Refused extends Error {}

function must(holds, what) {
  if (!holds) throw new Wrong(what);
}

export class Transfers {
  #stopped = false;
  #running = [];

  constructor({ link, cluster, nodes, files, below, tell }) {
    this.files = files.map((file) => {
      const bytes = readFileSync(file);
      return { target: `/files/${path.basename(file)}`, bytes, sha: sha(bytes) };
    });
    Object.assign(this, { link, cluster, nodes, below, tell });
    this.#running = [this.#goOn([keepAlive, oneEach, ranges]), this.#goOn([byWebSocket, byLongPoll])];
  }

  // Resolves when the running transfers have ended.
  async stop() {
    this.#stopped = true;
    await Promise.all(this.#running);
  }

  async #goOn(ways) {
    while (!this.#stopped) {
      const done = await this.#once(pick(this.below, ways), pick(this.below, this.nodes));
      if (!done && !this.#stopped) await elapse(AFTER_FAILURE_MS);
    }
  }

  // A way is a generator of what each transfer moved, on a connection that it opens with `open`.
  async #once(way, node) {
    const wires = [];
    const began = Date.now();
    const note = (bytes, error) =>
      this.tell({
        kind: "transfer", what: way.name, cluster: this.cluster, node: node.index, from: began, to: Date.now(), bytes,
        error: error?.message, wrong: error instanceof Wrong, refused: error instanceof Refused,
      });
    const open = async () => {
      wires.push(await Wire.open(this.link, node.port));
      return wires.at(-1);
    };
    try {
      for await (const bytes of way(this, open)) {
        note(bytes);
        if (this.#stopped) break;
      }
      return true;
    } catch (error) {
      note(0, error);
      return false;
    } finally {
      for (const wire of wires) wire.close();
    }
  }
}

// ---- downloads ----

function mayBe(status, good, what) {
  if (status === 503) throw new Refused(`${what} was answered with 503`);
  must(good.includes(status), `${what} was answered with ${status}`);
}

async function download(wire, { target, bytes, sha: expected }, headers = "") {
  await wire.send(`GET ${target} HTTP/1.1\r\nHost: soak\r\n${headers}\r\n`);
  const { status, body } = await wire.response();
  mayBe(status, [200], target);
  must(body.length === bytes.length && sha(body) === expected, `${target} came as ${body.length} other bytes`);
  return body.length;
}

async function* keepAlive({ files, below }, open) {
  const wire = await open();
  for (let i = 0; i < 3; i++) yield await download(wire, pick(below, files));
}

async function* oneEach({ files, below }, open) {
  const wire = await open();
  const bytes = await download(wire, pick(below, files), "Connection: close\r\n");
  must(await wire.ended(), "more came than the file");
  yield bytes;
}

// A server that does not support ranges sends everything (RFC 9110 section 14.2).
async function* ranges({ files, below }, open) {
  const wire = await open();
  const { target, bytes } = pick(below, files);
  const first = below(bytes.length), last = first + below(bytes.length - first);
  await wire.send(`GET ${target} HTTP/1.1\r\nHost: soak\r\nRange: bytes=${first}-${last}\r\n\r\n`);
  const { status, body } = await wire.response();
  mayBe(status, [200, 206], `a range of ${target}`);
  const part = status === 206 ? bytes.subarray(first, last + 1) : bytes;
  must(body.equals(part), `of ${target} other bytes came`);
  yield body.length;
}

// ---- uploads ----

const TOPIC = "upload:here";
const letters = (length, below) => String.fromCharCode(97 + below(26)).repeat(length - 8) + String(10_000_000 + below(90_000_000));

function textMessage(ref, data) {
  return JSON.stringify(["1", ref, TOPIC, "digest", { data }]);
}

// V2 (docs/compatibility.md): kind, four lengths, join ref, ref, topic, event, payload.
function binaryMessage(ref, data) {
  const names = ["1", ref, TOPIC, "digest"];
  return Buffer.concat([Buffer.of(0, ...names.map((name) => name.length)), Buffer.from(names.join("")), Buffer.from(data)]);
}

function checkDigest([, , , , { status, response }], data) {
  const expected = { length: data.length, sum: sum(Buffer.from(data)) };
  must(status === "ok" && response.length === expected.length && response.sum === expected.sum,
    `of ${data.length} bytes ${response.length} came, and their sum is ${response.sum === expected.sum ? "right" : "wrong"}`);
}

async function answerTo(ref, next) {
  for (;;) {
    const message = JSON.parse(await next());
    if (message[1] === ref) return message;
    must(message[3] !== "phx_error" && message[3] !== "phx_close", `the channel ended: ${message[3]}`);
  }
}

async function* byWebSocket({ below }, open) {
  const wire = await open();
  await wire.send(upgradeRequest("/socket/websocket?vsn=2.0.0"));
  const { status } = await wire.response();
  must(status === 101, `the handshake was answered with ${status}`);
  const next = () => wire.text();
  await wire.send(frame(OPCODE.TEXT, JSON.stringify(["1", "1", TOPIC, "phx_join", {}])));
  await answerTo("1", next);
  for (const ref of ["2", "3"]) {
    const data = letters(sizeUpTo(below, LEAST, MOST), below);
    const bytes = below(2) ? frame(OPCODE.BINARY, binaryMessage(ref, data)) : frame(OPCODE.TEXT, textMessage(ref, data));
    await wire.send(bytes);
    checkDigest(await answerTo(ref, next), data);
    yield data.length;
  }
}

async function* byLongPoll({ below }, open) {
  const [polls, posts] = [await open(), await open()];
  const ask = async (wire, method, target, body = "") => {
    const type = body && `Content-Type: application/x-ndjson\r\nContent-Length: ${body.length}\r\n`;
    await wire.send(`${method} ${target} HTTP/1.1\r\nHost: soak\r\n${type}\r\n${body}`);
    return wire.response();
  };
  const path = "/socket/longpoll?vsn=2.0.0";
  const { token } = JSON.parse((await ask(polls, "GET", path)).body);
  const target = `${path}&token=${encodeURIComponent(token)}`;
  const waiting = [];
  const next = async () => {
    while (waiting.length === 0) {
      const { status, messages = [] } = JSON.parse((await ask(polls, "GET", target)).body);
      must(status === 200 || status === 204, `a poll was answered with ${status}`);
      waiting.push(...messages);
    }
    return waiting.shift();
  };
  const post = async (body) => {
    const { status } = JSON.parse((await ask(posts, "POST", target, body)).body);
    must(status === 200, `a post was answered with ${status}`);
  };
  for (const ref of ["1", "2", "3"]) {
    const data = letters(sizeUpTo(below, LEAST, MOST), below);
    const message = ref === "1" ? JSON.stringify(["1", "1", TOPIC, "phx_join", {}]) : textMessage(ref, data);
    const [answer] = await Promise.all([answerTo(ref, next), post(message)]);
    if (ref === "1") continue;
    checkDigest(answer, data);
    yield data.length;
  }
}
