// Two nodes behind one broker, and the faults they suffer. While something is wrong between the nodes, a message from one may
// not reach the other: wasWhole() tells. wasKilled() tells of faults that break connections.

import { spawn } from "node:child_process";
import { once } from "node:events";
import { readFileSync, readdirSync } from "node:fs";
import path from "node:path";
import { setTimeout as elapse } from "node:timers/promises";
import { freePort } from "../../tests/helpers/brokers.mjs";
import { start } from "../../tests/helpers/server.mjs";
import { within } from "../../tests/helpers/wait.mjs";
import { Calendar } from "../../tests/helpers/calendar.mjs";

const SERVER = "../tests/helpers/soaked";
export const REPAIR_MS = 15_000; // connections are repaired within 10 s (docs/clustering.md); the rest is for a busy machine
const MB = 1 << 20;

const commands = {
  nats: (port) => ["nats-server", "-a", "127.0.0.1", "-p", String(port)],
  redis: (port) => ["redis-server", "--bind", "127.0.0.1", "--port", String(port), "--save", ""],
};
const READY = /Server is ready|Ready to accept/;

export class Cluster {
  nodes = [];
  excused = 0; // gaps in messages while the cluster was not whole
  #kind;
  #port;
  #broker;
  #host;
  #directory;
  #scarcities = [];
  #troubles = []; // {begin, end}: end is Infinity while it lasts; also the node it concerns, and whether that was killed

// Nodes listen on `host`. They serve the files in `directory`; their calendars lie beside it.
  constructor(kind, { host, directory }) {
    this.#kind = kind;
    this.#host = host;
    this.#directory = directory;
  }

  get name() {
    return this.#kind;
  }

  async start() {
    this.#port = await freePort();
    process.once("exit", () => this.#broker?.kill("SIGKILL"));
    await this.#startBroker();
    for (const index of [0, 1]) {
      const calendar = new Calendar(path.join(this.#directory, `calendar-${this.#kind}-${index}`));
      this.nodes.push({ index, port: await freePort(), calendar });
      await this.#startNode(this.nodes[index]);
    }
    for (const node of this.nodes) node.baseline = await resources(node);
  }

  async #startBroker() {
    const [command, ...args] = commands[this.#kind](this.#port);
    this.#broker = spawn(command, args, { stdio: ["ignore", "pipe", "pipe"] });
    const child = this.#broker;
    let text = "";
    const ready = new Promise((resolve) => {
      for (const stream of [child.stdout, child.stderr]) stream.on("data", (chunk) => READY.test((text += chunk)) && resolve());
    });
    await within(ready, `${command} to be ready`);
  }

  async #startNode(node) {
    const args = ["--host", this.#host, "--pubsub", `${this.#kind}://127.0.0.1:${this.#port}?node=soak-${node.index}`];
    const env = { PINION_FILES: path.join(this.#directory, "files"), PINION_CALENDAR: node.calendar.file };
    node.server = await start(SERVER, { port: node.port, args, env });
    node.url = node.server.url;
  }

  get ports() {
    return [this.#port, ...this.nodes.map(({ port }) => port)];
  }

  // Calls `run`, during which the cluster is not whole.
  async #trouble(run, about = {}) {
    const trouble = { begin: Date.now(), end: Infinity, ...about };
    this.#troubles.push(trouble);
    await run();
    trouble.end = Date.now();
  }

  // A node's troubles, and those of all nodes.
  wasTroubled(index, from, to) {
    return this.#troubles.some(({ begin, end, node }) => (node ?? index) === index && begin <= to && end >= from);
  }

  wasKilled(index, from, to) {
    return this.#troubles.some(({ begin, end, node, killed }) => killed && node === index && begin <= to && end >= from);
  }

  // Calls `run`, during which a node has no descriptors.
  async scarcely({ index }, run) {
    const time = { node: index, begin: Date.now(), end: Infinity };
    this.#scarcities.push(time);
    await run();
    time.end = Date.now();
  }

  wasScarce(index, from, to) {
    return this.#scarcities.some(({ begin, end, node }) => node === index && begin <= to && end >= from);
  }

  wasWhole(from, to) {
    return this.#troubles.every(({ begin, end }) => to < begin || from > end + REPAIR_MS);
  }

  async whole() {
    const last = Math.max(0, ...this.#troubles.map(({ end }) => end));
    await elapse(Math.max(0, last + REPAIR_MS - Date.now()));
  }

  killNode(node) {
    return this.#trouble(async () => {
      await node.server.kill();
      await this.#startNode(node);
    }, { node: node.index, killed: true });
  }

  // Runs `meanwhile` while the node is paused.
  pauseNode(node, ms, meanwhile) {
    return this.#trouble(() => paused(node.server.child, ms, meanwhile), { node: node.index });
  }

  stats(node) {
    return stats(node);
  }

  killBroker(ms) {
    return this.#trouble(async () => {
      const ended = once(this.#broker, "close");
      this.#broker.kill("SIGKILL");
      await ended;
      await elapse(ms);
      await this.#startBroker();
    });
  }

  pauseBroker(ms) {
    return this.#trouble(() => paused(this.#broker, ms));
  }

  // Fails unless each node is as it was before any client came, and stops properly.
  async stop() {
    const left = [];
    for (const node of this.nodes) {
      const now = await settled(node);
      left.push({ node: `${this.#kind}-${node.index}`, before: node.baseline, after: now });
      await node.server.stop();
      node.calendar.close();
    }
    this.#broker.kill("SIGKILL");
    return left;
  }
}

async function paused(child, ms, meanwhile = () => {}) {
  child.kill("SIGSTOP");
  try {
    await Promise.all([meanwhile(), elapse(ms)]);
  } finally {
    child.kill("SIGCONT");
  }
}

const COUNTS = ["connections", "sockets", "channels", "topics"]; // counts that go up and down

async function stats({ url }) {
  const response = await fetch(`${url}/stats`, { headers: { connection: "close" } });
  return response.json();
}

async function resources(node) {
  const counts = await stats(node);
  const { pid } = node.server;
  const [, resident] = readFileSync(`/proc/${pid}/statm`, "latin1").split(" ");
  return { descriptors: readdirSync(`/proc/${pid}/fd`).length, mb: (Number(resident) * 4096) / MB, counts };
}

export function tooMany(before, after) {
  const more = COUNTS.filter((name) => after.counts[name] > before.counts[name]);
  return after.descriptors > before.descriptors ? ["descriptors", ...more] : more;
}

// Sessions of long polling end some time after their clients.
async function settled(node) {
  const deadline = Date.now() + 60_000;
  let now = await resources(node);
  while (tooMany(node.baseline, now).length > 0 && Date.now() < deadline) {
    await elapse(200);
    now = await resources(node);
  }
  return now;
}
