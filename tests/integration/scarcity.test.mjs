// Memory that fails, and calls by chance (tests/helpers/scarce; faults.test.mjs has each call fail in its turn): whatever
// becomes of those who suffered it, the server goes on, serves the next one, and stops in order; under AddressSanitizer
// without a leak.
//
// One allocation fails at the start, or in a visit: each in its turn where PINION_SWEEP=all, else a few by chance.
// PINION_SEED repeats a choice.

import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { LongPoll } from "phoenix";
import { WebSocket } from "ws";
import { disconnect, join, open } from "../helpers/phoenix.mjs";
import { SCARCE, chosen, listensOrEnds, seed, shared } from "../helpers/scarce.mjs";
import { run, start } from "../helpers/server.mjs";
import { within } from "../helpers/wait.mjs";

const SOME = 20;

// Of the numbers from 1 to count.
function some(t, count) {
  assert.ok(count > SOME, `${count} allocations`);
  const numbers = chosen(count, SOME);
  t.diagnostic(`${numbers.length} of ${count} allocations, seed ${seed}`);
  return numbers;
}

// What a client of either transport does: true when all of it worked.
async function visit(server, transport, ms = 1000) {
  const opening = open(server, { transport });
  try {
    const socket = await within(opening, "a connection", ms);
    const room = await within(join(socket, "room:scarce"), "the room", ms);
    const present = await within(join(socket, "presence:scarce", { user: "ann" }), "the presences", ms);
    const answers = [await room.push("echo", { n: 1 }, ms), await present.push("update", { n: 2 }, ms), await present.push("list", {}, ms)];
    room.cast("new_msg", { n: 3 });
    await room.events("new_msg").next("the message", ms);
    return answers.every(([status]) => status === "ok");
  } catch {
    return false;
  } finally {
    opening.then(disconnect, () => {}); // it may open later than anybody waits
  }
}

async function isServed(server) {
  for (const transport of [WebSocket, LongPoll]) assert.ok(await visit(server, transport, 20_000), `${transport.name} after it`);
}

describe("a server that cannot have what it asks for", () => {
  it("starts, or says why not, whichever allocation fails", async (t) => {
    const { set, get, env } = shared(t);
    const whole = await start(SCARCE, { env });
    await whole.stop();
    for (const n of some(t, get("allocations"))) {
      set("allocations", 0);
      set("theAllocation", n);
      const server = run(SCARCE, { env });
      const started = listensOrEnds(server).then((port) => port && server.child.kill("SIGTERM"));
      const { code, signal } = await within(started.then(() => server.exited), `the end with allocation ${n} failing`);
      assert.equal(signal, null, `allocation ${n}: ${server.output().stderr}`);
      if (code !== 0) assert.match(server.output().stderr, /memory|resources/i, `allocation ${n}`);
    }
  });

  for (const transport of [WebSocket, LongPoll]) {
    it(`goes on, whichever allocation of a visit by ${transport.name} fails`, async (t) => {
      const { set, get, env } = shared(t);
      const server = await start(SCARCE, { env });
      t.after(() => server.kill());
      await isServed(server);
      const before = get("allocations");
      assert.ok(await visit(server, transport, 20_000));
      let worked = 0;
      for (const n of some(t, get("allocations") - before)) {
        set("theAllocation", get("allocations") + n);
        worked += await visit(server, transport, 300);
      }
      set("theAllocation", 0);
      t.diagnostic(`${get("failed")} failed, ${worked} visits worked all the same`);
      assert.ok(get("failed") > 0);
      await isServed(server);
      await server.stop();
    });
  }

  for (const [what, ppm] of [["memory", 1000], ["memory", 20_000], ["memory", 200_000], ["calls", 10_000], ["calls", 300_000]]) {
    it(`goes on when ${ppm / 10_000} % of ${what === "memory" ? "its allocations" : "its calls"} fail`, async (t) => {
      const { set, get, env } = shared(t);
      const server = await start(SCARCE, { env });
      t.after(() => server.kill());
      set(what, ppm);
      const visitors = Array.from({ length: 6 }, async (_, i) => {
        for (let k = 0; k < 4; k++) await visit(server, i % 4 ? WebSocket : LongPoll, 300);
      });
      await Promise.all(visitors);
      set(what, 0);
      const failed = get(what === "memory" ? "failed" : "failedCalls");
      t.diagnostic(`${failed} failed, seed ${seed}`);
      await isServed(server);
      await server.stop();
      assert.ok(what === "calls" || failed > 0);
    });
  }
});
