// Real brokers for tests, each on a port of its own.

import { spawn } from "node:child_process";
import { once } from "node:events";
import net from "node:net";
import { within } from "./wait.mjs";

const brokers = {
  nats: { command: "nats-server", args: (port) => ["-a", "127.0.0.1", "-p", port], ready: /Server is ready/ },
  redis: {
    command: "redis-server",
    args: (port) => ["--bind", "127.0.0.1", "--port", port, "--save", ""],
    ready: /Ready to accept/,
  },
};

export async function freePort() {
  const server = net.createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address();
  server.close();
  await once(server, "close");
  return port;
}

// "nats" or "redis", until the end of the test: {port, child}.
export async function startBroker(t, name) {
  const { command, args, ready } = brokers[name];
  const port = await freePort();
  const child = spawn(command, args(String(port)), { stdio: ["ignore", "pipe", "pipe"] });
  const kill = () => child.kill("SIGKILL");
  process.once("exit", kill);
  t.after(() => {
    process.off("exit", kill);
    kill();
  });
  const said = new Promise((resolve) => {
    let text = "";
    const look = (chunk) => ready.test((text += chunk)) && resolve();
    child.stdout.on("data", look);
    child.stderr.on("data", look);
  });
  await within(said, `${command} to be ready`, 15_000);
  return { port, child };
}
