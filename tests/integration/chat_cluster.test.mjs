// What ./run cluster starts: three nodes of the chat behind HAProxy, no session tied to a node, and the official client
// with its Presence on both transports. A node dies, and its clients go on with the others.

import assert from "node:assert/strict";
import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import path from "node:path";
import { describe, it } from "node:test";
import { fileURLToPath } from "node:url";
import { LongPoll, Presence } from "phoenix";
import { WebSocket } from "ws";
import { connect, join } from "../helpers/phoenix.mjs";
import { programFile } from "../helpers/server.mjs";
import { within } from "../helpers/wait.mjs";

const SCRIPT = fileURLToPath(new URL("../../tools/cluster.mjs", import.meta.url));
const PATH = `${process.env.PATH}:/usr/sbin`;
const RECOVERY_MS = 15_000; // HAProxy finds out about a dead node within 1.5 s; the rest is for a busy machine

const missing = ["nats-server", "haproxy"].find(
  (program) => spawnSync("sh", ["-c", `command -v ${program}`], { env: { ...process.env, PATH } }).status !== 0,
);

// {url, nodes: [{pid}], stop()}
async function startCluster(t) {
  const child = spawn("node", [SCRIPT, path.dirname(programFile("chat")), "0"], { stdio: ["ignore", "pipe", "pipe"] });
  const exited = once(child, "close");
  process.once("exit", () => child.kill("SIGTERM"));
  let output = "";
  const ready = new Promise((resolve, reject) => {
    const look = (text) => {
      output += text;
      const found = /^listening on localhost:(\d+)$/m.exec(output);
      if (found) resolve(found[1]);
    };
    child.stdout.setEncoding("utf8").on("data", look);
    child.stderr.setEncoding("utf8").on("data", look);
    child.once("close", () => reject(new Error(`the cluster has ended:\n${output}`)));
  });
  t.after(async () => {
    child.kill("SIGTERM");
    const [code, signal] = await within(exited, "the cluster to end", 20_000);
    assert.equal(signal ?? code, 0, output);
  });
  const port = await within(ready, "the cluster to listen", 30_000);
  const nodes = [...output.matchAll(/^node \d: pid (\d+), http:\/\/localhost:(\d+)$/gm)];
  return {
    url: `http://127.0.0.1:${port}`,
    nodes: nodes.map(([, pid, own]) => ({ pid: Number(pid), url: `http://127.0.0.1:${own}` })),
  };
}

// Somebody in the lobby. sees(names) waits until exactly they are online; hears(body) until that was said.
async function visitor(t, cluster, name, transport) {
  const socket = await connect(t, cluster, { transport });
  const room = await join(socket, "rooms:lobby", { user: name });
  const online = socket.channel("online:lobby", { user: name });
  const presence = new Presence(online);
  const looking = new Set();
  const heard = [];
  const look = () => looking.forEach((check) => check());
  presence.onSync(look);
  room.channel.on("new_msg", ({ body }) => {
    heard.push(body);
    look();
  });
  online.join();

  async function until(condition, what) {
    let check;
    const met = new Promise((resolve) => {
      check = () => condition() && resolve();
      looking.add(check);
      check();
    });
    await within(met, what, RECOVERY_MS).finally(() => looking.delete(check));
  }

  const now = () => presence.list((key) => key).sort().join();
  return {
    name,
    heard,
    say: (body) => room.push("new_msg", { body, user: name }),
    sees: (names) => until(() => now() === names, `${name} to see ${names}`),
    hears: (body) => until(() => heard.includes(body), `${name} to hear ${body}`),
    rejoined: () => room.joins.next(`${name} to rejoin`, RECOVERY_MS),
  };
}

describe("the chat on three nodes", { skip: missing && `no ${missing}` }, () => {
  it("is one chat, over both transports, also when a node dies", async (t) => {
    const cluster = await startCluster(t);
    assert.equal(cluster.nodes.length, 3);
    const names = ["ann", "bob", "cleo", "dan", "eve", "fred"];
    const transports = [WebSocket, WebSocket, WebSocket, LongPoll, LongPoll, LongPoll];
    const visitors = [];
    for (const [i, name] of names.entries()) visitors.push(await visitor(t, cluster, name, transports[i]));
    for (const { sees } of visitors) await sees(names.join());

    for (const { name, say } of visitors) assert.deepEqual(await say(`I am ${name}`), ["ok", {}]);
    for (const { hears } of visitors) for (const name of names) await hears(`I am ${name}`);
    for (const { heard } of visitors) assert.equal(heard.length, names.length, "each message comes once");

    // Of three WebSockets, which went to the nodes in turn, one was on this node.
    process.kill(cluster.nodes[1].pid, "SIGKILL");
    const back = await Promise.any(visitors.slice(0, 3).map(({ name, rejoined }) => rejoined().then(() => name)));
    const moved = visitors.find(({ name }) => name === back);
    assert.deepEqual(await moved.say("I have moved"), ["ok", {}]);
    const others = visitors.slice(0, 3);
    for (const { hears } of others) await hears("I have moved");
    for (const { sees } of others) await sees(names.join());
  });
});
