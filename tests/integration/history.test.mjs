// examples/05_history with the official client: nothing is missed and nothing comes twice, though the server is killed.

import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { describe, it } from "node:test";
import { WebSocket } from "ws";
import { join, say } from "../../examples/05_history.mjs";
import { connect } from "../helpers/phoenix.mjs";
import { childrenOf } from "../helpers/processes.mjs";
import { isBuilt, run, start } from "../helpers/server.mjs";
import { Inbox, within } from "../helpers/wait.mjs";

const STORED_MS = 90_000; // each message waits for the disk, which others may keep busy
const PROGRAM = "05_history";
const skip = isBuilt(PROGRAM) ? false : "libsqlite3-dev is not installed";
const range = (first, last) => Array.from({ length: last - first + 1 }, (_, n) => first + n);

function workplace(t) {
  const directory = mkdtempSync(path.join(tmpdir(), "pinion-history-"));
  t.after(() => rmSync(directory, { recursive: true }));
  return directory;
}

async function started(t, cwd, { args = [], port = 0 } = {}) {
  const server = await start(PROGRAM, { cwd, port, args: ["--host", "127.0.0.1", "--loops", "2", ...args] });
  t.after(() => server.kill());
  return server;
}

// A client in the room, who notes what is shown. `options` are the socket's, and `last` is where it begins.
async function member(t, server, { last, topic = "rooms:lobby", ...options } = {}) {
  const shown = new Inbox();
  const socket = await connect(t, server, { transport: WebSocket, timeout: 500, ...options });
  const room = join(socket, topic, (id, message) => shown.put([id, message.n]), last);
  const caughtUp = new Inbox();
  room.on("missed", ({ messages }) => messages.length === 0 && caughtUp.put(true));
  let said = 0;
  return {
    room,
    caughtUp,
    say: (n, key = `${socket.endPointURL()} ${Math.random()} ${said++}`) =>
      within(say(room, { n }, key), `message ${n} to be stored`, STORED_MS),
    // The next `count` that are shown: [id, n] each.
    async next(count, ms = STORED_MS) {
      const all = [];
      while (all.length < count) all.push(await shown.next(`message ${all.length + 1} of ${count}`, ms));
      return all;
    },
    shown: () => shown.items,
  };
}

// A WebSocket that finds no server while `switched` is off.
function switchable() {
  const state = { on: true };
  state.transport = class extends WebSocket {
    constructor(url, protocols) {
      super(state.on ? url : "ws://127.0.0.1:1/", protocols);
    }
  };
  return state;
}

describe("a room with a history", { skip }, () => {
  it("tells who was away what was said meanwhile, though the server was killed", async (t) => {
    const directory = workplace(t);
    const first = await started(t, directory);
    const connection = switchable();
    const away = await member(t, first, { transport: connection.transport });
    await away.caughtUp.next();
    assert.equal(await away.say(1), 1);

    connection.on = false;
    await first.kill();
    const second = await started(t, directory, { port: first.port });
    const other = await member(t, second, { last: 1 });
    for (const n of range(2, 7)) assert.equal(await other.say(n), n);

    connection.on = true;
    assert.deepEqual(await away.next(7), range(1, 7).map((n) => [n, n]));
    assert.equal(await other.say(8), 8);
    assert.deepEqual(await away.next(1), [[8, 8]]);
    assert.deepEqual(await other.next(7), range(2, 8).map((n) => [n, n]));
    assert.deepEqual([away.shown(), other.shown()], [[], []]);
    await second.stop();
  });

  it("is the same to all, while the server crashes again and again under them", async (t) => {
    const server = await started(t, workplace(t), { args: ["--supervise"] });
    const members = await Promise.all(range(1, 5).map(() => member(t, server)));
    const each = 40;
    const speakers = members.slice(0, 3).map(async (one, who) => {
      for (let n = 0; n < each; n++) await one.say(`${who} ${n}`);
    });
    for (let crashes = 0; crashes < 3; crashes++) {
      const ready = new RegExp(`(?:child \\d+ is ready[^]*){${crashes}}child (\\d+) is ready`);
      const [, child] = await server.said(ready);
      await members[4].next(15); // it is busy when it crashes
      assert.deepEqual(childrenOf(server.pid), [Number(child)]);
      process.kill(Number(child), "SIGKILL");
    }
    await Promise.all(speakers);

    const late = await member(t, server);
    const all = await late.next(3 * each);
    assert.deepEqual(all.map(([id]) => id), range(1, 3 * each));
    for (const who of [0, 1, 2]) {
      const said = all.map(([, text]) => text).filter((text) => text.startsWith(`${who} `));
      assert.deepEqual(said, range(0, each - 1).map((n) => `${who} ${n}`));
    }
    for (const one of members.slice(0, 4)) assert.deepEqual(await one.next(3 * each), all);
    assert.deepEqual(await members[4].next(3 * each - 45), all.slice(45));
    for (const one of members) assert.deepEqual(one.shown(), []);
    await server.stop();
  });

  it("has more than fits into one message, and goes on where it ends", async (t) => {
    const server = await started(t, workplace(t));
    const speaker = await member(t, server);
    await Promise.all(range(1, 230).map((n) => speaker.say(n)));
    const late = await member(t, server);
    const newer = await member(t, server, { last: 200 });
    assert.equal(await speaker.say("x"), 231);
    assert.deepEqual((await late.next(231)).map(([id]) => id), range(1, 231));
    assert.deepEqual((await newer.next(31)).map(([id]) => id), range(201, 231));
    assert.deepEqual([late.shown(), newer.shown()], [[], []]);
    await server.stop();
  });

  it("takes what comes faster than it can be stored from clients without patience", async (t) => {
    const server = await started(t, workplace(t));
    const one = await member(t, server);
    await one.caughtUp.next();
    one.room.timeout = 1; // milliseconds: at first all are sent again before they are answered
    const ids = await Promise.all(range(1, 100).map((n) => one.say(n)));
    assert.deepEqual(ids.sort((a, b) => a - b), range(1, 100));
    assert.deepEqual((await one.next(100)).map(([id]) => id), range(1, 100));
    assert.deepEqual(one.shown(), []);
    await server.stop();
  });

  it("stores a message that is sent twice once", async (t) => {
    const server = await started(t, workplace(t));
    const one = await member(t, server);
    assert.equal(await one.say(1, "a"), 1);
    assert.equal(await one.say(2, "b"), 2);
    assert.equal(await one.say(1, "a"), 1);
    assert.equal(await one.say(3, "c"), 3);
    assert.deepEqual(await one.next(3), [[1, 1], [2, 2], [3, 3]]);
    await server.stop();
  });

  it("has numbers of its own", async (t) => {
    const server = await started(t, workplace(t));
    const lobby = await member(t, server);
    const garden = await member(t, server, { topic: "rooms:garden" });
    assert.deepEqual([await lobby.say(1, "a"), await garden.say(2, "a"), await lobby.say(3, "b")], [1, 1, 2]);
    assert.deepEqual(await garden.next(1), [[1, 2]]);
    assert.deepEqual(await lobby.next(2), [[1, 1], [2, 3]]);
    await server.stop();
  });

  // Two servers on one database, which do not hear each other: to the clients of the first, messages of the second
  // are as good as lost on the way.
  it("finds what was lost on the way", async (t) => {
    const directory = workplace(t);
    const [server, stranger] = [await started(t, directory), await started(t, directory)];
    const one = await member(t, server);
    const other = await member(t, stranger);
    await one.caughtUp.next();
    await one.say(1);
    for (const n of [2, 3]) await other.say(n);
    await one.say(4);
    assert.deepEqual(await one.next(4), range(1, 4).map((n) => [n, n]));
    await one.say(5);
    assert.deepEqual(await one.next(1), [[5, 5]]);
    await server.stop();
    await stranger.stop();
  });

  it("tells all to who comes with a number of another database", async (t) => {
    const server = await started(t, workplace(t));
    const one = await member(t, server, { last: 1000 });
    await one.say(1);
    assert.deepEqual(await one.next(1), [[1, 1]]);
    const other = await member(t, server, { last: 1000 });
    assert.deepEqual(await other.next(1), [[1, 1]]);
    await server.stop();
  });

  it("refuses what is no JSON, and is none the worse for it", async (t) => {
    const server = await started(t, workplace(t));
    const one = await member(t, server, { last: "nonsense" });
    await one.caughtUp.next();
    const answer = new Promise((resolve) => {
      one.room.push("new_msg", Uint8Array.of(1, 2, 3).buffer).receive("error", resolve).receive("ok", assert.fail);
    });
    assert.deepEqual(await within(answer, "the answer"), {});
    await one.say(1);
    assert.deepEqual(await one.next(1), [[1, 1]]);
    await server.stop();
  });

  it("says why it cannot open its database", async (t) => {
    const cwd = workplace(t);
    mkdirSync(path.join(cwd, "history.db"));
    const { exited, output } = run(PROGRAM, { cwd });
    assert.deepEqual(await within(exited, "the exit"), { code: 1, signal: null });
    assert.match(output().stderr, /^history\.db: unable to open database file$/m);
  });
});
