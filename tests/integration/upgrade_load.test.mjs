// Three upgrades in a row under load: nobody is refused, nobody waits, no broadcast is lost on a connection that
// stays, and everybody is back soon.
//
// PINION_UPGRADE_CLIENTS is the number of clients (200). PINION_UPGRADE_MS is the longest that a request may take: 250
// ms is what is promised, on a machine that is not busy with other things; the default leaves room for one that is.

import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import path from "node:path";
import { createInterface } from "node:readline";
import { describe, it } from "node:test";
import { setTimeout as elapse } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { Socket } from "phoenix";
import { WebSocket } from "ws";
import { start } from "../helpers/server.mjs";
import { within } from "../helpers/wait.mjs";

const CLIENTS = Number(process.env.PINION_UPGRADE_CLIENTS ?? 200);
const LONGEST_MS = Number(process.env.PINION_UPGRADE_MS ?? 2_000);
const BACK_MS = process.env.PINION_UPGRADE_MS ? 2_000 : 8_000;
const ROOMS = Math.ceil(CLIENTS / 200); /* so that this process has time for each client */
const CROSSING_MS = 1_000; /* how long a broadcast may take to the other child, and to this process */
const PATIENCE_MS = 60_000;
const REQUESTS = path.join(path.dirname(fileURLToPath(import.meta.url)), "../helpers/upgrade_requests.mjs");

const clock = () => performance.timeOrigin + performance.now();

// The time that this process had: it has many clients, and may stand still for a while on a busy machine, for which
// the server cannot be blamed.
const TICK_MS = 20;
let stood = 0;
let ticked = clock();
const awake = () => clock() - stood - Math.max(0, clock() - ticked - TICK_MS);
setInterval(() => {
  const now = clock();
  stood += Math.max(0, now - ticked - TICK_MS);
  ticked = now;
}, TICK_MS).unref();

// All clients at once would keep this process, not the server, from having each back in time.
const DRAIN = CLIENTS > 1_000 ? { SUPERVISED_DRAIN_BATCH: "100", SUPERVISED_DRAIN_INTERVAL_MS: "250" } : {};

// A client of a room. `stays` are the times of its connections, each with the numbers that came by it: {joined,
// closed, numbers}.
class Client {
  stays = [];
  back = []; /* from each close to the next join, ms */
  #left = 0; /* when it was closed, if it is not back */
  #socket;

  constructor(url, room) {
    this.room = room;
    this.#socket = new Socket(`${url.replace("http", "ws")}/socket`, { transport: WebSocket });
    const channel = this.#socket.channel(`room:${room}`);
    channel.on("number", ({ n }) => this.stays.at(-1)?.numbers.add(n));
    this.#socket.onClose(() => this.#closed());
    this.joined = new Promise((resolve) => channel.join().receive("ok", () => (this.#joined(), resolve())));
    this.#socket.connect();
  }

  get isThere() {
    return this.stays.length > 0 && !this.stays.at(-1).closed;
  }

  #joined() {
    if (this.#left) this.back.push(awake() - this.#left);
    this.#left = 0;
    this.stays.push({ joined: clock(), numbers: new Set() });
  }

  #closed() {
    const stay = this.stays.at(-1);
    this.#left ||= awake();
    if (stay) stay.closed ??= clock();
  }

  // What was told while it stayed, and did not come. It has stayed if something came that was told later, or if it is
  // still there: this process may notice a close late.
  lost(told) {
    const mine = told.filter(([, room]) => room === this.room);
    return this.stays.flatMap(({ joined, closed, numbers }) => {
      const latest = Math.max(0, ...mine.filter(([n]) => numbers.has(n)).map(([, , began]) => began));
      const until = closed ? latest : Infinity;
      return mine.filter(([n, , began, ended]) => began > joined && ended + CROSSING_MS < until && !numbers.has(n));
    });
  }

  end() {
    for (const channel of this.#socket.channels) channel.joinPush.cancelTimeout();
    this.#socket.disconnect();
  }
}

async function crowd(t, url, count) {
  const clients = [];
  t.after(() => clients.forEach((client) => client.end()));
  while (clients.length < count) {
    const some = Array.from({ length: Math.min(100, count - clients.length) }, (_, i) => new Client(url, i % ROOMS));
    clients.push(...some);
    await within(Promise.all(some.map(({ joined }) => joined)), "all clients to join", PATIENCE_MS);
  }
  return clients;
}

// The requests of another process (tests/helpers/upgrade_requests.mjs): of each kind, all that it has reported.
function requests(t, port) {
  const child = spawn(process.execPath, [REQUESTS, String(port), String(ROOMS)], { stdio: ["pipe", "pipe", "inherit"] });
  t.after(() => child.kill("SIGKILL"));
  const all = { numbers: [], kinds: {} };
  createInterface({ input: child.stdout }).on("line", (line) => {
    const { numbers, ...kinds } = JSON.parse(line);
    all.numbers.push(...numbers);
    for (const [kind, { answered, longest, errors }] of Object.entries(kinds)) {
      const sum = (all.kinds[kind] ??= { answered: 0, longest: 0, errors: {} });
      sum.answered += answered;
      sum.longest = Math.max(sum.longest, longest);
      for (const [error, times] of Object.entries(errors)) sum.errors[error] = (sum.errors[error] ?? 0) + times;
    }
  });
  return {
    all,
    async stop() {
      child.stdin.end();
      await within(once(child, "close"), "the requests to end", PATIENCE_MS);
      return all;
    },
  };
}

async function upgraded(server, clients, times) {
  process.kill(server.pid, "SIGHUP");
  await server.said(new RegExp(`(?:the next has taken over[^]*){${times}}`));
  const back = async () => {
    while (!clients.every((client) => client.isThere && client.back.length >= times)) await elapse(20);
  };
  await within(back(), "all clients to come back", PATIENCE_MS);
}

describe("upgrades under load", () => {
  it(`cost ${CLIENTS} clients a reconnect each, and nobody else anything`, { timeout: 300_000 }, async (t) => {
    const server = await start("../tests/helpers/supervised", { args: ["--loops", "2"], env: DRAIN });
    t.after(() => server.kill());
    const clients = await crowd(t, server.url, CLIENTS);
    const asking = requests(t, server.port);
    await elapse(1_000);
    for (let times = 1; times <= 3; times++) await upgraded(server, clients, times);
    await elapse(1_000);
    const { numbers, kinds } = await asking.stop();
    await elapse(CROSSING_MS);

    const lost = clients.flatMap((client) => client.lost(numbers));
    const backs = clients.flatMap((client) => client.back).sort((a, b) => a - b);
    const back = backs.at(-1);
    const heard = clients.flatMap(({ stays }) => stays.map(({ numbers: its }) => its.size)).reduce((sum, size) => sum + size);
    for (const [kind, { answered, longest, errors }] of Object.entries(kinds)) {
      t.diagnostic(`${kind}: ${answered} answered, the longest ${longest.toFixed(0)} ms, ${JSON.stringify(errors)}`);
    }
    t.diagnostic(`${numbers.length} broadcasts were heard ${heard} times, ${lost.length} were lost; half of the clients were back within ${backs[backs.length >> 1].toFixed(0)} ms, all within ${back.toFixed(0)} ms`);

    for (const [kind, { answered, longest, errors }] of Object.entries(kinds)) {
      assert.deepEqual(errors, {}, kind);
      assert.ok(answered > 10, `${kind}: ${answered} were answered`);
      assert.ok(longest <= LONGEST_MS, `${kind}: ${longest.toFixed(0)} ms for a request`);
    }
    assert.deepEqual(lost, []);
    assert.ok(back <= BACK_MS, `a client was back after ${back.toFixed(0)} ms`);
    await server.stop();
  });
});
