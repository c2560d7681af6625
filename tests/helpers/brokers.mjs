// Real brokers for tests, each on a port of its own.

import { spawn, spawnSync } from "node:child_process";
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

// Of "nats" or "redis", with more arguments of its own: {port, child, kill}. It ends with the process at the latest.
export async function launchBroker(name, extra = []) {
  const { command, args, ready } = brokers[name];
  const port = await freePort();
  const child = spawn(command, [...args(String(port)), ...extra], { stdio: ["ignore", "pipe", "pipe"] });
  const end = () => child.kill("SIGKILL");
  process.once("exit", end);
  const kill = () => {
    process.off("exit", end);
    end();
  };
  const said = new Promise((resolve) => {
    let text = "";
    const look = (chunk) => ready.test((text += chunk)) && resolve();
    child.stdout.on("data", look);
    child.stderr.on("data", look);
  });
  await within(said, `${command} to be ready`);
  return { port, child, kill };
}

// The same until the end of the test.
export async function startBroker(t, name) {
  const broker = await launchBroker(name);
  t.after(broker.kill);
  return broker;
}

export const brokerNames = Object.keys(brokers);

// Why its tests are to be skipped; false when it is there.
export function missing(name) {
  return spawnSync("sh", ["-c", `command -v ${brokers[name].command}`]).status !== 0 && `${brokers[name].command} is not installed`;
}
