// ./run cluster: nats-server, three nodes of the chat, and HAProxy in front that sends each connection to the next node.
// All on the loopback. Ends with SIGINT or SIGTERM, and takes everything along; a node that ends by itself is left out by
// HAProxy meanwhile, and nobody starts it again: kill one, and watch its clients move.
//
//     node tools/cluster.mjs [BIN_DIR [PORT]]       PORT 0: any

import { spawn } from "node:child_process";
import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import net from "node:net";
import { tmpdir } from "node:os";
import path from "node:path";
import process from "node:process";

const NODES = 3;
const START_MS = 15_000;
const PATH = `${process.env.PATH}:/usr/sbin`; // where a user's shell may not look

const [bin = "build/bin", wantedPort = "4000"] = process.argv.slice(2);
const directory = mkdtempSync(path.join(tmpdir(), "pinion-cluster-"));
const running = new Set();

class CannotStart extends Error {}

// Starts a program; `ready` is what it says once it is: resolves to {child, match}. What it says on stderr later is shown.
async function start(name, command, args, { ready, env, stdio = [] } = {}) {
  const options = { env: { ...process.env, PATH, ...env }, stdio: ["ignore", "pipe", "pipe", ...stdio] };
  const child = spawn(command, args.map(String), options);
  running.add(child);
  child.once("close", () => running.delete(child));
  let said = "";
  const match = new Promise((resolve, reject) => {
    const fail = (why) => reject(new CannotStart(`${name}: ${why}\n${said}`));
    const timer = setTimeout(fail, START_MS, "does not start");
    const look = (text) => {
      said += text;
      const found = ready.exec(said);
      if (found) resolve(found);
      if (found) clearTimeout(timer);
    };
    child.stdout.setEncoding("utf8").on("data", look);
    child.stderr.setEncoding("utf8").on("data", look);
    child.once("error", ({ code }) => fail(code === "ENOENT" ? `there is no ${command}` : code));
    child.once("close", (status, signal) => fail(`ended (${signal ?? status})`));
  });
  return { child, match: await match };
}

async function startBroker() {
  const ready = /client connections on 127\.0\.0\.1:(\d+)[\s\S]*Server is ready/;
  const { child, match } = await start("nats-server", "nats-server", ["-a", "127.0.0.1", "-p", "-1"], { ready });
  child.once("close", () => running.size > 0 && console.log("nats-server has ended: each node serves its own clients"));
  return match[1];
}

async function startNode(index, broker, secret) {
  const args = ["--host", "127.0.0.1", "--port", 0, "--pubsub", `nats://127.0.0.1:${broker}?node=chat-${index}`];
  const env = { PINION_SECRET_KEY_BASE: secret };
  const { child, match } = await start(`node ${index}`, path.join(bin, "chat"), args, { ready: /listening on \S+:(\d+)/, env });
  child.once("close", (status, signal) => running.size > 0 && console.log(`node ${index} has ended (${signal ?? status})`));
  return { index, pid: child.pid, port: match[1] };
}

// No session is tied to a node: requests of one client may go to any.
function configuration(nodes) {
  const servers = nodes.map(({ index, port }) => `    server chat-${index} 127.0.0.1:${port} check inter 500ms fall 2 rise 1`);
  return `global
    maxconn 4000

defaults
    mode http
    timeout connect 2s
    timeout client  75s
    timeout server  75s
    timeout tunnel  75s
    option redispatch 1
    retries 3

frontend chat
    bind fd@3
    default_backend nodes

backend nodes
    balance roundrobin
    option httpchk
    http-check send meth GET uri /readyz
${servers.join("\n")}
`;
}

async function startProxy(nodes) {
  const socket = net.createServer().listen(Number(wantedPort), "127.0.0.1");
  await once(socket, "listening");
  const { port } = socket.address();
  const file = path.join(directory, "haproxy.cfg");
  writeFileSync(file, configuration(nodes));
  const options = { ready: /New worker|Loading success|forked/i, stdio: [socket._handle.fd] };
  const started = await start("haproxy", "haproxy", ["-W", "-f", file], options);
  socket.close();
  started.child.once("close", () => running.size > 0 && stop(1));
  return port;
}

let stopping = false;
async function stop(status) {
  if (stopping) return;
  stopping = true;
  const ends = [...running].map((child) => once(child, "close"));
  const children = [...running];
  running.clear();
  for (const child of children) child.kill("SIGTERM");
  await Promise.all(ends);
  rmSync(directory, { recursive: true });
  process.exitCode = status;
}

process.once("exit", () => running.forEach((child) => child.kill("SIGKILL")));
for (const signal of ["SIGINT", "SIGTERM"]) process.on(signal, () => stop(0));

try {
  const secret = process.env.PINION_SECRET_KEY_BASE || randomBytes(48).toString("base64");
  const broker = await startBroker();
  const nodes = await Promise.all(Array.from({ length: NODES }, (_, i) => startNode(i + 1, broker, secret)));
  const port = await startProxy(nodes);
  for (const { index, pid, port: own } of nodes) console.log(`node ${index}: pid ${pid}, http://localhost:${own}`);
  console.log(`nats-server: port ${broker}`);
  console.log(`listening on localhost:${port}`);
} catch (error) {
  const expected = error instanceof CannotStart || error.code;
  console.error(`cluster: ${expected ? error.message : error.stack}`);
  await stop(1);
}
