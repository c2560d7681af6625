// The official Phoenix client against our servers: what an application sees of a channel's life, over both of the
// client's transports.

import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { LongPoll } from "phoenix";
import { WebSocket } from "ws";
import { connect as connectBy, disconnect, join, messages, refusal } from "../helpers/phoenix.mjs";
import { serve, start } from "../helpers/server.mjs";
import { Inbox, within } from "../helpers/wait.mjs";

const bytes = (...values) => Uint8Array.from(values).buffer;
const hex = (buffer) => Buffer.from(buffer).toString("hex");

const CARRIERS = [
  { name: "WebSocket", transport: WebSocket, atom: ":websocket", disconnectCode: 1001 },
  { name: "LongPoll", transport: LongPoll, atom: ":longpoll", disconnectCode: 1011 },
];

for (const { name, transport, atom, disconnectCode } of CARRIERS) {
  describe(`the conformance server and phoenix.js over ${name}`, () => {
    const server = serve("conformance");
    const connect = (t, to, options) => connectBy(t, to, { transport, ...options });

    describe("joining", () => {
      it("is answered ok, and after_join pushes with the assigns", async (t) => {
        const socket = await connect(t, server, { params: { user_id: "7" } });
        const { response, events } = await join(socket, "room:1", { user: "ann" });
        assert.deepEqual(response, {});
        assert.deepEqual(await events("user_entered").next(), { user: "ann" });
        assert.deepEqual(await events("joined").next(), { status: "connected", user_id: "7" });
      });

      it("carries the join's reply", async (t) => {
        const socket = await connect(t, server);
        const { response } = await join(socket, "room:reply");
        assert.deepEqual(response, { hello: "world" });
      });

      const refused = [
        ["rooms:private", "unauthorized"],
        ["room:denied", "denied"],
        ["room:crash", "join crashed"],
        ["nowhere:1", "unmatched topic"],
      ];
      for (const [topic, reason] of refused) {
        it(`${topic} is refused: ${reason}`, async (t) => {
          const socket = await connect(t, server);
          assert.deepEqual(await refusal(socket, topic), ["error", { reason }]);
          const { push } = await join(socket, "room:after-refusal");
          assert.deepEqual(await push("echo", { still: "here" }), ["ok", { still: "here" }]);
        });
      }

      it("is refused beyond 100 channels a socket", async (t) => {
        const socket = await connect(t, server);
        for (let i = 0; i < 100; i++) await join(socket, `room:many-${i}`);
        assert.deepEqual(await refusal(socket, "room:one-more"), ["error", { reason: "too many channels joined" }]);
      });

      it("a second time on one topic closes the first, after the leave phoenix.js sends", async (t) => {
        const socket = await connect(t, server);
        const first = await join(socket, "room:twice");
        const second = await join(socket, "room:twice");
        await first.events("phx_close").next();
        assert.deepEqual(await second.push("echo", { n: 2 }), ["ok", { n: 2 }]);
      });

      it("a second time without a leave: the reply, then the old one's phx_close, then pushes", async (t) => {
        const socket = await connect(t, server);
        socket.leaveOpenTopic = () => {}; // as a client does that has lost track of its channel
        const old = await join(socket, "room:duplicate");
        await old.events("joined").next();
        const oldRef = old.channel.joinRef();
        const seen = messages(socket);
        const fresh = await join(socket, "room:duplicate");
        await fresh.events("joined").next();
        const freshRef = fresh.channel.joinRef();
        const order = seen.items.map(({ event, join_ref }) => [event, join_ref]);
        assert.deepEqual(order, [
          ["phx_reply", freshRef],
          ["phx_close", oldRef],
          ["user_entered", null],
          ["joined", freshRef],
        ]);
        assert.deepEqual(await fresh.push("echo", { n: 1 }), ["ok", { n: 1 }]);
      });
    });

    describe("pushing", () => {
      it("is replied to with ok, with an error, or not at all", async (t) => {
        const { push } = await join(await connect(t, server), "room:replies");
        const payload = { text: "häßlich 🐦 \u0000 \"", list: [1, 2.5, null, true], deep: { er: {} } };
        assert.deepEqual(await push("echo", payload), ["ok", payload]);
        assert.deepEqual(await push("reply_error"), ["error", { reason: "bad" }]);
        assert.deepEqual(await push("reply_status"), ["ok", {}]);
        const [status] = await push("noreply", {}, 100);
        assert.equal(status, "timeout");
      });

      it("is replied to later, from outside the callback", async (t) => {
        const { push } = await join(await connect(t, server), "room:later");
        const late = push("async_reply", { n: 1 });
        const early = await push("echo", { n: 2 });
        assert.deepEqual(early, ["ok", { n: 2 }]);
        assert.deepEqual(await late, ["ok", { n: 1 }]);
      });

      it("brings a big reply in one piece", async (t) => {
        const { push } = await join(await connect(t, server), "room:big");
        const [status, { data }] = await push("big");
        assert.equal(status, "ok");
        assert.equal(data, "x".repeat(100_000));
      });

      it("keeps the order of many", async (t) => {
        const { cast, events, push } = await join(await connect(t, server), "room:order");
        const count = 1_000;
        for (let n = 0; n < count; n++) cast("push_me", { n });
        await push("echo");
        const order = events("pushed").items.map(({ n }) => n);
        assert.deepEqual(order, [...Array(count).keys()]);
      });
    });

    describe("broadcasting", () => {
      async function pair(t, topic) {
        const one = await join(await connect(t, server), topic);
        const other = await join(await connect(t, server), topic);
        return [one, other];
      }

      it("reaches the sender and the others", async (t) => {
        const [one, other] = await pair(t, "room:shout");
        one.cast("shout", { k: 1 });
        assert.deepEqual(await one.events("shout").next(), { k: 1 });
        assert.deepEqual(await other.events("shout").next(), { k: 1 });
      });

      it("does not cross topics", async (t) => {
        const one = await join(await connect(t, server), "room:here");
        const other = await join(await connect(t, server), "room:there");
        one.cast("shout");
        await one.events("shout").next();
        await other.push("echo");
        assert.equal(other.events("shout").items.length, 0);
      });

      it("from a sender spares that sender", async (t) => {
        const [one, other] = await pair(t, "room:from");
        one.cast("broadcast_from", { k: 2 });
        assert.deepEqual(await other.events("broadcast_from").next(), { k: 2 });
        await one.push("echo");
        assert.equal(one.events("broadcast_from").items.length, 0);
      });

      it("goes through handle_out when the event is intercepted", async (t) => {
        const [one, other] = await pair(t, "room:intercept");
        assert.deepEqual(await one.push("new_msg", { body: "hi" }), ["ok", {}]);
        const expected = { body: "hi", transport: atom };
        assert.deepEqual(await one.events("new_msg").next(), expected);
        assert.deepEqual(await other.events("new_msg").next(), expected);
      });

      it("serves the seed's chat room", async (t) => {
        const [one, other] = await pair(t, "rooms:lobby");
        one.cast("new_msg", { body: "hello" });
        assert.deepEqual(await other.events("new_msg").next(), { body: "hello" });
        assert.deepEqual(await one.events("new_msg").next(), { body: "hello" });
      });
    });

    describe("binary payloads", () => {
      const itReceives = transport === LongPoll ? () => {} : it; // long polling carries none to the client

      itReceives("go both ways", async (t) => {
        const { events, push } = await join(await connect(t, server), "room:binary");
        const [status, reply] = await push("binary_event", bytes(1, 2));
        assert.equal(status, "ok");
        assert.equal(hex(reply), "01020304");
        assert.equal(hex(await events("binary_event").next()), "0001");
      });

      itReceives("may be empty, and may hold anything", async (t) => {
        const { push } = await join(await connect(t, server), "room:binary-any");
        const all = bytes(...Array(256).keys());
        assert.equal(hex((await push("binary_event", bytes()))[1]), "0304");
        assert.equal(hex((await push("binary_event", all))[1]), `${hex(all)}0304`);
      });

      itReceives("are broadcast", async (t) => {
        const one = await join(await connect(t, server), "room:binary-all");
        const other = await join(await connect(t, server), "room:binary-all");
        one.cast("bin_broadcast", bytes(0xff, 0));
        assert.equal(hex(await one.events("bin_broadcast").next()), "ff00");
        assert.equal(hex(await other.events("bin_broadcast").next()), "ff00");
      });

      it("may be answered with JSON, through handle_out", async (t) => {
        const { cast, events } = await join(await connect(t, server), "room:binary-ack");
        cast("bin", bytes(9));
        assert.deepEqual(await events("bin_ack").next(), { transport: atom });
      });
    });

    describe("ending", () => {
      it("leave closes the channel, and the socket lives on", async (t) => {
        const socket = await connect(t, server);
        const { channel, events } = await join(socket, "room:leave");
        channel.leave();
        await events("phx_close").next();
        assert.equal(channel.state, "closed");
        const again = await join(socket, "room:leave");
        assert.deepEqual(await again.push("echo"), ["ok", {}]);
      });

      it("stop closes it from the server's side, with a reply where there is one", async (t) => {
        const socket = await connect(t, server);
        const normal = await join(socket, "room:stop");
        normal.cast("stop");
        await normal.events("phx_close").next();
        const shutdown = await join(socket, "room:shutdown");
        assert.deepEqual(await shutdown.push("stop_shutdown"), ["ok", { bye: 1 }]);
        await shutdown.events("phx_close").next();
      });

      for (const event of ["boom", "stop_crash", "an event no clause takes"]) {
        it(`${event}: phx_error for this channel only, and the client joins again`, async (t) => {
          const socket = await connect(t, server);
          const bystander = await join(socket, `room:beside ${event}`);
          const { cast, events, joins, push } = await join(socket, `room:crash ${event}`);
          cast(event);
          assert.deepEqual(await events("phx_error").next(), { reason: "channel_crash" });
          await joins.next("the client to join again");
          assert.deepEqual(await push("echo", { n: 1 }), ["ok", { n: 1 }]);
          assert.deepEqual(await bystander.push("echo"), ["ok", {}]);
          assert.equal(bystander.events("phx_error").items.length, 0);
        });
      }

      it("disconnect may name the close code", { skip: transport === LongPoll && "it has none" }, async (t) => {
        const socket = await connect(t, server, { params: { user_id: "banned" } });
        const codes = new Inbox();
        socket.onClose(({ code }) => codes.put(code));
        const { cast } = await join(socket, "room:disconnect");
        cast("disconnect_me", { code: 4001 });
        assert.equal(await codes.next(), 4001);
      });

      it("disconnect closes every socket of that id, and they come back", async (t) => {
        const laptop = await connect(t, server, { params: { user_id: "gone" } });
        const phone = await connect(t, server, { params: { user_id: "gone" } });
        const stranger = await connect(t, server, { params: { user_id: "stays" } });
        const codes = new Inbox();
        for (const socket of [laptop, phone]) socket.onClose(({ code }) => codes.put(code));
        const one = await join(laptop, "room:disconnect");
        const other = await join(phone, "room:disconnect");
        const spared = await join(stranger, "room:disconnect");
        one.cast("disconnect_me");
        assert.deepEqual([await codes.next(), await codes.next()], [disconnectCode, disconnectCode]);
        await one.joins.next("the one to join again");
        await other.joins.next("the other to join again");
        assert.deepEqual(await one.push("echo"), ["ok", {}]);
        assert.deepEqual(await spared.push("echo"), ["ok", {}]);
        assert.equal(spared.joins.items.length, 0);
      });
    });

    it("answers heartbeats", async (t) => {
      const socket = await connect(t, server, { heartbeatIntervalMs: 30 });
      const replies = messages(socket);
      for (let i = 0; i < 3 && transport !== LongPoll; i++) { // where polls are the sign of life
        const { topic, event, payload } = await replies.next("a heartbeat's reply");
        assert.deepEqual([topic, event, payload], ["phoenix", "phx_reply", { status: "ok", response: {} }]);
      }
      const rtt = await within(new Promise((resolve) => socket.ping(resolve)), "a ping's reply");
      assert.ok(rtt >= 0);
    });
  });
}

describe("a server that is killed and comes back", () => {
  for (const { name, transport } of CARRIERS) {
    it(`is joined again by itself over ${name}, and pushes work`, async (t) => {
      const first = await start("conformance");
      t.after(() => first.kill());
      const socket = await connectBy(t, first, { transport });
      const { joins, push, events } = await join(socket, "room:survivor");
      await events("joined").next();
      const cut = new Promise((resolve) => socket.onClose(resolve));
      await first.kill();
      await within(cut, "the connection to be cut");
      const late = push("echo", { typed: "meanwhile" });
      const second = await start("conformance", { port: first.port });
      t.after(() => second.kill());
      await joins.next("the client to join again");
      await events("joined").next();
      assert.deepEqual(await late, ["ok", { typed: "meanwhile" }]);
      assert.deepEqual(await push("echo", { n: 1 }), ["ok", { n: 1 }]);
      disconnect(socket);
      await second.stop();
    });
  }
});

describe("the chat", () => {
  const server = serve("chat");
  const enter = async (t, user) => join(await connectBy(t, server), "rooms:lobby", { user });

  it("brings what one says to the other", async (t) => {
    const ann = await enter(t, "ann");
    const bob = await enter(t, "bob");
    const message = { body: "hello <b>there</b>", user: "ann" };
    assert.deepEqual(await ann.push("new_msg", message), ["ok", {}]);
    assert.deepEqual(await bob.events("new_msg").next(), message);
    assert.deepEqual(await ann.events("new_msg").next(), message);
  });

  it("refuses what is empty, too long, or no text", async (t) => {
    const ann = await enter(t, "ann");
    const say = (body) => ann.push("new_msg", { body, user: "ann" });
    assert.deepEqual(await say(""), ["error", { reason: "empty" }]);
    assert.deepEqual(await say("é".repeat(2001)), ["error", { reason: "too long" }]);
    assert.equal((await say(5))[0], "error");
    assert.equal((await ann.push("new_msg", {}))[0], "error");
    assert.deepEqual(await say("é".repeat(2000)), ["ok", {}]);
    assert.equal(ann.events("new_msg").items.length, 1);
  });

  it("tells who joins, but not those who do not want to know", async (t) => {
    const ann = await enter(t, "ann");
    const hermit = await enter(t, "hermit");
    assert.deepEqual(await hermit.push("ignore_joins", { ignore: true }), ["ok", {}]);
    const before = hermit.events("user_joined").items.length;
    await enter(t, "late");
    const seen = [];
    while (seen.at(-1) !== "late") seen.push((await ann.events("user_joined").next()).user);
    await hermit.push("new_msg", { body: "nothing heard", user: "hermit" });
    assert.equal(hermit.events("user_joined").items.length, before);
  });

  it("has one room", async (t) => {
    assert.deepEqual(await refusal(await connectBy(t, server), "rooms:other"), ["error", { reason: "unauthorized" }]);
  });
});
