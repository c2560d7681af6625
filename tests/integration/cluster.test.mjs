// Two nodes and a broker, as clients meet them: broadcasts, disconnecting by id, and long polling behind a balancer that
// sends each request to another node than the one before.

import assert from "node:assert/strict";
import { once } from "node:events";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import http from "node:http";
import net from "node:net";
import { tmpdir } from "node:os";
import path from "node:path";
import { after, before, describe, it } from "node:test";
import { LongPoll } from "phoenix";
import { brokerNames, launchBroker, missing } from "../helpers/brokers.mjs";
import { connect, join } from "../helpers/phoenix.mjs";
import { start } from "../helpers/server.mjs";
import { within } from "../helpers/wait.mjs";

const SECRET = "a secret that all nodes of this test know, and nobody else, of 64 bytes or more";

// Sends each request to the next node; to another where that one is not there.
async function startBalancer(nodes) {
  let turn = 0;
  const requests = nodes.map(() => 0);
  const forward = (request, response, body, attempts) => {
    const index = turn++ % nodes.length;
    const { method, url, headers } = request;
    const onward = http.request({ host: "127.0.0.1", port: nodes[index].port, method, path: url, headers, agent: false });
    onward.on("response", (answer) => {
      requests[index]++;
      response.writeHead(answer.statusCode, answer.headers);
      answer.pipe(response);
    });
    onward.on("error", () => (attempts > 0 ? forward(request, response, body, attempts - 1) : response.destroy()));
    response.on("close", () => onward.destroy());
    onward.end(body);
  };
  const server = http.createServer(async (request, response) => {
    const chunks = [];
    for await (const chunk of request) chunks.push(chunk);
    forward(request, response, Buffer.concat(chunks), 5);
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const close = () => (server.closeAllConnections(), server.close());
  return { url: `http://127.0.0.1:${server.address().port}`, requests, close };
}

// What comes until the server ends its side, too.
async function pollWithFin(url, target) {
  const socket = net.connect({ host: "127.0.0.1", port: new URL(url).port, allowHalfOpen: true });
  socket.end(`GET ${target} HTTP/1.1\r\nHost: x\r\n\r\n`);
  let answer = "";
  for await (const chunk of socket) answer += chunk;
  return answer;
}

for (const name of brokerNames) {
  for (const settings of ["", "?topics=1"]) {
    const skip = missing(name);
    describe(`two nodes on ${name}${settings}`, { skip }, () => {
      let server;
      let a;
      let b;

      const node = () => {
        const args = ["--loops", "2", "--pubsub", `${name}://127.0.0.1:${server.port}${settings}`];
        return start("conformance", { args, env: { PINION_SECRET_KEY_BASE: SECRET } });
      };

      before(async () => {
        server = await launchBroker(name);
        [a, b] = await Promise.all([node(), node()]);
      });

      after(async () => {
        await Promise.all([a?.stop(), b?.stop()]);
        server?.kill();
      });

      async function balanced(t, nodes, options) {
        const balancer = await startBalancer(nodes);
        t.after(() => balancer.close());
        const socket = await connect(t, balancer, { transport: LongPoll, ...options });
        return { balancer, socket };
      }

      it("broadcasts reach the clients of both, once", async (t) => {
        const [here, there] = await Promise.all([connect(t, a), connect(t, b)]);
        const [one, two] = await Promise.all([join(here, "room:x"), join(there, "room:x")]);
        for (let n = 0; n < 50; n++) one.cast("new_msg", { body: n });
        two.cast("new_msg", { body: "two" });
        const inOrder = async (channel) => {
          const seen = [];
          while (seen.length < 51) seen.push((await channel.events("new_msg").next()).body);
          assert.ok(seen.includes("two"));
          assert.deepEqual(
            seen.filter((body) => body !== "two"),
            Array.from({ length: 50 }, (_, n) => n),
          );
        };
        await Promise.all([inOrder(one), inOrder(two)]);
      });

      it("a socket is disconnected by its id wherever it is", async (t) => {
        const params = { user_id: "u1" };
        const [here, there] = await Promise.all([connect(t, a, { params }), connect(t, b, { params })]);
        const closed = new Promise((resolve) => there.onClose(resolve));
        const { cast } = await join(here, "room:y");
        cast("disconnect_me");
        await within(closed, "the other node's socket to close");
      });

      it("long polling works though each request goes to another node", async (t) => {
        const { balancer, socket } = await balanced(t, [a, b]);
        const polled = await join(socket, "room:z");
        for (let n = 0; n < 20; n++) assert.deepEqual(await polled.push("echo", { n }), ["ok", { n }]);
        const { cast } = await join(await connect(t, b), "room:z");
        cast("new_msg", { body: "from b" });
        assert.equal((await polled.events("new_msg").next()).body, "from b");
        assert.ok(balancer.requests.every((count) => count >= 10), `requests: ${balancer.requests}`);
      });

      it("a poll elsewhere is answered though its client ends its side", async () => {
        const mount = "/socket/longpoll?vsn=2.0.0";
        const begun = await (await fetch(a.url + mount)).json();
        const target = `${mount}&token=${encodeURIComponent(begun.token)}`;
        const headers = { "content-type": "application/x-ndjson" };
        for (let n = 0; n < 10; n++) {
          const body = `[null,"${n}","phoenix","heartbeat",{}]\n`;
          await (await fetch(a.url + target, { method: "POST", headers, body })).json();
          const full = await pollWithFin(b.url, target);
          assert.ok(full.includes(`[null,\\"${n}\\",\\"phoenix\\",\\"phx_reply\\"`), full);
          assert.match(full, /"status":200/);
          assert.match(await pollWithFin(b.url, target), /"messages":\[\],"status":204/); // nothing is there
        }
      });

      // Over what NATS carries in one message, and with the longest POST that a node takes.
      it("long polling has answers and bodies as large elsewhere as here", async (t) => {
        const mount = "/socket/longpoll?vsn=2.0.0";
        const begun = await (await fetch(a.url + mount)).json();
        const elsewhere = `${b.url}${mount}&token=${encodeURIComponent(begun.token)}`;
        const post = async (frames) => {
          const headers = { "content-type": "application/x-ndjson" };
          const body = frames.map((frame) => JSON.stringify(frame)).join("\n");
          const answer = await fetch(elsewhere, { method: "POST", headers, body });
          assert.deepEqual(await answer.json(), { status: 200 });
        };
        const text = '"'.repeat(400_000); // which is 1.6 MB where JSON is in JSON
        const poll = async () => {
          const { status, messages } = await (await fetch(elsewhere)).json();
          assert.equal(status, 200);
          return messages.map((message) => JSON.parse(message));
        };
        await post([["1", "1", "room:big", "phx_join", {}]]);
        assert.equal((await poll())[0][1], "1"); // behind which nothing waits any more
        await post([["1", "big", "room:big", "echo", text]]);
        const [[, ref, , , payload]] = await poll();
        assert.equal(ref, "big");
        assert.equal(payload.response, text);
        await post(Array.from({ length: 40 }, (_, n) => ["1", `m${n}`, "room:big", "noreply", "z".repeat(75_000)]));
        await post([["1", "2", "room:big", "phx_leave", {}]]);
      });

      it("a client whose session's node has died is told to begin again", async (t) => {
        const third = await node();
        t.after(() => third.kill());
        const mount = "/fast/longpoll?vsn=2.0.0";
        const begun = await (await fetch(third.url + mount)).json();
        assert.equal(begun.status, 410);
        await third.kill();
        const killed = performance.now();
        const addressed = `${a.url}${mount}&token=${encodeURIComponent(begun.token)}`;
        const body = '["1","1","room:w","phx_join",{}]\n';
        const post = fetch(addressed, { method: "POST", headers: { "content-type": "application/x-ndjson" }, body });
        const [polled, posted] = await Promise.all([(await fetch(addressed)).json(), (await post).json()]);
        assert.deepEqual(polled, { status: 500 });
        assert.equal(posted.status, 410);
        assert.ok(performance.now() - killed < 5_000, "it is not waited for as long as a node that lives may take");
      });
    });
  }
}

describe("a user of NATS who may not have every topic", { skip: missing("nats") }, () => {
  it("is refused a join of what never comes in, and joins the rest", async (t) => {
    const directory = mkdtempSync(path.join(tmpdir(), "pinion-"));
    t.after(() => rmSync(directory, { recursive: true }));
    const file = path.join(directory, "nats.conf");
    const subjects = ["pinion.all", "pinion.nodes", "pinion.node.>", "pinion.topic.room:open"].map((name) => JSON.stringify(name));
    const permissions = `{ subscribe: [${subjects}], publish: [">"] }`;
    writeFileSync(file, `authorization { users = [ { user: ann, password: pw, permissions: ${permissions} } ] }\n`);
    const server = await launchBroker("nats", ["-c", file]);
    t.after(() => server.kill());
    const node = await start("conformance", { args: ["--pubsub", `nats://ann:pw@127.0.0.1:${server.port}?topics=1`] });
    t.after(() => node.stop());
    const socket = await connect(t, node);
    await join(socket, "room:open");
    const channel = socket.channel("room:secret", {});
    const answer = await within(
      new Promise((resolve) => channel.join().receive("ok", () => resolve("joined")).receive("error", resolve)),
      "an answer to the join",
    );
    assert.deepEqual(answer, { reason: "unavailable" });
    assert.match(node.output().stderr, /does not let this user subscribe to pinion\.topic\.room:secret/);
    channel.leave();
  });
});
