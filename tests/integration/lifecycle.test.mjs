// The programs from their start to their end.

import assert from "node:assert/strict";
import { once } from "node:events";
import { describe, it } from "node:test";
import { WebSocket } from "ws";
import { connect, join } from "../helpers/phoenix.mjs";
import { RawConnection } from "../helpers/raw.mjs";
import { run, start } from "../helpers/server.mjs";
import { within } from "../helpers/wait.mjs";

// A server for one test.
async function started(t, program, options) {
  const server = await start(program, options);
  t.after(() => server.kill());
  return server;
}

describe("a program", () => {
  it("prints the port it was given by --port 0, and serves there", async (t) => {
    const server = await started(t, "conformance");
    assert.ok(server.port > 0);
    assert.match(server.output().stdout, /^listening on 127\.0\.0\.1:\d+\n$/);
    const response = await fetch(server.url);
    assert.deepEqual([response.status, await response.text()], [200, "ok"]);
    await server.stop();
  });

  for (const signal of ["SIGTERM", "SIGINT"]) {
    it(`closes its sockets with 1012 and exits with 0 on ${signal}`, async (t) => {
      const server = await started(t, "conformance");
      const ws = new WebSocket(`ws://127.0.0.1:${server.port}/socket/websocket?vsn=2.0.0`);
      t.after(() => ws.terminate());
      await within(once(ws, "open"), "the connection");
      ws.send(JSON.stringify(["1", "1", "room:drain", "phx_join", {}]));
      await within(once(ws, "message"), "the join's reply");
      const closed = once(ws, "close");
      process.kill(server.pid, signal);
      const [code] = await within(closed, "the close");
      assert.equal(code, 1012);
      assert.deepEqual(await within(server.exited, "the exit"), { code: 0, signal: null });
    });
  }

  it("stops cleanly as soon as it has said that it listens", async (t) => {
    for (let i = 0; i < 5; i++) {
      const server = await started(t, "conformance");
      await server.stop();
    }
  });

  it("exits though peers answer no close, or never said what they want", async (t) => {
    const server = await started(t, "conformance");
    const silent = await RawConnection.open(t, server);
    const deaf = await RawConnection.websocket(t, server);
    await server.stop();
    assert.equal(await deaf.closeCode(), 1012);
    await within(Promise.all([silent.closed, deaf.closed]), "the end of both connections");
  });

  for (const program of ["conformance", "chat"]) {
    it(`${program} says plainly that its port is taken, and exits with 1`, async (t) => {
      const first = await started(t, program);
      const { exited, output, child } = run(program, { port: first.port });
      t.after(() => child.kill("SIGKILL"));
      assert.deepEqual(await within(exited, "the exit"), { code: 1, signal: null });
      assert.match(output().stderr, new RegExp(`cannot listen on .*\\b${first.port}\\b.*another program`));
      assert.doesNotMatch(output().stdout, /listening/);
      await first.stop();
    });
  }

  it("finds its files from any working directory", async (t) => {
    const server = await started(t, "chat", { cwd: "/" });
    const page = await (await fetch(server.url)).text();
    assert.match(page, /id="messages"/);
    const client = await fetch(`${server.url}/assets/phoenix.mjs`);
    assert.equal(client.status, 200);
    assert.match(await client.text(), /Socket/);
    await server.stop();
  });

  it("takes the same port again right after it was killed", async (t) => {
    const first = await started(t, "conformance");
    const { push } = await join(await connect(t, first), "room:before");
    await push("echo");
    await first.kill();
    const second = await started(t, "conformance", { port: first.port });
    await second.stop();
  });

  it("brings one broadcast to 50 clients on two loops, once each", async (t) => {
    const server = await started(t, "conformance", { args: ["--loops", "2"] });
    const topic = "room:crowd";
    const crowd = await Promise.all(
      Array.from({ length: 50 }, async () => join(await connect(t, server), topic)),
    );
    crowd[0].cast("shout", { n: 1 });
    await Promise.all(crowd.map(({ events }) => events("shout").next()));
    await Promise.all(crowd.map(({ push }) => push("echo")));
    const again = crowd.map(({ events }) => events("shout").items.length);
    assert.deepEqual(again, Array(50).fill(0));
    await server.stop();
  });
});
