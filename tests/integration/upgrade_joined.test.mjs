// While an upgrade is under way, both children serve and are two nodes: what happens on one reaches the clients of
// the other.

import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { Presence } from "phoenix";
import { connect, join } from "../helpers/phoenix.mjs";
import { RawConnection } from "../helpers/raw.mjs";
import { start } from "../helpers/server.mjs";
import { Inbox, within } from "../helpers/wait.mjs";

// The old child closes one socket, and the others only a minute later: the test holds the upgrade open.
const held = { SUPERVISED_DRAIN_BATCH: "1", SUPERVISED_DRAIN_INTERVAL_MS: "60000" };

async function supervised(t, options = {}) {
  const server = await start("../tests/helpers/supervised", { args: ["--loops", "1"], env: held, ...options });
  t.after(() => server.kill());
  return server;
}

// A client of this name in the room: as join() has it, with its socket, the `pid` of its child, and the names of who
// is present, whenever they change.
async function member(t, server, user, { room = "room:both", ...options } = {}) {
  const socket = await connect(t, server, { params: { user }, ...options });
  const closes = new Inbox();
  socket.onClose(() => closes.put(user));
  const closed = new Promise((resolve) => socket.onClose(resolve));
  const one = await join(socket, room);
  const present = new Inbox();
  const presence = new Presence(one.channel);
  const sync = () => present.put(Object.keys(presence.state).sort().join(" "));
  for (const event of ["state", "diff"]) {
    for (const early of one.events(`presence_${event}`).items.splice(0)) one.channel.trigger(`presence_${event}`, early);
  }
  sync();
  presence.onSync(sync);
  const [, { pid }] = await one.push("pid");
  return { user, socket, closed, closes, present, pid, ...one };
}

async function sees(one, names) {
  while ((await one.present.next(`${one.user} to see ${names}`)) !== names);
}

// Two clients on the old child, of which one is closed by the upgrade and comes back to the new one.
async function halfway(t, server, options) {
  const first = await member(t, server, "first", options);
  const second = await member(t, server, "second", options);
  process.kill(server.pid, "SIGHUP");
  const [mover, stayer] = await within(
    Promise.race([first.closed.then(() => [first, second]), second.closed.then(() => [second, first])]),
    "a client to be closed",
  );
  await mover.joins.next(`${mover.user} to join again`);
  const [, { pid }] = await mover.push("pid");
  assert.notEqual(pid, stayer.pid);
  return { mover, stayer };
}

// A request on a connection of its own: the new child answers, as the old one accepts no more. Its answer, as JSON.
async function ask(t, server, method, path, messages = []) {
  const raw = await RawConnection.open(t, server);
  const body = messages.map((message) => `${JSON.stringify(message)}\n`).join("");
  const type = body && "Content-Type: application/x-ndjson\r\n";
  raw.send(`${method} ${path} HTTP/1.1\r\nHost: x\r\n${type}Content-Length: ${Buffer.byteLength(body)}\r\n\r\n${body}`);
  return JSON.parse((await raw.response()).body);
}

describe("an upgrade that is under way", () => {
  it("lets both children's clients hear each other, and all of it", async (t) => {
    const server = await supervised(t);
    const { mover, stayer } = await halfway(t, server);
    const both = [mover, stayer];
    for (let i = 0; i < 20; i++) {
      for (const one of both) one.cast("shout", { text: `${one.user} ${i}` });
    }
    for (const one of both) {
      const heard = [];
      while (heard.length < 40) heard.push((await one.events("shout").next(`${one.user} to hear all`)).text);
      for (const { user } of both) {
        const its = heard.filter((text) => text.startsWith(user));
        assert.deepEqual(its, Array.from({ length: 20 }, (_, i) => `${user} ${i}`));
      }
    }
  });

  it("shows the presences of both on both, until their child has ended", async (t) => {
    const server = await supervised(t);
    const { mover, stayer } = await halfway(t, server);
    const third = await member(t, server, "third");
    assert.notEqual(third.pid, stayer.pid);
    for (const one of [mover, stayer, third]) await sees(one, "first second third");
    third.socket.disconnect();
    for (const one of [mover, stayer]) await sees(one, "first second");
    stayer.socket.reconnectTimer.timerCalc = () => 60_000; /* it shall not come back at once */
    process.kill(stayer.pid, "SIGKILL");
    await sees(mover, mover.user);
  });

  it("closes sockets by their id on both", async (t) => {
    const server = await supervised(t);
    const { mover, stayer } = await halfway(t, server);
    await mover.closes.next("the close of the upgrade");
    assert.deepEqual(await stayer.push("kick", { user: mover.user }), ["ok", {}]);
    await mover.closes.next("the client of the new child to be closed");
    await mover.joins.next("it to join again");
    assert.deepEqual(await mover.push("kick", { user: stayer.user }), ["ok", {}]);
    await stayer.closes.next("the client of the old child to be closed");
    await stayer.joins.next("it to join again");
    const [, { pid }] = await stayer.push("pid");
    assert.notEqual(pid, stayer.pid);
  });

  it("finds the sessions of long polling that the old child has", async (t) => {
    const server = await supervised(t);
    const open = async () => {
      const base = "/socket/longpoll?vsn=2.0.0";
      const path = `${base}&token=${(await ask(t, server, "GET", base)).token}`;
      const post = (...message) => ask(t, server, "POST", path, [message]);
      const replies = new Inbox();
      const polling = async () => {
        for (;;) {
          const { status, messages = [] } = await ask(t, server, "GET", path);
          if (status === 500) return; /* it has ended */
          const parsed = messages.map((text) => JSON.parse(text));
          for (const [, , , event, payload] of parsed) if (event === "phx_reply") replies.put(payload.response);
        }
      };
      const closed = polling();
      assert.equal((await post("1", "1", "room:poll", "phx_join", {})).status, 200);
      await replies.next("the reply to the join");
      const pid = async () => {
        assert.equal((await post("1", "2", "room:poll", "pid", {})).status, 200);
        return (await replies.next("the child's pid")).pid;
      };
      return { post, closed, pid };
    };
    const sessions = [await open(), await open()];
    const old = await sessions[0].pid();
    process.kill(server.pid, "SIGHUP");
    const which = await within(Promise.race(sessions.map(({ closed }, i) => closed.then(() => i))), "a session to be closed");
    const stays = sessions[1 - which];
    for (let i = 0; i < 3; i++) assert.equal(await stays.pid(), old); /* the new child gets the requests */

    process.kill(old, "SIGKILL");
    await stays.closed;
    assert.equal((await stays.post("1", "3", "room:poll", "pid", {})).status, 410);
  });
});
