// Clients that do their worst, in a process of their own: `node attacker.mjs PORT KIND COUNT`. Says {attacking: true}
// to its parent once all of them are at it, and answers any message with {answered}, the bytes that came for all.

import { once } from "node:events";
import net from "node:net";
import { OPCODE, frame, text, upgradeRequest } from "./raw.mjs";

const KIB = 1024;
const MIB = 1024 * KIB;
const BLOCK = 64 * KIB;
const DRIP_MS = 10;
const SOCKET = "/auth/websocket?vsn=2.0.0"; // a mount that closes who does not read; /socket drops broadcasts

const [port, kind, count] = process.argv.slice(2);
let answered = 0;

// ---- connections ----

async function open() {
  const tcp = net.connect({ port: Number(port), host: "127.0.0.1", noDelay: true });
  tcp.on("error", () => {});
  await once(tcp, "connect");
  return tcp;
}

// What comes is counted, and of no interest.
function listen(tcp) {
  tcp.on("data", (bytes) => (answered += bytes.length));
}

// The first of what comes, up to `end`.
async function answer(tcp, end) {
  let got = "";
  while (!got.includes(end)) {
    const [bytes] = await once(tcp, "data");
    got += bytes.toString("latin1");
  }
  return got;
}

async function websocket() {
  const tcp = await open();
  tcp.write(upgradeRequest(SOCKET));
  await answer(tcp, "\r\n\r\n");
  return tcp;
}

const written = (tcp, bytes) => new Promise((resolve) => tcp.write(bytes, resolve));

const join = (topic, params = {}) => text(["1", "1", topic, "phx_join", params]);

async function joined(topic, params) {
  const tcp = await websocket();
  tcp.write(join(topic, params));
  await answer(tcp, '"status":"ok"');
  return tcp;
}

const request = (line, headers = [], body = "") =>
  `${[`${line} HTTP/1.1`, "Host: 127.0.0.1", ...headers].join("\r\n")}\r\n\r\n${body}`;

// A session of long polling: the target that names it.
async function session(tcp) {
  const target = "/socket/longpoll?vsn=2.0.0&user_id=attacker";
  tcp.write(request(`GET ${target}`));
  const [, token] = /"token":"([^"]+)"/.exec(await answer(tcp, '"status":410'));
  return `${target}&token=${encodeURIComponent(token)}`;
}

// ---- what they do for ever ----

// A byte now and then: often enough that nobody takes it for silence.
function drip(tcp, byte) {
  setInterval(() => tcp.write(byte), DRIP_MS);
}

// As much as the server takes. `next` makes a block. Resolves when it has once taken no more, or has hung up.
function pour(tcp, next) {
  return new Promise((resolve) => {
    const more = () => {
      if (tcp.destroyed) return;
      if (tcp.write(next())) setImmediate(more);
      else resolve();
    };
    tcp.once("close", resolve);
    tcp.on("drain", more);
    more();
  });
}

// Blocks of what `one` gives, each another one.
function blocks(one) {
  let n = 0;
  return () => {
    const parts = [];
    for (let length = 0; length < BLOCK; length += parts.at(-1).length) parts.push(one(n++));
    return Buffer.from(parts.join(""), "latin1");
  };
}

// A message in a frame, as Latin-1: masked with zeros, since masking is what costs the attackers most.
function cheap(value) {
  const payload = JSON.stringify(value);
  const long = payload.length > 125;
  const length = long ? [0xfe, payload.length >> 8, payload.length & 255] : [0x80 | payload.length];
  return String.fromCharCode(0x81, ...length, 0, 0, 0, 0) + payload;
}

function same(bytes) {
  const block = Buffer.concat(Array(Math.ceil(BLOCK / bytes.length)).fill(bytes));
  return () => block;
}

const BIG = text(["1", "9", "room:attack", "big", {}]);

// Resolves when all attackers have come so far.
const everybody = (() => {
  let missing = Number(count);
  let all;
  const come = new Promise((resolve) => (all = resolve));
  return () => (--missing || all(), come);
})();

// What is answered is read.
async function talk(tcp, next) {
  await everybody();
  listen(tcp);
  pour(tcp, next);
}

// ---- the kinds ----

const KINDS = {
  async "slow head"() {
    const tcp = await open();
    await written(tcp, `GET / HTTP/1.1\r\nHost: x\r\nX: ${"y".repeat(14 * KIB)}`);
    drip(tcp, "y");
  },

  async "slow body"() {
    const tcp = await open();
    const target = await session(tcp);
    await written(tcp, request(`POST ${target}`, ["Content-Length: 8000000"], "[".repeat(14 * KIB)));
    drip(tcp, "[");
  },

  async "whole body but its end"() {
    const tcp = await open();
    const target = await session(tcp);
    await written(tcp, request(`POST ${target}`, ["Content-Length: 8000000"], "[".repeat(7_900_000)));
    drip(tcp, "[");
  },

  async "slow frame"() {
    const tcp = await websocket();
    await written(tcp, frame(OPCODE.TEXT, "[".repeat(14 * KIB), { length: MIB }));
    drip(tcp, "[");
  },

  async "length that does not come"(i) {
    const claims = [
      async (tcp) => tcp.write(request(`POST ${await session(tcp)}`, ["Content-Length: 8000000"], "[")),
      async (tcp) =>
        tcp.write(request(`POST ${await session(tcp)}`, ["Transfer-Encoding: chunked"], `${(8e6).toString(16)}\r\n[`)),
      async (tcp) => {
        tcp.write(upgradeRequest(SOCKET));
        await answer(tcp, "\r\n\r\n");
        tcp.write(frame(OPCODE.TEXT, "[", { length: MIB }));
      },
    ];
    await claims[i % claims.length](await open());
  },

  async "WebSocket that is not read"() {
    const tcp = await joined("room:attack");
    tcp.pause();
    await pour(tcp, same(BIG));
  },

  // Each answer is as much as a session may hold, and stays with its connection.
  async "poll that is not read"() {
    const [posts, polls] = [await open(), await open()];
    const target = await session(polls);
    polls.pause();
    const batch = [JSON.stringify(["1", "1", "room:attack", "phx_join", {}])];
    for (let i = 0; i < 100; i++) batch.push(JSON.stringify(["1", `${i}`, "room:attack", "big", {}]));
    const body = batch.join("\n");
    const headers = ["Content-Type: application/x-ndjson", `Content-Length: ${body.length}`];
    posts.write(request(`POST ${target}`, headers, body));
    await answer(posts, '"status":200');
    await written(polls, request(`GET ${target}`).repeat(100));
  },

  async "file that is not read"() {
    const tcp = await open();
    tcp.pause();
    await pour(tcp, same(Buffer.from(request("GET /assets/phoenix.mjs"))));
  },

  async "large file that is not read"() {
    const tcp = await open();
    tcp.pause();
    await written(tcp, request("GET /files/large"));
  },

  async "body of a refused request"() {
    const tcp = await open();
    listen(tcp);
    tcp.write(request("POST /nothing", ["Transfer-Encoding: chunked"]));
    await pour(tcp, same(Buffer.from(`1000\r\n${"x".repeat(4096)}\r\n`)));
  },

  async "half a handshake"(i) {
    const tcp = await open();
    listen(tcp);
    if (i % 2) tcp.write(upgradeRequest(SOCKET).slice(0, -2));
  },

  async "topic after the other"(i) {
    await talk(await websocket(), blocks((n) => cheap([`${n}`, `${n}`, `room:${i}:${n}`, "phx_join", {}])));
  },

  async "topic joined and left after the other"(i) {
    await talk(await websocket(), blocks((n) =>
      cheap([`${n}`, "1", `room:${i}:${n}`, "phx_join", {}]) +
      cheap([`${n}`, "2", `room:${i}:${n}`, "phx_leave", {}])));
  },

  async "presence that changes"(i) {
    const tcp = await joined("presence:attack", { user: `u${i}` });
    await talk(tcp, blocks((n) => cheap(["1", "2", "presence:attack", "update", { n }])));
  },

  async "presence that changes in a crowd"(i) {
    const tcp = await joined("crowd:attack", { user: `u${i}` });
    await talk(tcp, blocks((n) => cheap(["1", "2", "crowd:attack", "update", { n }])));
  },

  async "name after the other"(i) {
    await talk(await websocket(), blocks((n) =>
      cheap([`${n}`, "1", "presence:attack", "phx_join", { user: `u${i}:${n}` }]) +
      cheap([`${n}`, "2", "presence:attack", "phx_leave", {}])));
  },

  async "small file after the other"() {
    await talk(await open(), same(Buffer.from(request("GET /favicon.svg"))));
  },

  async "session after the other"() {
    await talk(await open(), same(Buffer.from(request("GET /fast/longpoll?vsn=2.0.0"))));
  },

  async "route after the other"() {
    await talk(await open(), same(Buffer.from(request("GET /api/params/a%20b/c?d[]=e"))));
  },

  async "work after the other"() {
    await talk(await open(), same(Buffer.from(request("GET /api/work"))));
  },

  // It stays with its route until it has been silent for too long.
  async "body of a route that lacks a byte"() {
    const tcp = await open();
    await written(tcp, request("POST /api/echo", [`Content-Length: ${MIB}`], "x".repeat(MIB - 1)));
  },

  // One waits, and what is behind it waits too.
  async "later answers that are not read"(i) {
    const tcp = await open();
    tcp.pause();
    await everybody();
    pour(tcp, same(Buffer.from(request(i % 2 ? "GET /api/work" : "GET /api/later"))));
  },

  // Its answer is worked on, on other threads, when it goes.
  async "answer that is abandoned"(i) {
    const again = async () => {
      const tcp = await open();
      tcp.write(request(i % 2 ? "GET /api/work" : "GET /api/later"));
      setTimeout(() => tcp.resetAndDestroy(), i % 10);
      tcp.once("close", () => setImmediate(again));
    };
    await again();
  },

  async "poll that is abandoned"() {
    const target = await session(await open());
    const again = async () => {
      const tcp = await open();
      tcp.write(request(`GET ${target}`), () => tcp.resetAndDestroy());
      tcp.once("close", () => setImmediate(again));
    };
    await again();
  },

  // All but the last byte of a large message; then all of them end at once, again and again.
  async "large message that ends with others"() {
    const keys = Object.fromEntries(Array.from({ length: 6000 }, (_, n) => [`k${n}`, n]));
    const message = frame(OPCODE.TEXT, JSON.stringify(["1", "9", "rooms:lobby", "new_msg", { body: 1, ...keys }]));
    const tcp = await joined("rooms:lobby");
    listen(tcp);
    const again = async () => {
      await written(tcp, message.subarray(0, -1));
      ends.push(() => tcp.write(message.subarray(-1), again));
      if (ends.length === Number(count)) for (const end of ends.splice(0)) end();
    };
    again();
  },

  // One speaks without pause, to all others.
  async "listener of one who shouts"(i) {
    const tcp = await joined("room:attack");
    await everybody();
    listen(tcp);
    if (i === 0) pour(tcp, blocks((n) => cheap(["1", "2", "room:attack", "shout", { n }])));
  },
};

const ends = [];

process.on("message", () => process.send({ answered }));
await Promise.all(Array.from({ length: Number(count) }, (_, i) => KINDS[kind](i)));
process.send({ attacking: true });
