// Two nodes behind one broker, and what is done to them. While something is wrong between the nodes, what one has said may
// not have reached the other: wasWhole() tells.

import { spawn } from "node:child_process";
import { once } from "node:events";
import { readFileSync, readdirSync } from "node:fs";
import { freePort } from "../../tests/helpers/brokers.mjs";
import { start } from "../../tests/helpers/server.mjs";
import { within } from "../../tests/helpers/wait.mjs";

const REPAIR_MS = 15_000; // within 10 s after a repair messages come again (docs/clustering.md); the rest is for a busy machine
const MB = 1 << 20;

const commands = {
  nats: (port) => ["nats-server", "-a", "127.0.0.1", "-p", String(port)],
  redis: (port) => ["redis-server", "--bind", "127.0.0.1", "--port", String(port), "--save", ""],
};
const READY = /Server is ready|Ready to accept/;

export class Cluster {
  nodes = [];
  #kind;
  #port;
  #broker;
  #troubles = []; // {begin, end}: Infinity while it lasts

  constructor(kind) {
    this.#kind = kind;
  }

  get name() {
    return this.#kind;
  }

  async start() {
    this.#port = await freePort();
    process.once("exit", () => this.#broker?.kill("SIGKILL"));
    await this.#startBroker();
    for (const index of [0, 1]) {
      this.nodes.push({ index, port: await freePort() });
      await this.#startNode(this.nodes[index]);
    }
    for (const node of this.nodes) node.baseline = resources(node);
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
    const args = ["--pubsub", `${this.#kind}://127.0.0.1:${this.#port}?node=soak-${node.index}`];
    node.server = await start("conformance", { port: node.port, args });
    node.url = node.server.url;
  }

  // Runs what disturbs the cluster.
  async #trouble(run) {
    const trouble = { begin: Date.now(), end: Infinity };
    this.#troubles.push(trouble);
    await run();
    trouble.end = Date.now();
  }

  wasWhole(from, to) {
    return this.#troubles.every(({ begin, end }) => to < begin || from > end + REPAIR_MS);
  }

  async whole() {
    const last = Math.max(0, ...this.#troubles.map(({ end }) => end));
    await new Promise((resolve) => setTimeout(resolve, Math.max(0, last + REPAIR_MS - Date.now())));
  }

  killNode(node) {
    return this.#trouble(async () => {
      await node.server.kill();
      await this.#startNode(node);
    });
  }

  pauseNode(node, ms) {
    return this.#trouble(() => paused(node.server.child, ms));
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

  // Fails unless each node is as it was before anybody came, and stops in order.
  async stop() {
    const left = [];
    for (const node of this.nodes) {
      const now = await settled(node);
      left.push({ node: `${this.#kind}-${node.index}`, before: node.baseline, after: now });
      await node.server.stop();
    }
    this.#broker.kill("SIGKILL");
    return left;
  }
}

const elapse = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

async function paused(child, ms) {
  child.kill("SIGSTOP");
  await elapse(ms);
  child.kill("SIGCONT");
}

function resources({ server: { pid } }) {
  const [, resident] = readFileSync(`/proc/${pid}/statm`, "latin1").split(" ");
  return { descriptors: readdirSync(`/proc/${pid}/fd`).length, mb: (Number(resident) * 4096) / MB };
}

// Sessions of long polling end some time after their clients.
async function settled(node) {
  const deadline = Date.now() + 60_000;
  let now = resources(node);
  while (now.descriptors > node.baseline.descriptors && Date.now() < deadline) {
    await elapse(200);
    now = resources(node);
  }
  return now;
}
