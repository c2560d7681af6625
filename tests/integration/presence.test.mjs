// The official client's Presence class against the conformance server: who is there, as each client keeps it, over
// both of the client's transports.

import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { isDeepStrictEqual } from "node:util";
import { LongPoll, Presence } from "phoenix";
import { WebSocket } from "ws";
import { connect as connectBy, disconnect } from "../helpers/phoenix.mjs";
import { serve } from "../helpers/server.mjs";
import { Inbox, within } from "../helpers/wait.mjs";

// A client in the room, whose Presence says what it sees.
//   now()      {key: [meta without refs, ...]}
//   sees(who)  waits until that is so
//   joins, leaves   inboxes of [key, how many metas there were, the new or old metas]
async function member(socket, topic, params) {
  const channel = socket.channel(topic, params);
  const presence = new Presence(channel);
  const joins = new Inbox();
  const leaves = new Inbox();
  const looking = new Set();
  presence.onJoin((key, current, { metas }) => joins.put([key, current?.metas.length ?? 0, metas]));
  presence.onLeave((key, current, { metas }) => leaves.put([key, current.metas.length, metas]));
  presence.onSync(() => looking.forEach((look) => look()));

  const plain = ({ phx_ref, phx_ref_prev, ...meta }) => meta;
  const now = () => Object.fromEntries(presence.list((key, { metas }) => [key, metas.map(plain)]));

  async function sees(expected) {
    let look;
    const seen = new Promise((resolve) => {
      look = () => isDeepStrictEqual(now(), expected) && resolve();
      looking.add(look);
      look();
    });
    try {
      await within(seen, JSON.stringify(expected));
    } catch (error) {
      assert.deepEqual(now(), expected, error.message);
    } finally {
      looking.delete(look);
    }
  }

  const push = (event, payload = {}) =>
    within(new Promise((resolve) => channel.push(event, payload).receive("ok", resolve)), `the answer to ${event}`);
  await within(new Promise((resolve) => channel.join().receive("ok", resolve)), `joining ${topic}`);
  return { channel, presence, now, sees, joins, leaves, push };
}

let topics = 0;
const newTopic = () => `presence:${process.pid}-${topics++}`;

for (const [name, transport] of [["WebSocket", WebSocket], ["LongPoll", LongPoll]]) {
  describe(`Presence of phoenix.js over ${name}`, () => {
    const server = serve("conformance");
    const connect = (t, options) => connectBy(t, server, { transport, ...options });

    async function room(t, ...names) {
      const topic = newTopic();
      const sockets = [];
      const members = [];
      for (const user of names) {
        sockets.push(await connect(t));
        members.push(await member(sockets.at(-1), topic, { user, meta: { n: members.length } }));
      }
      return { topic, sockets, members };
    }

    it("shows everybody to everybody", async (t) => {
      const { members } = await room(t, "ann", "bob", "cleo");
      for (const { sees } of members) await sees({ ann: [{ n: 0 }], bob: [{ n: 1 }], cleo: [{ n: 2 }] });
    });

    it("tells who joins and who leaves, once each", async (t) => {
      const { members: [ann, bob] } = await room(t, "ann", "bob");
      await ann.sees({ ann: [{ n: 0 }], bob: [{ n: 1 }] });
      assert.deepEqual((await ann.joins.next()).slice(0, 2), ["ann", 0]);
      bob.channel.leave();
      const [key, left, metas] = await ann.leaves.next();
      assert.deepEqual([key, left, metas[0].n], ["bob", 0, 1]);
      await ann.sees({ ann: [{ n: 0 }] });
      assert.deepEqual(ann.leaves.items, []);
    });

    it("shows two devices of one user under one key", async (t) => {
      const { members: [phone, desk] } = await room(t, "ann", "ann");
      await phone.sees({ ann: [{ n: 0 }, { n: 1 }] });
      await desk.sees({ ann: [{ n: 0 }, { n: 1 }] });
      phone.channel.leave();
      await desk.sees({ ann: [{ n: 1 }] });
    });

    it("shows an update in place of what was there, with the ref it had", async (t) => {
      const { members: [ann, bob] } = await room(t, "ann", "bob");
      await bob.sees({ ann: [{ n: 0 }], bob: [{ n: 1 }] });
      const before = bob.presence.state.ann.metas[0].phx_ref;
      await ann.push("update", { at: "desk" });
      await bob.sees({ ann: [{ at: "desk" }], bob: [{ n: 1 }] });
      const { phx_ref, phx_ref_prev } = bob.presence.state.ann.metas[0];
      assert.equal(phx_ref_prev, before);
      assert.notEqual(phx_ref, before);
    });

    it("shows nobody who is untracked, nor whose channel has crashed", async (t) => {
      const { members: [ann, bob, cleo] } = await room(t, "ann", "bob", "cleo");
      await ann.sees({ ann: [{ n: 0 }], bob: [{ n: 1 }], cleo: [{ n: 2 }] });
      await bob.push("untrack");
      await ann.sees({ ann: [{ n: 0 }], cleo: [{ n: 2 }] });
      const errors = new Inbox();
      cleo.channel.onError(() => errors.put(true));
      cleo.channel.rejoinTimer.callback = () => {}; // it would come back
      cleo.channel.push("no_such_event");
      await errors.next("the channel to crash");
      await ann.sees({ ann: [{ n: 0 }] });
    });

    it("keeps the place of a meta that is updated", async (t) => {
      const { members: [phone, desk] } = await room(t, "ann", "ann");
      await desk.sees({ ann: [{ n: 0 }, { n: 1 }] });
      await phone.push("update", { n: 2 });
      const metas = (list) => list.ann.metas.map(({ n }) => n);
      assert.deepEqual(metas(await phone.push("list")), [2, 1]);
      await desk.push("update", { n: 3 });
      assert.deepEqual(metas(await phone.push("list")), [2, 3]);
    });

    it("answers with the same list as it pushes", async (t) => {
      const { members: [ann, bob] } = await room(t, "ann", "bob");
      await ann.sees({ ann: [{ n: 0 }], bob: [{ n: 1 }] });
      await bob.sees({ ann: [{ n: 0 }], bob: [{ n: 1 }] });
      assert.deepEqual(await ann.push("list"), { ...bob.presence.state });
    });
  });
}

describe("Presence and connections that are cut", () => {
  const server = serve("conformance");

  it("is the same again for a client that comes back", async (t) => {
    const topic = newTopic();
    const socket = await connectBy(t, server, { transport: WebSocket });
    const ann = await member(socket, topic, { user: "ann" });
    const bob = await member(await connectBy(t, server, { transport: WebSocket }), topic, { user: "bob" });
    await ann.sees({ ann: [{}], bob: [{}] });
    await bob.sees({ ann: [{}], bob: [{}] });
    const first = bob.presence.state.ann.metas[0].phx_ref;
    socket.conn.close(4000);
    await bob.leaves.next("ann to leave");
    await bob.sees({ ann: [{}], bob: [{}] });
    await ann.sees({ ann: [{}], bob: [{}] });
    assert.notEqual(bob.presence.state.ann.metas[0].phx_ref, first);
  });
});

describe("Presence across transports", () => {
  const server = serve("conformance");

  it("shows who polls to who has a WebSocket, and the other way round", async (t) => {
    const topic = newTopic();
    const polls = await member(await connectBy(t, server, { transport: LongPoll }), topic, { user: "ann" });
    const socket = await connectBy(t, server, { transport: WebSocket });
    const bob = await member(socket, topic, { user: "bob" });
    await polls.sees({ ann: [{}], bob: [{}] });
    await bob.sees({ ann: [{}], bob: [{}] });
    disconnect(socket);
    await polls.sees({ ann: [{}] });
  });
});

// As several clients do: a state sets, a diff adds and takes away, and no refs are compared. Every other one polls; the
// connections are spread over the loops. Changes wait for 200 ms.
describe("Presence and clients that count", () => {
  const server = serve("conformance", { args: ["--loops", "3"] });

  async function counter(t, topic, user, transport) {
    const socket = await connectBy(t, server, { transport });
    const channel = socket.channel(topic, { user });
    const counts = {};
    let looking = () => {};
    const add = (list, sign) => {
      for (const [key, { metas }] of Object.entries(list)) {
        counts[key] = (counts[key] ?? 0) + sign * metas.length;
        if (counts[key] === 0) delete counts[key];
      }
    };
    channel.on("presence_state", (list) => {
      for (const key of Object.keys(counts)) delete counts[key];
      add(list, 1);
      looking();
    });
    channel.on("presence_diff", ({ joins, leaves }) => {
      add(joins, 1);
      add(leaves, -1);
      looking();
    });
    await within(new Promise((resolve) => channel.join().receive("ok", resolve)), `joining ${topic}`);
    async function counted(users) {
      const expected = Object.fromEntries(users.map((user) => [user, 1]));
      const seen = new Promise((resolve) => {
        looking = () => isDeepStrictEqual(counts, expected) && resolve();
        looking();
      });
      await within(seen, "everybody once").catch((error) => assert.deepEqual(counts, expected, error.message));
    }
    return { channel, counts, counted };
  }

  for (const kind of ["presence", "crowd"]) {
    it(`shows everybody once on ${kind}:*, who joins at once and who leaves`, async (t) => {
      const topic = `${kind}:${process.pid}-${topics++}`;
      const users = Array.from({ length: 24 }, (_, i) => `user${i}`);
      const members = await Promise.all(
        users.map((user, i) => counter(t, topic, user, i % 2 ? LongPoll : WebSocket)),
      );
      for (const { counted } of members) await counted(users);
      for (const { channel } of members.splice(0, 12)) channel.leave();
      const late = await counter(t, topic, "late", WebSocket);
      const left = [...users.slice(12), "late"];
      for (const { counted } of [...members, late]) await counted(left);
      // What is told after this has come after everything else: nothing was told twice meanwhile.
      const last = await counter(t, topic, "last", WebSocket);
      for (const { counted } of [...members, late, last]) await counted([...left, "last"]);
    });
  }
});

// Changes wait for 200 ms, and a diff has about 1,000 bytes.
describe("Presence of a crowd", () => {
  const server = serve("conformance");
  const connect = (t) => connectBy(t, server, { transport: WebSocket });
  const newCrowd = () => `crowd:${process.pid}-${topics++}`;

  // A member, and what diffs came to it: their lengths as text.
  async function crowdMember(t, topic, user, meta = {}) {
    const socket = await connect(t);
    const lengths = [];
    const closes = [];
    socket.onMessage(({ topic: of, event, payload }) => {
      if (of === topic && event === "presence_diff") lengths.push(JSON.stringify(payload).length);
    });
    socket.onClose(({ code }) => closes.push(code));
    return { socket, lengths, closes, ...(await member(socket, topic, { user, meta })) };
  }

  it("is told of the last of many updates alone, and nobody is thrown out", async (t) => {
    const topic = newCrowd();
    const watcher = await crowdMember(t, topic, "watcher");
    const ann = await crowdMember(t, topic, "ann");
    await watcher.sees({ watcher: [{}], ann: [{}] });
    const began = Date.now();
    const updates = 2000;
    const answered = new Promise((resolve) => {
      for (let n = 1; n <= updates; n++)
        ann.channel.push("update", { n }, 60_000).receive("ok", () => n === updates && resolve());
    });
    await within(answered, "the answers", 60_000);
    await watcher.sees({ watcher: [{}], ann: [{ n: updates }] });
    const intervals = 3 + Math.ceil((Date.now() - began) / 200);
    assert.ok(watcher.lengths.length <= intervals, `${watcher.lengths.length} diffs in ${intervals} intervals`);
    assert.ok(Math.max(...watcher.lengths) < 500, `a diff of ${Math.max(...watcher.lengths)} characters`);
    assert.deepEqual([...watcher.closes, ...ann.closes], []);
    for (const [key, had, metas] of watcher.leaves.items.concat(watcher.joins.items.slice(2)))
      assert.deepEqual([key, metas.length], ["ann", 1], `${had} metas before`);
  });

  // Who comes, goes and changes its name, in any order, also before it was told, and with lists given out in between.
  it("sees in the end who is there, whatever happened before", async (t) => {
    const topic = newCrowd();
    const watcher = await crowdMember(t, topic, "watcher");
    const sockets = await Promise.all(Array.from({ length: 8 }, () => connect(t)));
    let seed = 7;
    const below = (n) => (seed = (seed * 1103515245 + 12345) % 2147483648) % n;
    const channels = new Map();
    for (let i = 0; i < 400; i++) {
      const socket = sockets[below(sockets.length)];
      const channel = channels.get(socket);
      if (!channel) {
        const joined = socket.channel(topic, { user: `user${below(5)}`, meta: { i, text: "x".repeat(below(300)) } });
        channels.set(socket, joined);
        joined.join();
      } else if (below(4) === 0) {
        channels.delete(socket);
        channel.leave();
      } else {
        channel.push("update", { i });
      }
      if (below(20) === 0) await watcher.push("list");
    }
    const last = await crowdMember(t, topic, "last"); // its state has seen no diff
    for (const socket of sockets) // the client calls a leave answered as soon as it is sent
      await within(new Promise((resolve) => socket.ping(resolve)), "what was sent");
    for (const channel of channels.values())
      await within(new Promise((resolve) => channel.push("list").receive("ok", resolve)), "what was sent");
    const list = await last.push("list");
    const sorted = (state) =>
      Object.fromEntries(
        Object.entries(state).map(([key, { metas }]) => [key, metas.map((meta) => meta.phx_ref).sort()]),
      );
    const settled = new Promise((resolve) => {
      const look = () =>
        [watcher, last].every(({ presence }) => isDeepStrictEqual(sorted(presence.state), sorted(list))) && resolve();
      for (const { channel } of [watcher, last]) channel.on("presence_diff", () => setImmediate(look));
      look();
    });
    await within(settled, "all to see the same").catch((error) => {
      assert.deepEqual(sorted(watcher.presence.state), sorted(list), error.message);
      throw error;
    });
    assert.ok(Math.max(...watcher.lengths) < 2500, `a diff of ${Math.max(...watcher.lengths)} characters`);
    assert.deepEqual(watcher.closes, []);
  });
});
