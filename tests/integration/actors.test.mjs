// Actors (topics counter:* of the conformance server): clients on two loops share the state of one name, which ends soon after
// the last of them has left.

import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { LongPoll } from "phoenix";
import { WebSocket } from "ws";
import { connect, disconnect, join } from "../helpers/phoenix.mjs";
import { serve, start } from "../helpers/server.mjs";

const LOOPS = { args: ["--loops", "2"] };

async function joined(t, server, topic, options) {
  const socket = await connect(t, server, options);
  return { socket, ...(await join(socket, topic)) };
}

// Leave, and join again until the counter is a new one.
async function joinsAtZero(t, server, topic) {
  for (;;) {
    const { channel, response } = await joined(t, server, topic);
    if (response.total === 0) return;
    await new Promise((resolve) => channel.leave().receive("ok", resolve));
    await sleep(250);
  }
}

for (const { name, transport } of [
  { name: "WebSocket", transport: WebSocket },
  { name: "LongPoll", transport: LongPoll },
]) {
  describe(`an actor that channels share, over ${name}`, () => {
    const server = serve("conformance", LOOPS);

    it("answers a join and messages, and tells all of changes", async (t) => {
      const ann = await joined(t, server, "counter:a", { transport });
      const bob = await joined(t, server, "counter:a", { transport });
      assert.deepEqual(ann.response, { total: 0 });
      assert.deepEqual(await ann.push("add", { n: 3 }), ["ok", { total: 3 }]);
      assert.deepEqual(await bob.push("add", { n: 4 }), ["ok", { total: 7 }]);
      for (const { events } of [ann, bob]) {
        assert.deepEqual(await events("total").next(), { total: 3 });
        assert.deepEqual(await events("total").next(), { total: 7 });
      }
      const { response } = await joined(t, server, "counter:a", { transport });
      assert.deepEqual(response, { total: 7 });
    });

    it("refuses what is no number, and goes on", async (t) => {
      const { push } = await joined(t, server, "counter:b", { transport });
      assert.deepEqual(await push("add", { n: "x" }), ["error", { reason: "no number" }]);
      assert.deepEqual(await push("add", { n: 1 }), ["ok", { total: 1 }]);
    });
  });
}

describe("the life of an actor", () => {
  const server = serve("conformance", LOOPS);

  it("counts each message of many clients once", async (t) => {
    const clients = await Promise.all(Array.from({ length: 20 }, () => joined(t, server, "counter:many")));
    const answers = await Promise.all(clients.flatMap(({ push }) => Array.from({ length: 50 }, () => push("add", { n: 1 }))));
    const totals = answers.map(([status, { total }]) => (assert.equal(status, "ok"), total)).sort((a, b) => a - b);
    assert.deepEqual(totals, Array.from({ length: 1000 }, (_, i) => i + 1));
  });

  it("is another one for each name", async (t) => {
    const one = await joined(t, server, "counter:one");
    const two = await joined(t, server, "counter:two");
    await one.push("add", { n: 5 });
    assert.deepEqual(await two.push("add", { n: 1 }), ["ok", { total: 1 }]);
  });

  it("stays while a channel is there, and begins at 0 after the last has left", async (t) => {
    const stays = await joined(t, server, "counter:life");
    await stays.push("add", { n: 9 });
    const goes = await joined(t, server, "counter:life");
    disconnect(goes.socket);
    await sleep(600);
    assert.deepEqual(await stays.push("add", { n: 1 }), ["ok", { total: 10 }]);
    disconnect(stays.socket);
    await joinsAtZero(t, server, "counter:life");
  });

  it("does not keep a server that stops", async (t) => {
    const own = await start("conformance", LOOPS);
    const { push } = await joined(t, own, "counter:stops");
    assert.deepEqual(await push("add", { n: 1 }), ["ok", { total: 1 }]);
    await own.stop();
  });
});
