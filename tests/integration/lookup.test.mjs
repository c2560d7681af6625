// A connect that works off the loop (mount /lookup of the conformance server): the official client over both of
// its transports is let in or refused when the work is done, and others are served meanwhile.

import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { LongPoll } from "phoenix";
import { WebSocket } from "ws";
import { connect, join } from "../helpers/phoenix.mjs";
import { serve, start } from "../helpers/server.mjs";
import { within } from "../helpers/wait.mjs";

const mount = "/lookup";

// The status of a request for a WebSocket that is refused.
function refusedUpgrade(server, query) {
  const socket = new WebSocket(`${server.url.replace("http", "ws")}${mount}/websocket?vsn=2.0.0&${query}`);
  const refused = new Promise((resolve, reject) => {
    socket.once("unexpected-response", (request, response) => {
      resolve(response.statusCode);
      request.destroy();
    });
    socket.once("open", () => reject(new Error("it was let in")));
    socket.on("error", reject);
  });
  return within(refused, "a refusal");
}

async function refusedPoll(server, query) {
  const answer = await fetch(`${server.url}${mount}/longpoll?vsn=2.0.0&${query}`);
  return (await answer.json()).status;
}

const CARRIERS = [
  { name: "WebSocket", transport: WebSocket, refused: refusedUpgrade },
  { name: "LongPoll", transport: LongPoll, refused: refusedPoll },
];

for (const { name, transport, refused } of CARRIERS) {
  describe(`a connect that looks the user up, over ${name}`, () => {
    const server = serve("conformance");

    it("lets the user in, with what was looked up", async (t) => {
      const socket = await connect(t, server, { mount, transport, params: { user_id: "ann" } });
      const { events } = await join(socket, "room:1");
      assert.deepEqual(await events("joined").next(), { status: "connected", user_id: "ann" });
    });

    it("gives the socket an id by what was looked up", async (t) => {
      const socket = await connect(t, server, { mount, transport, params: { user_id: "bob" } });
      const { cast } = await join(socket, "room:1");
      const closed = new Promise((resolve) => socket.onClose(resolve));
      cast("disconnect_me");
      await within(closed, "the socket to close");
    });

    it("refuses whom it does not find with 403", async () => {
      assert.equal(await refused(server, "user_id=nobody"), 403);
      assert.equal(await refused(server, ""), 403);
    });

    it("lets many in at once", async (t) => {
      const names = Array.from({ length: 20 }, (_, i) => `user${i}`);
      const came = names.map(async (user_id) => {
        const socket = await connect(t, server, { mount, transport, params: { user_id } });
        const { events } = await join(socket, "room:many");
        assert.equal((await events("joined").next()).user_id, user_id);
      });
      await Promise.all(came);
    });

    it("serves others meanwhile, and forgets clients that go", async (t) => {
      const waiting = Array.from({ length: 20 }, (_, i) => {
        const leave = new AbortController();
        const url = `${server.url}${mount}/longpoll?vsn=2.0.0&user_id=gone${i}`;
        const answer = fetch(url, { signal: leave.signal }).catch(() => {});
        return { leave, answer };
      });
      const socket = await connect(t, server, { transport });
      const { push } = await join(socket, "room:1");
      for (const { leave } of waiting) leave.abort();
      await Promise.all(waiting.map(({ answer }) => answer));
      assert.deepEqual(await push("echo", { n: 1 }), ["ok", { n: 1 }]);
    });
  });
}

it("a server that stops waits for the lookups of its clients, and exits with 0", async () => {
  const server = await start("conformance");
  const requests = Array.from({ length: 10 }, (_, i) =>
    fetch(`${server.url}${mount}/longpoll?vsn=2.0.0&user_id=late${i}`).catch(() => {}),
  );
  await fetch(server.url);
  await server.stop();
  await Promise.all(requests);
});
