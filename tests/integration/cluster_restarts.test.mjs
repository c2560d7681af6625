// Three nodes with names of their own, restarted one after the other under load: whoever was there is there again, on all
// nodes, and what they say comes in order and never twice. PINION_TEST_RESTARTS says how often: 3 times without it.

import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { setTimeout as pause } from "node:timers/promises";
import { brokerNames, missing, startBroker } from "../helpers/brokers.mjs";
import { connect, join } from "../helpers/phoenix.mjs";
import { start } from "../helpers/server.mjs";

const RESTARTS = Number(process.env.PINION_TEST_RESTARTS ?? 3);
const CLIENTS = 5; // of each node
const TOGETHER_MS = 2_000; // after which all nodes show the same
const SLACK = Number(process.env.PINION_TEST_SLACK ?? 5); // so many times that: the machine may do other things
const SECRET = "a secret that all nodes of this test know, and nobody else, of 64 bytes or more";

// A client of a node: in the room where all talk, and among those who are present.
async function begin(t, node, user) {
  const socket = await connect(t, node);
  const room = await join(socket, "room:load");
  const present = await join(socket, "presence:load", { user });
  const last = new Map(); // by who says it
  const faults = [];
  room.channel.on("new_msg", ({ body: [who, n] }) => {
    if (n <= (last.get(who) ?? 0)) faults.push(`${who} said ${n} after ${last.get(who)}, to ${user}`);
    last.set(who, n);
  });
  const list = async () => {
    const [status, response] = await present.push("list");
    return status === "ok" ? Object.entries(response).map(([key, { metas }]) => `${key}×${metas.length}`).sort() : [status];
  };
  return { user, room, last, faults, list };
}

for (const name of brokerNames) {
  describe(`rolling restarts on ${name}`, { skip: missing(name) }, () => {
    it(`${RESTARTS} of them`, { timeout: 60_000 + RESTARTS * 30_000 }, async (t) => {
      const server = await startBroker(t, name);
      const beginNode = (node, port = 0) => {
        const args = ["--loops", "2", "--pubsub", `${name}://127.0.0.1:${server.port}?node=${node}`];
        return start("conformance", { port, args, env: { PINION_SECRET_KEY_BASE: SECRET } });
      };
      const nodes = await Promise.all(["a", "b", "c"].map((node) => beginNode(node)));
      t.after(() => Promise.all(nodes.map((node) => node.stop())));
      const clients = [];
      for (const [i, node] of nodes.entries()) {
        for (let k = 0; k < CLIENTS; k++) clients.push(await begin(t, node, `${"abc"[i]}${k}`));
      }
      const everybody = clients.map(({ user }) => `${user}×1`).sort();

      let talking = true;
      const speakers = clients.filter(({ user }) => user.endsWith("0"));
      const talk = async ({ user, room }) => {
        for (let n = 1; talking; n++) {
          if (room.channel.isJoined()) room.cast("new_msg", { body: [user, n] });
          await pause(2); // the rate
        }
      };
      const all = speakers.map(talk);
      t.after(() => (talking = false));

      // Until one client of each node sees everybody, and hears every speaker.
      async function together() {
        const began = performance.now();
        const seen = clients.map(() => undefined);
        const heard = clients.map(({ last }) => new Map(last));
        const looks = clients.map(async (client, i) => {
          do {
            if (seen[i] !== undefined) await pause(20);
            seen[i] = await client.list();
          } while (String(seen[i]) !== String(everybody) && performance.now() - began < SLACK * TOGETHER_MS);
          assert.deepEqual(seen[i], everybody, `as ${client.user} sees it`);
          while (!speakers.every(({ user }) => (client.last.get(user) ?? 0) > (heard[i].get(user) ?? 0))) {
            assert.ok(performance.now() - began < SLACK * TOGETHER_MS, `${client.user} hears everybody`);
            await pause(20);
          }
        });
        await Promise.all(looks);
        return performance.now() - began;
      }

      await together();
      const times = [];
      for (let i = 0; i < RESTARTS; i++) {
        const { port } = nodes[i % 3];
        await nodes[i % 3].stop();
        nodes[i % 3] = await beginNode("abc"[i % 3], port);
        times.push(await together());
      }
      talking = false;
      await Promise.all(all);
      assert.deepEqual(clients.flatMap(({ faults }) => faults), []);
      t.diagnostic(`together again after ${times.map(Math.round).join(", ")} ms`);
    });
  });
}
