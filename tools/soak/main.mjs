// ./run soak MINUTES: mixed traffic on two nodes behind each broker, while nodes and brokers are killed and paused,
// connections reset and descriptors used up. Each sender numbers what it says and each receiver checks (member.mjs). In the
// end everything is mended: all must hear all again, presences must agree, and the nodes must be as they were.
//
//     node tools/soak/main.mjs SECONDS [SEED]
//
// PINION_BIN_DIR and PINION_TEST_IO as for the tests. The last line is `N passed, N failed`.

import { isDeepStrictEqual } from "node:util";
import { LongPoll } from "phoenix";
import { WebSocket } from "ws";
import { brokerNames, missing } from "../../tests/helpers/brokers.mjs";
import { within } from "../../tests/helpers/wait.mjs";
import { Cluster } from "./cluster.mjs";
import { faults, random } from "./faults.mjs";
import { Member } from "./member.mjs";

const PER_NODE = 10; // of whom four use long polling
const ROOMS = 2;
const SAY_MS = 250;
const PAUSE_MS = 3000; // between two faults, at most
const GROWTH_MB = 32;
const TOGETHER_MS = 90_000;

const [seconds, seed = String(Date.now() % 1_000_000)] = process.argv.slice(2);
if (!(Number(seconds) > 0)) {
  console.error("usage: main.mjs SECONDS [SEED]");
  process.exit(2);
}

const failures = [];
let checks = 0;

function check(holds, what) {
  checks++;
  if (holds) return;
  failures.push(what);
  if (failures.length <= 20) console.log(`FAILED ${what}`);
}

const elapse = (ms) => new Promise((resolve) => setTimeout(resolve, ms));
const sum = (members, what) => members.reduce((total, member) => total + member[what], 0);

// Polls for what others bring about.
async function until(holds, ms) {
  const deadline = Date.now() + ms;
  while (!holds() && Date.now() < deadline) await elapse(50);
  return holds();
}

async function populate(cluster, fail) {
  const coming = cluster.nodes.flatMap((node) =>
    Array.from({ length: PER_NODE }, (_, i) =>
      Member.enter(cluster, node, {
        name: `${cluster.name}-${node.index}-${i}`,
        topic: `room:soak-${cluster.name}-${i % ROOMS}`,
        transport: i % 5 < 2 ? LongPoll : WebSocket,
        fail,
      }),
    ),
  );
  const members = await Promise.all(coming);
  for (const member of members) member.talk(SAY_MS);
  return members;
}

async function disturb(cluster, members, below, fail, end) {
  const names = Object.keys(faults);
  const counts = {};
  while (Date.now() < end) {
    const name = names[below(names.length)];
    counts[name] = (counts[name] ?? 0) + 1;
    await faults[name]({ cluster, members, below, fail, transports: [WebSocket, LongPoll] });
    await elapse(below(PAUSE_MS));
  }
  return counts;
}

// Nothing is wrong any more: who speaks is heard by everybody in the room.
async function together(cluster, members) {
  for (const member of members) member.hush();
  await cluster.whole();
  check(await until(() => members.every(({ isUp }) => isUp), TOGETHER_MS), `${cluster.name}: all are connected again`);
  await elapse(1000); // what is on its way
  for (const member of members) member.say(true);
  const hears = (one) => members.every((other) => other.channel.topic !== one.channel.topic || one.last.get(other.name)?.final);
  await until(() => members.every(hears), TOGETHER_MS);
  for (const member of members) check(hears(member), `${member.name} hears everybody in the end`);
  const names = members.map(({ name }) => name).sort();
  const sees = ({ presence }) => isDeepStrictEqual(Object.keys(presence.state).sort(), names);
  await until(() => members.every(sees), TOGETHER_MS);
  for (const member of members) check(sees(member), `${member.name} sees everybody: ${Object.keys(member.presence.state).length} of ${names.length}`);
}

function report(cluster, members, counts) {
  const did = Object.entries(counts).map(([name, count]) => `${count} × ${name}`).join(", ");
  console.log(`${cluster.name}: ${did || "nothing was disturbed"}`);
  console.log(
    `${cluster.name}: ${sum(members, "said")} said, ${sum(members, "heard")} heard in order, ${sum(members, "answered")} answered, ` +
      `${sum(members, "joins")} joins of ${members.length}, ${sum(members, "excused")} gaps between the nodes while the cluster was not whole`,
  );
}

async function soak(kind) {
  const cluster = new Cluster(kind);
  const below = random(Number(seed) + kind.length);
  const fail = (what) => check(false, what);
  await cluster.start();
  const members = await populate(cluster, fail);
  const counts = await disturb(cluster, members, below, fail, Date.now() + seconds * 1000);
  await together(cluster, members);
  report(cluster, members, counts);
  for (const member of members) member.leave();
  for (const { node, before, after } of await cluster.stop()) {
    console.log(`${node}: descriptors ${before.descriptors} -> ${after.descriptors}, resident ${before.mb.toFixed(1)} -> ${after.mb.toFixed(1)} MB`);
    check(after.descriptors <= before.descriptors, `${node}: descriptors are given back`);
    check(after.mb - before.mb < GROWTH_MB, `${node}: memory is given back`);
  }
}

console.log(`soak: ${seconds} s, seed ${seed}, I/O engine ${process.env.PINION_TEST_IO ?? "as the server chooses"}`);
const kinds = brokerNames.filter((kind) => !missing(kind));
const results = await Promise.allSettled(kinds.map(soak));
for (const { reason } of results) check(!reason, reason?.stack);
console.log(`${checks - failures.length} passed, ${failures.length} failed`);
process.exit(failures.length > 0 ? 1 : 0);
