// Processes, as /proc tells of them, and a look at whether a port can be connected to.

import { readFileSync, readdirSync } from "node:fs";
import net from "node:net";
import { setTimeout as elapse } from "node:timers/promises";
import { within } from "./wait.mjs";

// {state, parent}, or null when there is none. The name in parentheses may hold anything.
function look(pid) {
  try {
    const [state, parent] = readFileSync(`/proc/${pid}/stat`, "latin1").split(") ").pop().split(" ");
    return { state, parent: Number(parent) };
  } catch {
    return null;
  }
}

export function childrenOf(pid) {
  const pids = readdirSync("/proc").filter((name) => /^\d+$/.test(name));
  return pids.map(Number).filter((other) => look(other)?.parent === pid);
}

// One that has ended and was not reaped yet is no longer alive.
export function isAlive(pid) {
  const found = look(pid);
  return found !== null && !"ZX".includes(found.state);
}

// Waits for the end of a process that is no child of ours: the kernel tells nobody but its parent.
export async function gone(pid) {
  const polled = (async () => {
    while (isAlive(pid)) await elapse(5);
  })();
  await within(polled, `process ${pid} to end`);
}

// Connects to a port again and again until stop(), which resolves to what came of it: how often it `connected`,
// and how often there was an error, by its code: {connected, errors}.
export function probe(port, { parallel = 4 } = {}) {
  const result = { connected: 0, errors: {} };
  let stopped = false;

  function connectOnce() {
    return new Promise((resolve) => {
      const tcp = net.connect({ port, host: "127.0.0.1" });
      let connected = false;
      tcp.once("connect", () => {
        connected = true;
        result.connected++;
        tcp.resetAndDestroy();
      });
      tcp.once("error", ({ code }) => {
        if (!connected) result.errors[code] = (result.errors[code] ?? 0) + 1;
      });
      tcp.once("close", resolve);
    });
  }

  async function goOn() {
    while (!stopped) {
      await connectOnce();
      await elapse(1);
    }
  }

  const all = Promise.all(Array.from({ length: parallel }, goOn));
  return {
    result,
    async stop() {
      stopped = true;
      await all;
      return result;
    },
  };
}
