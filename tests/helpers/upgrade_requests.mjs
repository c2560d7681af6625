// Requests to a server without pause, in a process of their own, so that nothing else delays the clock that measures
// them:
//
//   node upgrade_requests.mjs PORT ROOMS
//
// Three kinds, each one after the other: GET on new connections, GET on connections that are kept open, and
// connects of WebSockets. Also POST /tell/ROOM/NUMBER ten times a second, to each of the rooms in turn, with growing
// numbers. Each second, and at the end of its standard input, it prints a line of JSON: of each kind how many were
// answered, the longest in ms, and what went wrong, since the last line; and what was told, each with its room and the
// times between which that happened.

import http from "node:http";
import net from "node:net";
import { performance } from "node:perf_hooks";
import { setTimeout as elapse } from "node:timers/promises";

const [port, rooms] = process.argv.slice(2).map(Number);
const LATE_MS = 20_000;
const fresh = () => ({ answered: 0, longest: 0, errors: {} });
const kinds = { opened: fresh(), kept: fresh(), websocket: fresh(), told: fresh() };
let told = [];
let over = false;

const clock = () => performance.timeOrigin + performance.now();

async function measure(kind, request) {
  const began = clock();
  try {
    await request();
    kinds[kind].answered++;
  } catch ({ code, message }) {
    const errors = kinds[kind].errors;
    errors[code ?? message] = (errors[code ?? message] ?? 0) + 1;
  }
  const ended = clock();
  kinds[kind].longest = Math.max(kinds[kind].longest, ended - began);
  return [began, ended];
}

function ask(options) {
  return new Promise((resolve, reject) => {
    const request = http.request({ port, host: "127.0.0.1", ...options }, (response) => {
      response.resume().on("error", reject);
      response.on("end", () => (response.statusCode === 200 ? resolve() : reject(new Error(`status ${response.statusCode}`))));
    });
    request.setTimeout(LATE_MS, () => request.destroy(new Error("no answer")));
    request.on("error", reject).end();
  });
}

const UPGRADE =
  "GET /socket/websocket?vsn=2.0.0 HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: upgrade\r\n" +
  "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n";

function connect() {
  return new Promise((resolve, reject) => {
    const tcp = net.connect({ port, host: "127.0.0.1" }, () => tcp.write(UPGRADE));
    tcp.setTimeout(LATE_MS, () => tcp.destroy(new Error("no answer")));
    tcp.once("data", (bytes) => {
      tcp.resetAndDestroy();
      if (bytes.toString("latin1").startsWith("HTTP/1.1 101")) resolve();
      else reject(new Error(bytes.toString("latin1").split("\r\n")[0]));
    });
    tcp.once("error", reject);
    tcp.once("close", () => reject(new Error("closed without an answer")));
  });
}

async function goOn(kind, request) {
  while (!over) {
    await measure(kind, request);
    await elapse(5);
  }
}

async function tell() {
  for (let number = 1; !over; number++) {
    const errors = JSON.stringify(kinds.told.errors);
    const room = number % rooms;
    const [began, ended] = await measure("told", () => ask({ method: "POST", path: `/tell/${room}/${number}`, agent: false }));
    if (JSON.stringify(kinds.told.errors) === errors) told.push([number, room, began, ended]);
    await elapse(100);
  }
}

function report() {
  console.log(JSON.stringify({ ...kinds, numbers: told }));
  for (const kind of Object.keys(kinds)) kinds[kind] = fresh();
  told = [];
}

const agent = new http.Agent({ keepAlive: true, maxSockets: 4 });
process.stdin.resume().once("end", () => (over = true));
const reports = setInterval(report, 1000);
await Promise.all([
  goOn("opened", () => ask({ path: "/pid", agent: false })),
  goOn("opened", () => ask({ path: "/pid", agent: false })),
  goOn("kept", () => ask({ path: "/pid", agent })),
  goOn("kept", () => ask({ path: "/pid", agent })),
  goOn("websocket", connect),
  tell(),
]);
clearInterval(reports);
report();
process.exit(0);
