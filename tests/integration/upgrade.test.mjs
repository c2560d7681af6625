// SIGHUP to a supervisor: a new child beside the old one, whatever becomes of either.

import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { chmodSync, copyFileSync, mkdtempSync, renameSync, rmSync, truncateSync, writeFileSync } from "node:fs";
import { once } from "node:events";
import http from "node:http";
import { tmpdir } from "node:os";
import { text } from "node:stream/consumers";
import path from "node:path";
import { describe, it } from "node:test";
import { freePort, startBroker } from "../helpers/brokers.mjs";
import { connect, join } from "../helpers/phoenix.mjs";
import { childrenOf, gone, isAlive, probe } from "../helpers/processes.mjs";
import { RawConnection } from "../helpers/raw.mjs";
import { programFile, start } from "../helpers/server.mjs";
import { within } from "../helpers/wait.mjs";

const SUPERVISED = "../tests/helpers/supervised";

// The sanitizers would make an exit of an abort.
const env = Object.fromEntries(
  ["ASAN_OPTIONS", "TSAN_OPTIONS", "UBSAN_OPTIONS"].map((name) => [
    name,
    [process.env[name], "handle_segv=0:handle_abort=0"].filter(Boolean).join(":"),
  ]),
);

// A supervised server in a directory of its own, with what a test does to it:
//   put(make)    has make(file) write a file that becomes the program's
//   script(line) makes that a shell script; "$real" is the program as it was
//   plan(text)   what children that are started from now on do (tests/helpers/supervised.c)
//   hup()        SIGHUP
async function deployed(t, { args = [], ...options } = {}) {
  const directory = mkdtempSync(path.join(tmpdir(), "pinion-upgrade-"));
  t.after(() => rmSync(directory, { recursive: true }));
  const file = (name) => path.join(directory, name);
  const program = file("server");
  copyFileSync(programFile(SUPERVISED), program);
  copyFileSync(programFile(SUPERVISED), file("real"));
  const server = await start(program, {
    ...options,
    args,
    env: { ...env, SUPERVISED_PLAN: file("plan"), ...options.env },
  });
  t.after(() => server.kill());
  const put = (make) => {
    make(file("newer"));
    renameSync(file("newer"), program);
  };
  return {
    ...server,
    file,
    put,
    script: (line) =>
      put((newer) => {
        writeFileSync(newer, `#!/bin/sh\nreal=${file("real")}\n${line}\n`);
        chmodSync(newer, 0o755);
      }),
    plan: (text) => writeFileSync(file("plan"), text),
    hup: () => process.kill(server.pid, "SIGHUP"),
    real: () => put((newer) => copyFileSync(file("real"), newer)),
  };
}

// Which child answers, on a connection of its own: one that is kept open would stay with the child it came to.
async function pidAt(url) {
  const request = http.get(`${url}/pid`, { agent: false });
  const [response] = await within(once(request, "response"), "an answer");
  return Number(await text(response));
}

// The children that were started, in their order, once there are `count`.
async function started(server, count) {
  await server.said(new RegExp(`(?:started child \\d+[^]*){${count}}`));
  return [...server.output().stderr.matchAll(/started child (\d+)/g)].map(([, pid]) => Number(pid));
}

// The child that is the next to be ready after `count` others.
async function ready(server, count) {
  const pattern = new RegExp(`(?:child \\d+ is ready[^]*){${count}}child (\\d+) is ready`);
  return Number((await server.said(pattern))[1]);
}

// A client in the room, and how often its connection ended.
async function member(t, server) {
  const socket = await connect(t, server);
  const self = { closes: 0 };
  socket.onClose(() => self.closes++);
  return Object.assign(self, await join(socket, "room:upgrade"));
}

async function isServed(one, closes = 0) {
  assert.deepEqual(await one.push("echo", { n: 1 }), ["ok", { n: 1 }]);
  assert.equal(one.closes, closes);
}

async function comesBack(one, server) {
  await one.joins.next("the client to join again");
  assert.deepEqual(await one.push("echo", { n: 2 }), ["ok", { n: 2 }]);
  return pidAt(server.url);
}

// Whole requests, each on a connection of its own, until stop(): how many were answered, and what went wrong.
function ask(url) {
  let stopped = false;
  const result = { answered: 0, errors: {} };
  const askOnce = () =>
    new Promise((resolve) => {
      const request = http.get(`${url}/pid`, { agent: false }, (response) => {
        response.resume().on("end", () => resolve(result.answered++));
      });
      request.setTimeout(20_000, () => request.destroy(new Error("no answer")));
      request.on("error", ({ code, message }) => {
        result.errors[code ?? message] = (result.errors[code ?? message] ?? 0) + 1;
        resolve();
      });
    });
  const all = Promise.all(
    Array.from({ length: 4 }, async () => {
      while (!stopped) await askOnce();
    }),
  );
  return { result, stop: async () => ((stopped = true), await all, result) };
}

const bad = {
  "a file that is cut off": {
    put: (server) => server.put((newer) => (copyFileSync(server.file("real"), newer), truncateSync(newer, 3000))),
    why: /child \d+ (?:could not be executed \(.*\)|was killed by signal \d+ .*|exited with status 127)/,
  },
  "an empty file": {
    put: (server) => server.put((newer) => (writeFileSync(newer, ""), chmodSync(newer, 0o755))),
    why: /child \d+ could not be executed \(Exec format error\)/,
  },
  "a file that may not be executed": {
    put: (server) => server.put((newer) => (copyFileSync(server.file("real"), newer), chmodSync(newer, 0o644))),
    why: /child \d+ could not be executed \(Permission denied\)/,
  },
  "no file": {
    put: (server) => rmSync(server.file("server")),
    why: /\/server cannot be opened \(No such file or directory\)/,
  },
  "one that exits when it starts": {
    put: (server) => server.script("exit 3"),
    why: /child \d+ exited with status 3/,
  },
  "one that crashes when it starts": {
    put: (server) => server.script("kill -SEGV $$"),
    why: /child \d+ was killed by signal 11 \(Segmentation fault\)/,
  },
  "one that exits with 0": {
    put: (server) => server.script("exit 0"),
    why: /child \d+ exited with status 0/,
  },
  "one that hangs when it starts": {
    put: (server) => server.script("exec sleep 1000"),
    why: /child \d+ was not ready within 3000 ms: aborting it\n[^]*child \d+ was killed by signal 6 \(Aborted\)/,
  },
};

describe("an upgrade that fails", () => {
  for (const [what, { put, why }] of Object.entries(bad)) {
    it(`leaves everybody served: ${what}`, async (t) => {
      const server = await deployed(t, { args: ["--loops", "2"], env: { SUPERVISED_START_MS: "3000" } });
      const members = await Promise.all(Array.from({ length: 5 }, () => member(t, server)));
      const asking = ask(server.url);
      const first = await pidAt(server.url);
      put(server);
      server.hup();
      await server.said(/the upgrade failed \(1 of 1 so far\): .*; the old program keeps running\n/);
      assert.match(server.output().stderr, why);
      for (const one of members) await isServed(one);
      assert.deepEqual(childrenOf(server.pid), [first]);

      server.hup();
      await server.said(/the upgrade failed \(2 of 2 so far\)/);
      for (const one of members) await isServed(one);

      const { answered, errors } = await asking.stop();
      assert.deepEqual(errors, {});
      assert.ok(answered > 10, `${answered} were answered`);
      server.real();
      server.hup();
      const second = await ready(server, 1);
      for (const one of members) assert.equal(await comesBack(one, server), second);
      await gone(first);
      await server.stop();
    });
  }

  it("is followed by the program as it was when that crashes later", async (t) => {
    const server = await deployed(t);
    server.script("exit 3");
    server.hup();
    await server.said(/the upgrade failed/);
    process.kill(await pidAt(server.url), "SIGKILL");
    assert.equal(await ready(server, 1), await pidAt(server.url));
    await server.stop();
  });
});

describe("an upgrade", () => {
  it("starts the new child while the old one serves, which then drains", async (t) => {
    const server = await deployed(t, { args: ["--loops", "2"] });
    const one = await member(t, server);
    const first = await pidAt(server.url);
    server.script(`while [ ! -e ${server.file("go")} ]; do sleep 0.02; done; exec "$real" "$@"`);
    server.hup();
    const [, second] = await started(server, 2);
    for (let i = 0; i < 20; i++) assert.equal(await pidAt(server.url), first);
    await isServed(one);
    writeFileSync(server.file("go"), "");
    assert.equal(await ready(server, 1), second);
    assert.equal(await comesBack(one, server), second);
    assert.equal(one.closes, 1);
    await gone(first);
    await server.stop();
  });

  for (const [before, after] of [[2, 1], [1, 3], [3, 2]]) {
    it(`leaves nobody unanswered from ${before} loops to ${after}`, async (t) => {
      const server = await deployed(t, { args: ["--loops", String(before)] });
      server.script(`exec "$real" "$@" --loops ${after}`);
      const asking = ask(server.url);
      for (let n = 1; n <= 4; n++) {
        const old = childrenOf(server.pid);
        server.hup();
        await ready(server, n);
        await Promise.all(old.map(gone));
        // As many connections as it takes to meet every socket: all are answered.
        const answers = await Promise.all(Array.from({ length: 40 }, () => RawConnection.open(t, server).then((raw) => answered(raw))));
        assert.equal(answers.filter(Boolean).length, 40);
      }
      assert.deepEqual((await asking.stop()).errors, {});
      await server.stop();
    });
  }

  it("follows one that is under way when SIGHUP comes again", async (t) => {
    const server = await deployed(t);
    server.script(`while [ ! -e ${server.file("go")} ]; do sleep 0.02; done; exec "$real" "$@"`);
    server.hup();
    await started(server, 2);
    server.hup();
    server.hup();
    await server.said(/an upgrade follows/);
    writeFileSync(server.file("go"), "");
    const third = await ready(server, 2);
    const [, , last, ...more] = await started(server, 3);
    assert.equal(third, last);
    assert.deepEqual(more, []);
    await server.said(/(?:the next has taken over[^]*){2}/);
    assert.deepEqual(childrenOf(server.pid), [third]);
    assert.equal(await pidAt(server.url), third);
    await server.stop();
  });

  it("is called off by SIGTERM", async (t) => {
    const server = await deployed(t);
    server.script("exec sleep 1000");
    server.hup();
    const children = await started(server, 2);
    await server.stop();
    for (const child of children) assert.ok(!isAlive(child));
  });

  it("goes on when the old child crashes, which is started again", async (t) => {
    const server = await deployed(t);
    const first = await pidAt(server.url);
    server.script(`while [ ! -e ${server.file("go")} ]; do sleep 0.02; done; exec "$real" "$@"`);
    server.hup();
    const [, second] = await started(server, 2);
    process.kill(first, "SIGKILL");
    const again = await ready(server, 1);
    assert.notEqual(again, second);
    assert.equal(await pidAt(server.url), again);
    writeFileSync(server.file("go"), "");
    assert.equal(await ready(server, 2), second);
    await gone(again);
    assert.equal(await pidAt(server.url), second);
    await server.stop();
  });

  it("to a program that crashes when it is ready is taken back when it has crashed too often", async (t) => {
    const server = await deployed(t, { env: { SUPERVISED_BACKOFF_MS: "1" } });
    const one = await member(t, server);
    writeFileSync(server.file("crash"), "crash");
    server.script(`SUPERVISED_PLAN=${server.file("crash")} exec "$real" "$@"`);
    server.hup();
    await server.said(/after 5 restarts within 60000 ms going back to the program before the upgrade/);
    const last = await ready(server, 7);
    await within(
      (async () => {
        while ((await one.push("echo", { n: 3 }, 500))[0] !== "ok");
      })(),
      "the client to be served again",
      15_000,
    );
    assert.equal(await pidAt(server.url), last);
    await server.stop();
  });
});

// Whether a raw connection gets an answer to a request.
async function answered(raw) {
  raw.send("GET /pid HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
  return (await raw.response()).status === 200;
}

const skip = spawnSync("redis-server", ["--version"]).status === 0 ? false : "no redis-server";

describe("what only one child can have", () => {
  it("is handed over: a port that the supervisor does not hold", async (t) => {
    const port = await freePort();
    const second = `http://127.0.0.1:${port}`;
    const server = await deployed(t, { env: { SUPERVISED_BACKOFF_MS: "1" } });
    server.plan(`port ${port}`);
    server.hup();
    const child = await ready(server, 1);
    await server.said(/has taken over/);
    assert.equal(await pidAt(second), child);
    server.hup();
    const next = await ready(server, 2);
    assert.match(server.output().stderr, new RegExp(`child ${next} can go on when child ${child} has ended: only one can have port ${port} of 127.0.0.1`));
    assert.equal(await pidAt(second), next);
    process.kill(next, "SIGKILL");
    const again = await ready(server, 3);
    assert.equal(await pidAt(second), again);
    await server.stop();
  });

  it("is a reason for a second child never to be there where the program says so", async (t) => {
    const server = await deployed(t, { env: { SUPERVISED_EXCLUSIVE: "1" } });
    const first = await pidAt(server.url);
    const one = await member(t, server);
    server.script("exit 3");
    server.hup();
    await server.said(/the upgrade failed \(1 of 1 so far\): child \d+ exited with status 3; going back to the program/);
    const back = await ready(server, 1);
    assert.equal(await comesBack(one, server), back);
    assert.ok(!isAlive(first));
    const { stderr } = server.output();
    assert.ok(stderr.indexOf(`child ${first} exited with status 0; starting the next`) < stderr.search(/exited with status 3/));
    await server.stop();
  });

  it("is the name of a node", { skip }, async (t) => {
    const { port } = await startBroker(t, "redis");
    const args = ["--pubsub", `redis://127.0.0.1:${port}?node=one`];
    const server = await deployed(t, { args });
    const one = await member(t, server);
    const first = await pidAt(server.url);
    const prober = probe(server.port);
    server.hup();
    const second = await ready(server, 1);
    assert.equal(await comesBack(one, server), second);
    assert.match(server.output().stderr, new RegExp(`child ${second} can go on when child ${first} has ended: only one can have the node's name one`));

    // A broker that refuses the new child, which has found that out too late to leave the old one alone.
    server.script(`exec "$real" "$@" --pubsub 'redis://who:wrong@127.0.0.1:${port}?node=one'`);
    server.hup();
    await server.said(/the upgrade failed \(1 of 2 so far\): child \d+ exited with status 1; going back to the program that was ready last/);
    const third = await ready(server, 2);
    assert.equal(await comesBack(one, server), third);
    assert.deepEqual((await prober.stop()).errors, {});
    assert.doesNotMatch(server.output().stderr, /same name|two nodes/i);
    await server.stop();
  });

  it("is not a name that is made up: nodes of two live beside each other", { skip }, async (t) => {
    const { port } = await startBroker(t, "redis");
    const server = await deployed(t, { args: ["--pubsub", `redis://127.0.0.1:${port}`] });
    server.hup();
    await ready(server, 1);
    await server.said(/the next has taken over/);
    assert.doesNotMatch(server.output().stderr, /only one can have/);
    await server.stop();
  });
});
