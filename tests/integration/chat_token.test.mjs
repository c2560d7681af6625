// The chat where a token is required: who has one gets in, over both transports, and is called by the name in it.

import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { LongPoll, Socket } from "phoenix";
import { WebSocket } from "ws";
import { connect, join } from "../helpers/phoenix.mjs";
import { run, serve } from "../helpers/server.mjs";
import { within } from "../helpers/wait.mjs";

const env = { PINION_SECRET_KEY_BASE: "a secret of the tests, as long as one should be at the least: 64 bytes" };

describe("the chat with --require-token", () => {
  const server = serve("chat", { args: ["--require-token"], env });

  const get = (query) => fetch(`${server.url}/token${query}`);
  const tokenOf = async (user) => (await get(`?${new URLSearchParams({ user })}`)).text();

  async function refused(t, options) {
    const socket = new Socket(server.url.replace("http", "ws") + "/socket", { reconnectAfterMs: () => 1e6, ...options });
    t.after(() => new Promise((done) => socket.disconnect(done)));
    const failed = new Promise((resolve) => socket.onError(resolve));
    socket.onOpen(() => assert.fail("connected"));
    socket.connect();
    await within(failed, "the refusal");
  }

  for (const [name, transport] of [["WebSocket", WebSocket], ["LongPoll", LongPoll]]) {
    it(`lets in who has one over ${name}, by its name`, async (t) => {
      const authToken = await tokenOf("Ann");
      const socket = await connect(t, server, { transport, authToken });
      const { push, events } = await join(socket, "rooms:lobby", { user: "somebody else" });
      assert.deepEqual(await events("user_joined").next(), { user: "Ann" });
      assert.deepEqual(await push("new_msg", { body: "hi", user: "somebody else" }), ["ok", {}]);
      assert.deepEqual(await events("new_msg").next(), { body: "hi", user: "Ann" });
    });

    it(`refuses who has none, or a forged one, over ${name}`, async (t) => {
      const forged = (await tokenOf("Ann")).replace(/.$/, (last) => (last === "A" ? "Q" : "A"));
      await refused(t, { transport });
      await refused(t, { transport, authToken: forged });
    });
  }

  it("gives tokens for names only", async () => {
    for (const query of ["", "?user=", "?user[x]=1", "?user=%ff", `?user=${"x".repeat(41)}`]) {
      assert.equal((await get(query)).status, 400, query);
    }
    assert.equal((await get(`?user=${encodeURIComponent("Ж".repeat(40))}`)).status, 200);
  });
});

describe("the chat without --require-token", () => {
  const server = serve("chat");

  it("has no token to give", async () => {
    const answer = await fetch(`${server.url}/token?user=Ann`);
    assert.equal(answer.status, 204);
  });
});

describe("the chat with --require-token and no secret", () => {
  it("does not start, and says what is missing", async () => {
    const { exited, output } = run("chat", { args: ["--require-token"], env: { PINION_SECRET_KEY_BASE: "" } });
    const { code } = await within(exited, "the chat to exit");
    assert.equal(code, 1);
    assert.match(output().stderr, /PINION_SECRET_KEY_BASE/);
  });
});
