// A client of the first serializer: objects, and no join_ref. Written by hand, since none is maintained.

import assert from "node:assert/strict";
import { once } from "node:events";
import { describe, it } from "node:test";
import { WebSocket } from "ws";
import { connect, join } from "../helpers/phoenix.mjs";
import { serve } from "../helpers/server.mjs";
import { Inbox, within } from "../helpers/wait.mjs";

class V1Client {
  #inbox = new Inbox();
  #ref = 0;

  static async open(t, server, query = "") {
    const ws = new WebSocket(`${server.url.replace("http", "ws")}/socket/websocket${query}`);
    t.after(() => ws.terminate());
    await within(once(ws, "open"), "the connection");
    return new V1Client(ws);
  }

  constructor(ws) {
    this.ws = ws;
    ws.on("message", (data, isBinary) => this.#inbox.put(isBinary ? data : JSON.parse(data)));
  }

  send(topic, event, payload = {}, more = {}) {
    const ref = String(++this.#ref);
    this.ws.send(JSON.stringify({ topic, event, payload, ref, ...more }));
    return ref;
  }

  next() {
    return this.#inbox.next("a message");
  }

  async expect(expected) {
    assert.deepEqual(await this.next(), expected);
  }

  async expectReply(topic, ref, response = {}, status = "ok") {
    await this.expect({ topic, event: "phx_reply", payload: { status, response }, ref });
  }

  // Joins and takes what after_join sends.
  async join(topic, more) {
    await this.expectReply(topic, this.send(topic, "phx_join", {}, more));
    await this.expect({ topic, event: "user_entered", payload: { user: null }, ref: null });
    await this.expect({ topic, event: "joined", payload: { status: "connected", user_id: null }, ref: null });
  }
}

describe("a V1 client", () => {
  const server = serve("conformance");

  for (const query of ["", "?vsn=1.0.0", "?vsn=1.0.7"]) {
    it(`joins, pushes and gets replies (${query || "no vsn"})`, async (t) => {
      const client = await V1Client.open(t, server, query);
      await client.join("room:v1");
      await client.expectReply("room:v1", client.send("room:v1", "echo", { n: [1, "é"] }), { n: [1, "é"] });
      await client.expectReply("room:v1", client.send("room:v1", "reply_error"), { reason: "bad" }, "error");
      client.send("room:v1", "push_me", { k: 1 });
      await client.expect({ topic: "room:v1", event: "pushed", payload: { k: 1 }, ref: null });
    });
  }

  it("answers a heartbeat before any join", async (t) => {
    const client = await V1Client.open(t, server);
    await client.expectReply("phoenix", client.send("phoenix", "heartbeat"));
  });

  it("is refused with a reason", async (t) => {
    const client = await V1Client.open(t, server);
    const reason = (text) => [{ reason: text }, "error"];
    await client.expectReply("room:denied", client.send("room:denied", "phx_join"), ...reason("denied"));
    await client.expectReply("nope", client.send("nope", "phx_join"), ...reason("unmatched topic"));
    await client.expectReply("room:x", client.send("room:x", "echo"), ...reason("unmatched topic"));
  });

  it("shares broadcasts with V2 clients", async (t) => {
    const client = await V1Client.open(t, server);
    await client.join("room:mixed");
    const modern = await join(await connect(t, server), "room:mixed");
    await client.expect({ topic: "room:mixed", event: "user_entered", payload: { user: null }, ref: null });
    client.send("room:mixed", "shout", { from: "v1" });
    await client.expect({ topic: "room:mixed", event: "shout", payload: { from: "v1" }, ref: null });
    assert.deepEqual(await modern.events("shout").next(), { from: "v1" });
    modern.cast("shout", { from: "v2" });
    await client.expect({ topic: "room:mixed", event: "shout", payload: { from: "v2" }, ref: null });
  });

  it("leaves: the reply, phx_close, then what terminate pushes", async (t) => {
    const client = await V1Client.open(t, server);
    await client.join("room:bye");
    await client.expectReply("room:bye", client.send("room:bye", "phx_leave"));
    await client.expect({ topic: "room:bye", event: "phx_close", payload: {}, ref: null });
    await client.expect({ topic: "room:bye", event: "you_left", payload: { message: "bye!" }, ref: null });
    await client.expectReply("phoenix", client.send("phoenix", "heartbeat"));
  });

  it("may name a join_ref, which then comes back as the ref of phx_close", async (t) => {
    const client = await V1Client.open(t, server);
    await client.join("room:ref", { join_ref: "mine" });
    await client.expectReply("room:ref", client.send("room:ref", "phx_leave"));
    await client.expect({ topic: "room:ref", event: "phx_close", payload: {}, ref: "mine" });
  });

  it("sees a crash as phx_error", async (t) => {
    const client = await V1Client.open(t, server);
    await client.join("room:crashing");
    client.send("room:crashing", "boom");
    await client.expect({ topic: "room:crashing", event: "you_left", payload: { message: "bye!" }, ref: null });
    const payload = { reason: "channel_crash" };
    await client.expect({ topic: "room:crashing", event: "phx_error", payload, ref: null });
  });

  it("may send its text in a binary frame", async (t) => {
    const client = await V1Client.open(t, server);
    const heartbeat = { topic: "phoenix", event: "heartbeat", payload: {}, ref: 9 };
    client.ws.send(Buffer.from(JSON.stringify(heartbeat)));
    await client.expectReply("phoenix", 9);
  });

  it("is passed over by a binary broadcast, which it cannot read", async (t) => {
    const client = await V1Client.open(t, server);
    await client.join("room:bytes");
    const modern = await join(await connect(t, server), "room:bytes");
    await client.next();
    modern.cast("bin_broadcast", Uint8Array.of(1).buffer);
    await modern.events("bin_broadcast").next();
    await client.expectReply("phoenix", client.send("phoenix", "heartbeat"));
  });

  it("is closed with 1011 when topic, event, payload or ref is missing", async (t) => {
    for (const key of ["topic", "event", "payload", "ref"]) {
      const client = await V1Client.open(t, server);
      const closed = once(client.ws, "close");
      client.send("phoenix", "heartbeat", {}, { [key]: undefined });
      const [code] = await within(closed, `the close without ${key}`);
      assert.equal(code, 1011, key);
    }
  });
});
