// What others notice of a client that does its worst: how long their questions wait, beside those to an idle server
// at the same time.
//
// The machine may be busy with other things, or be a guest of one that is: everybody waits longer then, which is no
// fault of the server's. Two figures are known that its fault does not exceed: the processor time that it used before
// the answer was seen, and the time that went by, without that for which the kernel let it or this process wait for a
// processor. The smaller one is judged. A build with sanitizers is many times slower, and not what anybody runs: there
// the attacks show what the sanitizers see, and that everybody is answered; how long it takes is not judged.

import assert from "node:assert/strict";
import { fork } from "node:child_process";
import { readFileSync, readdirSync } from "node:fs";
import os from "node:os";
import { setTimeout as elapse } from "node:timers/promises";
import { SANITIZED } from "./build.mjs";
import { RawConnection, text } from "./raw.mjs";
import { within } from "./wait.mjs";

// They would be on other machines: here they take the processor from the server and from who measures.
const ATTACKER_PRIORITY = os.constants.priority.PRIORITY_BELOW_NORMAL;

const ONCE = 3; // as many times longer is the one answer that takes longest: what all attackers send first comes at once
const REST_MS = 100; // a server that does nothing for so long is done
const SANITIZED_PART = 10; // as many times less is asked for where it is not judged
const SPIN_MS = 15; // what spin() takes on the machine that the limit was set on
const LIMIT_MS = 50 * Math.max(1, spinning() / SPIN_MS);

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

// Once the server has next to nothing to do.
export async function atRest(server) {
  const look = async () => {
    let before;
    let worked = -Infinity;
    do {
      before = worked;
      await elapse(REST_MS);
      ({ worked } = schedule(server.pid));
    } while (worked - before > REST_MS / 20);
  };
  await within(look(), "the server to be done", 30_000);
}

function spin() {
  let x = 1;
  for (let i = 0; i < 10_000_000; i++) x = (Math.imul(x, 1103515245) + 12345) >>> 0;
  return x;
}

// Milliseconds of processor time: a slower processor takes longer for everything, the server's work too.
function spinning() {
  const times = [1, 2, 3].map(() => {
    const before = process.cpuUsage();
    spin();
    const { user, system } = process.cpuUsage(before);
    return (user + system) / 1000;
  });
  return Math.min(...times);
}

// How long an act takes, and how much of that may be the server's fault.
export async function time(server, act) {
  const before = [schedule(server.pid), schedule(process.pid)];
  const begin = performance.now();
  await act();
  const took = performance.now() - begin;
  const after = [schedule(server.pid), schedule(process.pid)];
  const waited = after[0].waited - before[0].waited + (after[1].waited - before[1].waited);
  const unwaited = took - waited;
  return { took, unwaited, fault: Math.min(after[0].worked - before[0].worked, unwaited) };
}

// A connection over which a heartbeat can be asked for again and again.
export async function quietClient(t, server) {
  const raw = await RawConnection.websocket(t, server);
  return async () => {
    raw.send(text([null, "1", "phoenix", "heartbeat", {}]));
    await raw.message();
  };
}

// Alternately, so that both see the same machine.
export async function compare(servers, acts, times) {
  const sample = servers.map(() => []);
  const count = SANITIZED ? Math.ceil(times / SANITIZED_PART) : times;
  for (let i = 0; i < count; i++) {
    for (const [k, server] of servers.entries()) sample[k].push(await time(server, acts[k]));
  }
  return sample;
}

function percentile(sample, part) {
  const sorted = [...sample].sort((a, b) => a - b);
  return sorted[Math.ceil(part * sorted.length) - 1];
}

export function show(times) {
  const [median, late] = [0.5, 0.99].map((part) => percentile(times.map(({ took }) => took), part).toFixed(1));
  const [fault, longest] = [0.99, 1].map((part) => percentile(times.map(({ fault }) => fault), part).toFixed(1));
  return `${median} / ${late} ms, at most ${fault} by the server (once ${longest})`;
}

// What takes several turns of the loop may take as many times longer than what takes one.
export function check(times, what, turns = 1) {
  if (SANITIZED) return;
  const limit = LIMIT_MS * turns;
  const fault = percentile(times.map(({ fault }) => fault), 0.99);
  assert.ok(fault < limit, `${what}: the server takes ${fault.toFixed(1)} ms (99th percentile)`);
  const longest = percentile(times.map(({ fault }) => fault), 1);
  assert.ok(longest < ONCE * limit, `${what}: the server takes ${longest.toFixed(1)} ms (once)`);
  const unwaited = percentile(times.map(({ unwaited }) => unwaited), 0.5); // it may wait for nothing, too
  assert.ok(unwaited < limit, `${what}: ${unwaited.toFixed(1)} ms go by without a processor to wait for (median)`);
}

// `count` attackers in a process of their own, which runs `script PORT KIND COUNT`: the function that asks them what
// they have to tell, and whose end() ends them. They say once that they are at it, and end with the test.
export async function attackers(t, script, server, kind, count) {
  const child = fork(script, [server.port, kind, count].map(String));
  os.setPriority(child.pid, ATTACKER_PRIORITY);
  t.after(() => child.kill("SIGKILL"));
  const said = () => within(new Promise((resolve) => child.once("message", resolve)), "the attackers", 30_000);
  assert.deepEqual(await said(), { attacking: true });
  const ask = () => {
    child.send("how much?");
    return said();
  };
  return Object.assign(ask, { end: () => child.kill("SIGKILL") });
}
