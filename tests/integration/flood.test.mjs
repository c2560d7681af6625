// Clients that send without pause, and what others on the same loop notice of it: a client that is quiet, and one
// that comes anew. What they notice is printed beside what they notice of an idle server at the same time.
//
// The machine may be busy with other things, or be a guest of one that is: everybody waits longer then, which is no
// fault of the server's. Two figures are known that its fault does not exceed: the processor time that it used before
// the answer was seen, and the time that went by, without that for which the kernel let it or this process wait for a
// processor. The smaller one is judged.

import assert from "node:assert/strict";
import { fork } from "node:child_process";
import { readFileSync, readdirSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import { describe, it } from "node:test";
import { RawConnection, text } from "../helpers/raw.mjs";
import { BUILD_DIR, start } from "../helpers/server.mjs";
import { within } from "../helpers/wait.mjs";

const FLOODER = new URL("../helpers/flooder.mjs", import.meta.url);
// They would be on other machines: here they take the processor from the server and from who measures.
const FLOODER_PRIORITY = os.constants.priority.PRIORITY_BELOW_NORMAL;
const HEARTBEATS = 200; // so many that a 99th percentile is not the one worst of them
const NEWCOMERS = 100;
const LIMIT_MS = isSanitized() ? 400 : 50;
const HEALTH = "GET /healthz HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n";

function isSanitized() {
  return /^PINION_[AT]SAN:[^=]*=ON$/m.test(readFileSync(path.join(BUILD_DIR, "CMakeCache.txt"), "utf8"));
}

// Milliseconds that the threads of a process had a processor, and that they were ready and had none.
function schedule(pid) {
  const tasks = `/proc/${pid}/task`;
  const sum = { worked: 0, waited: 0 };
  for (const task of readdirSync(tasks)) {
    try {
      const [worked, waited] = readFileSync(`${tasks}/${task}/schedstat`, "latin1").split(" ");
      sum.worked += Number(worked) / 1e6;
      sum.waited += Number(waited) / 1e6;
    } catch {
      // the thread has ended
    }
  }
  return sum;
}

// How long an act takes, and how much of that may be the server's fault.
async function time(server, act) {
  const before = [schedule(server.pid), schedule(process.pid)];
  const begin = performance.now();
  await act();
  const took = performance.now() - begin;
  const after = [schedule(server.pid), schedule(process.pid)];
  const waited = after[0].waited - before[0].waited + (after[1].waited - before[1].waited);
  return { took, fault: Math.min(after[0].worked - before[0].worked, took - waited) };
}

async function knock(t, server) {
  const raw = await RawConnection.open(t, server);
  raw.send(HEALTH);
  const { status } = await raw.response();
  assert.equal(status, 200);
  raw.tcp.destroy();
}

async function quietClient(t, server) {
  const raw = await RawConnection.websocket(t, server);
  return async () => {
    raw.send(text([null, "1", "phoenix", "heartbeat", {}]));
    await raw.message();
  };
}

// Alternately, so that both see the same machine.
async function compare(servers, acts, times) {
  const sample = servers.map(() => []);
  for (let i = 0; i < times; i++) {
    for (const [k, server] of servers.entries()) sample[k].push(await time(server, acts[k]));
  }
  return sample;
}

function percentile(sample, part) {
  const sorted = [...sample].sort((a, b) => a - b);
  return sorted[Math.ceil(part * sorted.length) - 1];
}

function show(times) {
  const [median, late] = [0.5, 0.99].map((part) => percentile(times.map(({ took }) => took), part).toFixed(1));
  const fault = percentile(times.map(({ fault }) => fault), 0.99).toFixed(1);
  return `${median} / ${late} ms, at most ${fault} by the server`;
}

function check(times, what) {
  const fault = percentile(times.map(({ fault }) => fault), 0.99);
  assert.ok(fault < LIMIT_MS, `${what}: the server takes ${fault.toFixed(1)} ms (99th percentile)`);
  const took = percentile(times.map(({ took }) => took), 0.5);
  assert.ok(took < LIMIT_MS, `${what}: ${took.toFixed(1)} ms go by (median)`);
}

async function flooders(t, server, kind, count) {
  const child = fork(FLOODER, [server.port, kind, count].map(String));
  os.setPriority(child.pid, FLOODER_PRIORITY);
  t.after(() => child.kill("SIGKILL"));
  const said = () => within(new Promise((resolve) => child.once("message", resolve)), "the flooders", 30_000);
  assert.deepEqual(await said(), { flooding: true });
  return async () => {
    child.send("how much?");
    return (await said()).answered;
  };
}

async function attack(t, kind, count) {
  const options = { args: ["--loops", "1", "--log", "none"] };
  const servers = await Promise.all([start("conformance", options), start("conformance", options)]);
  t.after(() => Promise.all(servers.map((server) => server.kill())));
  const heartbeats = await Promise.all(servers.map((server) => quietClient(t, server)));
  const answered = await flooders(t, servers[0], kind, count);

  const quiet = await compare(servers, heartbeats, HEARTBEATS);
  const anew = await compare(servers, servers.map((server) => () => knock(t, server)), NEWCOMERS);
  const bytes = await answered();

  t.diagnostic(`${count} × ${kind}: p50 / p99 of a heartbeat ${show(quiet[0])} (idle server ${show(quiet[1])}), ` +
    `of a new connection ${show(anew[0])} (${show(anew[1])})`);
  check(quiet[0], "a heartbeat");
  check(anew[0], "a new connection");
  assert.ok(Math.min(...bytes) > 0, `of ${count} flooders some had no answer`);
}

for (const kind of ["ping", "heartbeat", "request", "join"]) {
  describe(`clients that send a ${kind} after the other without pause`, () => {
    for (const count of [1, 4, 12, 64]) {
      it(`hold nobody up when they are ${count}`, (t) => attack(t, kind, count));
    }
  });
}
