// What a broker's user may do changes while nodes run. What is taken away is missed, and said; when it is given back the
// nodes hear each other again by themselves, within 10 s (docs/clustering.md). No client is disconnected.

import assert from "node:assert/strict";
import { once } from "node:events";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import net from "node:net";
import { tmpdir } from "node:os";
import path from "node:path";
import { after, before, describe, it } from "node:test";
import { launchBroker, missing } from "../helpers/brokers.mjs";
import { connect, join } from "../helpers/phoenix.mjs";
import { start } from "../helpers/server.mjs";

const quoted = (names) => names.map((name) => JSON.stringify(name)).join(", ");

// Each: {port, allow(may), kill}, with a user ann (pw) who may subscribe to `may`: subjects below pinion, with `>` for all.
const servers = {
  async redis() {
    const broker = await launchBroker("redis", ["--user", "ann", "on", ">pw", "+ping", "+publish", "+subscribe", "+unsubscribe"]);
    const admin = net.connect(broker.port, "127.0.0.1").setEncoding("utf8");
    await once(admin, "connect");
    const allow = async (may) => {
      const channels = may.map((name) => `&pinion.${name.replace(">", "*")}`).join(" ");
      admin.write(`ACL SETUSER ann resetchannels ${channels}\r\n`);
      const [answer] = await once(admin, "data");
      assert.equal(answer, "+OK\r\n");
    };
    return { port: broker.port, allow, kill: () => (admin.destroy(), broker.kill()) };
  },

  async nats() {
    const directory = mkdtempSync(path.join(tmpdir(), "pinion-"));
    const file = path.join(directory, "nats.conf");
    const write = (may) => {
      const permissions = `{ subscribe: [${quoted(may.map((name) => `pinion.${name}`))}], publish: [">"] }`;
      writeFileSync(file, `authorization { users = [ { user: ann, password: pw, permissions: ${permissions} } ] }\n`);
    };
    write([">"]);
    const broker = await launchBroker("nats", ["-c", file]);
    let text = "";
    broker.child.stderr.on("data", (chunk) => (text += chunk));
    const allow = async (may) => {
      const said = () => text.split("Reloaded server configuration").length;
      const before = said();
      write(may);
      broker.child.kill("SIGHUP");
      while (said() === before) await once(broker.child.stderr, "data");
    };
    return { port: broker.port, allow, kill: () => (broker.kill(), rmSync(directory, { recursive: true })) };
  },
};

// How often the node has said it.
const count = (node, words) => node.output().stderr.split(words).length - 1;

async function saidAgain(node, words, before) {
  while (count(node, words) === before) await once(node.child.stderr, "data");
}

for (const name of Object.keys(servers)) {
  describe(`a user of ${name} whose permissions change`, { skip: missing(name), timeout: 120_000 }, () => {
    let server;
    let closed;

    before(async () => {
      server = await servers[name]();
      await server.allow([">"]);
    });

    after(() => server?.kill());

    async function twoNodes(t, settings) {
      const node = async () => {
        const started = await start("conformance", { args: ["--pubsub", `${name}://ann:pw@127.0.0.1:${server.port}${settings}`] });
        t.after(() => started.stop());
        return started;
      };
      return Promise.all([node(), node()]);
    }

    async function members(t, nodes, topic) {
      const sockets = await Promise.all(nodes.map((node) => connect(t, node)));
      closed = 0;
      for (const socket of sockets) socket.onClose(() => closed++);
      return Promise.all(sockets.map((socket) => join(socket, topic)));
    }

    // Each hears what the other says.
    async function hear([one, two], body) {
      one.cast("new_msg", { body: `${body} of one` });
      assert.equal((await two.events("new_msg").next(`${body} of one`)).body, `${body} of one`);
      assert.equal((await one.events("new_msg").next()).body, `${body} of one`);
      two.cast("new_msg", { body: `${body} of two` });
      assert.equal((await one.events("new_msg").next(`${body} of two`)).body, `${body} of two`);
      assert.equal((await two.events("new_msg").next()).body, `${body} of two`);
      assert.equal(closed, 0, "no client is disconnected");
    }

    it("hears of a topic that is allowed again", async (t) => {
      const nodes = await twoNodes(t, "?topics=1");
      const both = await members(t, nodes, "room:x");
      await hear(both, "at first");
      await server.allow(["all", "nodes", "node.>"]);
      await Promise.all(nodes.map((node) => node.said(/does not let this user subscribe to pinion\.topic\.room:x/)));
      await server.allow([">"]);
      const began = performance.now();
      await Promise.all(nodes.map((node) => node.said(/lets this user subscribe to what it had refused/)));
      const took = performance.now() - began;
      t.diagnostic(`allowed again after ${Math.round(took)} ms`);
      await hear(both, "in the end");
    });

    it("is cut off without what every node needs, and comes back", async (t) => {
      const nodes = await twoNodes(t, "");
      const both = await members(t, nodes, "room:y");
      await hear(both, "at first");
      const connected = nodes.map((node) => count(node, "is connected"));
      await server.allow(["nodes", "node.>"]);
      await Promise.all(nodes.map((node) => node.said(/cut off .*does not let this user subscribe to pinion\.all/)));
      await server.allow([">"]);
      await Promise.all(nodes.map((node, i) => saidAgain(node, "is connected", connected[i])));
      await hear(both, "in the end");
    });
  });
}
