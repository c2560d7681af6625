// What goes wrong, one thing after the other, by a seed.

import { once } from "node:events";
import { execFileSync } from "node:child_process";
import net from "node:net";
import { Member } from "./member.mjs";

const FEW = 200; // descriptors, while they run out
const MANY = 20_000;

// Numbers from 0 to below `limit`, the same for the same seed.
export function random(seed) {
  let state = seed >>> 0;
  return (limit) => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) % limit;
  };
}

const limitDescriptors = (node, count) =>
  execFileSync("prlimit", ["--pid", String(node.server.pid), `--nofile=${count}:${MANY}`]);

async function takeDescriptors({ cluster, below }) {
  const node = cluster.nodes[below(2)];
  limitDescriptors(node, FEW);
  const taken = Array.from({ length: FEW }, () => net.connect(node.port, "127.0.0.1").on("error", () => {}));
  await new Promise((resolve) => setTimeout(resolve, 1000));
  for (const tcp of taken) tcp.destroy();
  limitDescriptors(node, MANY);
}

// Those who come, ask, and go.
async function visitors({ cluster, below, transports, fail }) {
  const node = cluster.nodes[below(2)];
  for (let i = 0; i < 20; i++) {
    const visitor = await Member.enter(cluster, node, {
      name: `visitor-${i}`, topic: `room:visit-${i}`, transport: transports[below(transports.length)], fail,
    });
    visitor.say();
    visitor.leave();
  }
}

// A request that is never finished, and connections that are reset in the middle.
async function halves({ cluster, below }) {
  const node = cluster.nodes[below(2)];
  for (let i = 0; i < 50; i++) {
    const tcp = net.connect(node.port, "127.0.0.1").on("error", () => {});
    await once(tcp, "connect");
    tcp.write("GET /socket/websocket?vsn=2.0.0 HTTP/1.1\r\nHost: x\r\nUpg".slice(0, below(60)));
    if (below(2)) tcp.resetAndDestroy();
    else tcp.end();
  }
}

export const faults = {
  "node killed": ({ cluster, below }) => cluster.killNode(cluster.nodes[below(2)]),
  "node paused": ({ cluster, below }) => cluster.pauseNode(cluster.nodes[below(2)], 100 + below(4000)),
  "broker killed": ({ cluster, below }) => cluster.killBroker(below(1500)),
  "broker paused": ({ cluster, below }) => cluster.pauseBroker(100 + below(3000)),
  "connections reset": ({ members, below }) => members.forEach((member) => below(4) === 0 && member.reset()),
  "descriptors gone": takeDescriptors,
  visitors,
  "requests cut": halves,
};
