// What it costs to reach another node. One node has 1,000 subscribers. A broadcast is published there, or on a second
// node that reaches it through NATS or Redis. All run on this machine, each server with one loop.
//
//     node bench/cluster.mjs [--seconds S] [--rate R] [--rounds N]
//
// It prints the CPU time of the subscribers' node for each delivery, and how long a message takes from the publisher to
// a subscriber. Each round goes through all of them, so that other load on the machine hits all alike. The figures are
// medians of the rounds.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { availableParallelism } from "node:os";
import { createInterface } from "node:readline";
import net from "node:net";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";

const BIN = fileURLToPath(new URL("../build/bin", import.meta.url));
const CONNECTIONS = 1000;
const { values } = parseArgs({
  options: {
    seconds: { type: "string", default: "5" },
    rate: { type: "string", default: "50" },
    rounds: { type: "string", default: "3" },
  },
});
const running = [];

// If there are two processors, the subscribers' nodes have one, and everything else runs on the other.
async function start(command, args, ready, processor = 1) {
  const pinned = availableParallelism() > 1 ? ["-c", String(processor)] : ["-c", "0"];
  const child = spawn("taskset", [...pinned, command, ...args], { stdio: ["ignore", "pipe", "inherit"] });
  running.push(child);
  for await (const line of createInterface({ input: child.stdout })) {
    const match = ready.exec(line);
    if (match) {
      child.stdout.resume();
      return { child, match };
    }
  }
  throw new Error(`${command} ended before it was ready`);
}

async function freePort() {
  const server = net.createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address();
  server.close();
  await once(server, "close");
  return port;
}

const brokers = {
  async nats() {
    const port = await freePort();
    const args = ["-c", `exec nats-server -a 127.0.0.1 -p ${port} 2>&1`];
    await start("/bin/sh", args, /Server is ready/);
    return `nats://127.0.0.1:${port}`;
  },
  async redis() {
    const port = await freePort();
    await start("redis-server", ["--bind", "127.0.0.1", "--port", port, "--save", ""], /Ready to accept/);
    return `redis://127.0.0.1:${port}`;
  },
};

async function node(url, processor) {
  const args = ["--port", "0", "--loops", "1", "--log", "none", "--pubsub", url];
  const { child, match } = await start(path.join(BIN, "bench-server"), args, /:(\d+)$/, processor);
  return { pid: child.pid, port: match[1] };
}

async function measure({ subscribers, publisher }) {
  const args = ["fanout", "--json", "--connections", CONNECTIONS, "--port", subscribers.port, "--pid", subscribers.pid];
  args.push("--rate", values.rate, "--seconds", values.seconds, "--warmup", "1");
  if (availableParallelism() > 1) args.push("--cpu", "1");
  if (publisher) args.push("--publish-port", publisher.port);
  const load = spawn(path.join(BIN, "load"), args, { stdio: ["ignore", "pipe", "inherit"] });
  let text = "";
  for await (const chunk of load.stdout) text += chunk;
  return JSON.parse(text);
}

const median = (numbers) => [...numbers].sort((a, b) => a - b)[Math.floor(numbers.length / 2)];

try {
  const alone = await node("local", 0);
  const ways = [{ name: "one node", subscribers: alone, reports: [] }];
  for (const [name, begin] of Object.entries(brokers)) {
    for (const settings of ["", "?topics=1"]) {
      const url = (await begin()) + settings;
      ways.push({ name: name + settings, subscribers: await node(url, 0), publisher: await node(url, 1), reports: [] });
    }
  }
  for (let round = 0; round < Number(values.rounds); round++)
    for (const way of ways) way.reports.push(await measure(way));
  console.log(`${CONNECTIONS} subscribers, ${values.rate} broadcasts a second, ${values.rounds} rounds of ${values.seconds} s`);
  console.log("                   CPU ns per delivery   of one node   latency ms p50    p99");
  const of = (way, get) => median(way.reports.map(get));
  const base = of(ways[0], (report) => report.server.cpu_ns_per_message);
  for (const way of ways) {
    const cpu = of(way, (report) => report.server.cpu_ns_per_message);
    const p50 = of(way, (report) => report.latency_ns.p50) / 1e6;
    const p99 = of(way, (report) => report.latency_ns.p99) / 1e6;
    const columns = [cpu.toFixed(0).padStart(20), (cpu / base).toFixed(2).padStart(14), p50.toFixed(2).padStart(17)];
    console.log(way.name.padEnd(18) + columns.join("") + p99.toFixed(2).padStart(7));
  }
} finally {
  for (const child of running) child.kill();
}
