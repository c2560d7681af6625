// The faults of the nodes of a cluster, one after the other, chosen by a seed.

import { execFileSync } from "node:child_process";
import { once } from "node:events";
import net from "node:net";
import { setTimeout as elapse } from "node:timers/promises";
import { LongPoll } from "phoenix";
import { WebSocket } from "ws";
import { askHealth } from "./health.mjs";
import { Member } from "./member.mjs";
import { pick } from "./random.mjs";

const FEW = 200; // descriptors that are left when they run out
const MANY = 20_000;
const CROWD = 300; // clients that connect while nobody accepts: more than may wait (network.mjs)
const CROWD_MS = 60_000;
const DAY_MS = 86_400_000;
const CALENDAR_MS = 60_000; // reading a calendar takes less

const limitDescriptors = (node, count) =>
  execFileSync("prlimit", ["--pid", String(node.server.pid), `--nofile=${count}:${MANY}`]);

function takeDescriptors({ cluster, below }) {
  const node = pick(below, cluster.nodes);
  return cluster.scarcely(node, async () => {
    limitDescriptors(node, FEW);
    const taken = Array.from({ length: FEW }, () => net.connect(node.port, "127.0.0.1").on("error", () => {}));
    await elapse(1000);
    for (const tcp of taken) tcp.destroy();
    limitDescriptors(node, MANY);
  });
}

// Clients that come, ask, and go.
async function visitors({ cluster, below, tell }) {
  const node = pick(below, cluster.nodes);
  for (let i = 0; i < 20; i++) {
    const visitor = await Member.enter(node, {
      cluster: cluster.name, name: `visitor-${i}`, topic: `room:visit-${i}`, transport: pick(below, [WebSocket, LongPoll]), tell,
    });
    visitor.say();
    visitor.leave();
  }
}

// When it continues, all of them are answered.
async function fillBacklog({ cluster, below, check }) {
  const node = pick(below, cluster.nodes);
  let answers;
  await cluster.pauseNode(node, 500 + below(1500), () => {
    answers = Promise.allSettled(Array.from({ length: CROWD }, () => askHealth(node.port, CROWD_MS)));
  });
  const failed = (await answers).filter(({ status }) => status === "rejected");
  check(failed.length === 0, `${cluster.name}-${node.index}: of ${CROWD} who came while it stood still ${failed.length} were not answered: ${failed[0]?.reason}`);
}

// Set a clock by up to a day; sometimes set it right again.
async function moveCalendar({ cluster, below, check }) {
  const node = pick(below, cluster.nodes);
  const off = below(4) ? below(2 * DAY_MS) - DAY_MS : 0;
  node.calendar.set(off);
  const { calendar } = await cluster.stats(node);
  check(Math.abs(calendar * 1000 - (Date.now() + off)) < CALENDAR_MS, `${cluster.name}-${node.index}: its calendar is off by ${off} ms: ${calendar}`);
}

// A request that is never finished, and connections that are reset in the middle.
async function halves({ cluster, below }) {
  const node = pick(below, cluster.nodes);
  for (let i = 0; i < 50; i++) {
    const tcp = net.connect(node.port, "127.0.0.1").on("error", () => {});
    await once(tcp, "connect");
    tcp.write("GET /socket/websocket?vsn=2.0.0 HTTP/1.1\r\nHost: x\r\nUpg".slice(0, below(60)));
    if (below(2)) tcp.resetAndDestroy();
    else tcp.end();
  }
}

// Faults after which the nodes need a while until they hear each other again.
export const grave = {
  "node killed": ({ cluster }) => cluster.killNode(cluster.nodes[1]), // the other node lives through all faults
  "node paused": ({ cluster, below }) => cluster.pauseNode(pick(below, cluster.nodes), 100 + below(4000)),
  "broker killed": ({ cluster, below }) => cluster.killBroker(below(1500)),
  "broker paused": ({ cluster, below }) => cluster.pauseBroker(100 + below(3000)),
  "backlog filled": fillBacklog,
};

export const light = {
  "connections reset": async ({ members, below }) => members.forEach((member) => below(4) === 0 && member.reset()),
  "descriptors gone": takeDescriptors,
  "calendar moved": moveCalendar,
  visitors,
  "requests cut": halves,
};

// Resolves to how often each fault was caused.
export async function disturb(faults, context, end, pauseMs) {
  const names = Object.keys(faults);
  const counts = {};
  while (Date.now() < end) {
    const name = pick(context.below, names);
    counts[name] = (counts[name] ?? 0) + 1;
    context.note(`${context.cluster.name}: ${name}`);
    await faults[name](context).catch((error) => context.check(false, `${context.cluster.name}: ${name}: ${error.stack}`));
    await elapse(context.below(pauseMs));
  }
  return counts;
}
