// ./run soak MINUTES: mixed traffic on two nodes behind each broker, near and over slow links that lose packets, while nodes
// and brokers are killed and paused, connections reset, descriptors used up and calendars moved. Each sender numbers what it
// says and each receiver checks (member.mjs); what is downloaded or uploaded must come whole (transfers.mjs). In the end
// everything is mended: all members must hear each other, presences must agree, and the nodes must be as they were.
//
//     node tools/soak/main.mjs SECONDS [SEED]
//
// PINION_BIN_DIR and PINION_TEST_IO as for the tests. The last line is `N passed, N failed`.

import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { LongPoll } from "phoenix";
import { WebSocket } from "ws";
import { brokerNames, missing } from "../../tests/helpers/brokers.mjs";
import { SANITIZED } from "../../tests/helpers/build.mjs";
import { Cluster, REPAIR_MS, tooMany } from "./cluster.mjs";
import { disturb, grave, light } from "./faults.mjs";
import { gather } from "./gathering.mjs";
import { Health, lookAt } from "./health.mjs";
import { Member, sums } from "./member.mjs";
import { Network, runInside } from "./network.mjs";
import { random } from "./random.mjs";
import { Tally, Witness } from "./tally.mjs";
import { LINKS, weather } from "./weather.mjs";

const ROOMS = [0, 1, 1, 2, 2, 2, 2, 2, 2, 2]; // for ten members on each node: rooms of 2, 4 and 14 members on both
const SAY_MS = 250;
const PAUSE_MS = 3000; // between two faults, at most
const END_MS = 22_000; // the part of the whole time that is for the end
const LATE_MS = 240_000; // a soak that has not ended by then has failed
const GROWTH_MB = 32;
const FAR = fileURLToPath(new URL("far.mjs", import.meta.url));

const [seconds, seed = String(Date.now() % 1_000_000)] = process.argv.slice(2);
if (!(Number(seconds) > 0)) {
  console.error("usage: main.mjs SECONDS [SEED]");
  process.exit(2);
}
// Inside our own network, there is one already.
const DIRECTORY = "PINION_SOAK_DIRECTORY";
const made = process.env[DIRECTORY] ? null : mkdtempSync(path.join(tmpdir(), "pinion-soak-"));
const directory = (process.env[DIRECTORY] ??= made);
if (made) process.once("exit", () => rmSync(made, { recursive: true, force: true }));
const inside = await runInside();
if (inside !== null) process.exit(inside);

const began = Date.now();
const calm = began + Math.max(seconds * 400, seconds * 1000 - REPAIR_MS - END_MS); // no grave faults from then on
const end = calm + REPAIR_MS;
const tally = new Tally();
const { check, note } = tally;

// Text for raw.mjs in which no two parts are the same.
function makeFiles(directory, below) {
  mkdirSync(directory);
  return [["page.html", 20_000], ["picture.txt", 300_000], ["archive.txt", 1_500_000]].map(([name, size]) => {
    const file = path.join(directory, name);
    let text = "";
    while (text.length < size) text += `${below(1 << 30).toString(36)}\n`;
    writeFileSync(file, text);
    return file;
  });
}

async function populate(cluster, tell) {
  const coming = cluster.nodes.flatMap((node) =>
    ROOMS.map((room, i) =>
      Member.enter(node, {
        cluster: cluster.name,
        name: `${cluster.name}-${node.index}-${i}`,
        topic: `room:soak-${cluster.name}-${room}`,
        transport: i % 5 < 2 ? LongPoll : WebSocket,
        tell,
      }),
    ),
  );
  const members = await Promise.all(coming);
  for (const member of members) member.talk(SAY_MS);
  return members;
}

// The next message of that kind from a far process.
function said(link, kind) {
  return new Promise((resolve, reject) => {
    const listen = (message) => {
      if (!(kind in message)) return;
      link.child.off("message", listen);
      resolve(message[kind]);
    };
    link.child.on("message", listen);
    link.child.once("exit", (code) => reject(new Error(`${link.name}: the process at the far end ended with ${code}`)));
  });
}

function tellLink(link, message, kind) {
  const answer = said(link, kind);
  link.child.send(message);
  return answer;
}

async function beginFar(network, clusters, files, below, hear) {
  for (const [name, rates] of Object.entries(LINKS)) {
    const link = await network.addLink(name, rates.at(-1), FAR);
    await network.setRate(link, rates.at(-1));
    link.child.on("message", ({ event }) => event && hear(event, name));
    const nodes = clusters.map((cluster) => ({ name: cluster.name, nodes: cluster.nodes.map(({ port }) => port) }));
    await tellLink(link, { begin: { host: link.host, seed: below(1 << 30), files, clusters: nodes } }, "begun");
  }
}

function together(cluster, members, names) {
  for (const member of members) member.hush();
  const mates = ({ topic }) => members.filter((other) => other.topic === topic).map(({ name }) => name);
  return gather(members, mates, names, check);
}

const list = (counts) => Object.entries(counts).map(([what, count]) => `${count} × ${what}`).join(", ") || "nothing";

function add(all) {
  const sum = {};
  for (const [key, count] of all.flatMap(Object.entries)) sum[key] = (sum[key] ?? 0) + count;
  return sum;
}


const words = ({ said, heard, binary, answered, joins }) => `${said} said, ${heard} heard in order (${binary} binary), ${answered} answered, ${joins} joins`;

function reportTransfers({ transfers }) {
  for (const [what, { count, bytes, slowest, cut, refused }] of Object.entries(transfers).sort())
    console.log(`${what}: ${count} whole, ${(bytes / 1e6).toFixed(2)} MB, the slowest ${(slowest / 1000).toFixed(1)} s; ${cut} cut by the end of a node, ${refused} refused without descriptors`);
}

function reportNode({ node, before, after }) {
  console.log(`${node}: descriptors ${before.descriptors} -> ${after.descriptors}, resident ${before.mb.toFixed(1)} -> ${after.mb.toFixed(1)} MB`);
  const { calendar, ...counts } = after.counts;
  console.log(`${node}, since it began: ${Object.entries(counts).filter(([, count]) => count > 0).map(([name, count]) => `${name} ${count}`).join(", ")}`);
  lookAt(counts, node, check);
  const more = tooMany(before, after);
  check(more.length === 0, `${node}: given back are all but ${more.map((name) => `${name}: ${before.counts[name]} -> ${after.counts[name]}`)}`);
  if (!SANITIZED) check(after.mb - before.mb < GROWTH_MB, `${node}: memory is given back`);
}

async function soak() {
  const network = new Network();
  await network.start();
  const below = random(Number(seed));
  const files = makeFiles(path.join(directory, "files"), below);
  const kinds = brokerNames.filter((kind) => !missing(kind));
  const clusters = kinds.map((kind) => new Cluster(kind, { host: network.real ? "0.0.0.0" : "127.0.0.1", directory }));
  await Promise.all(clusters.map((cluster) => cluster.start()));
  network.reserve(clusters.flatMap(({ ports }) => ports));
  const witness = new Witness(clusters, check);
  const near = await Promise.all(clusters.map((cluster) => populate(cluster, witness.hear)));
  await beginFar(network, clusters, files, below, witness.hear);
  const health = clusters.map((cluster) => new Health(cluster, check));

  const contexts = clusters.map((cluster, i) => ({ cluster, members: near[i], below: random(below(1 << 30)), tell: witness.hear, check, note }));
  const [skies, ...counts] = await Promise.all([
    weather({ network, below: random(below(1 << 30)), note }, calm, PAUSE_MS / 2),
    ...contexts.map((context) => disturb({ ...grave, ...light }, context, calm, PAUSE_MS)),
  ]);
  await network.mend();
  for (const { child } of network.links) child.send({ mended: true });
  const more = await Promise.all(contexts.map((context) => disturb(light, context, end, PAUSE_MS)));
  await Promise.all(clusters.map((cluster) => cluster.whole()));

  const names = clusters.map(({ name }, i) => [
    ...near[i].map((member) => member.name),
    ...network.links.flatMap((link) => [0, 1].map((node) => `${name}-${node}-${link.name}`)),
  ]);
  const gathered = network.links.map((link) =>
    tellLink(link, { gather: Object.fromEntries(clusters.map(({ name }, i) => [name, names[i]])) }, "gathered"));
  await Promise.all(clusters.map((cluster, i) => together(cluster, near[i], names[i])));
  const far = await Promise.all(gathered);
  await Promise.all(health.map((one) => one.stop()));

  console.log(`links: ${list(skies)}`);
  clusters.forEach((cluster, i) => {
    console.log(`${cluster.name}: ${list(add([counts[i], more[i]]))}`);
    console.log(`${cluster.name}: ${near[i].length} members: ${words(sums(near[i]))}; ${cluster.excused} gaps between the nodes while the cluster was not whole`);
    console.log(`${cluster.name}: ${health[i].asked} health checks, the slowest ${health[i].worstMs} ms`);
  });
  console.log(`far: ${4 * clusters.length} members: ${words(add(far))}`);
  reportTransfers(witness);

  await Promise.all(network.links.map((link) => tellLink(link, { leave: true }, "left")));
  for (const member of near.flat()) member.leave();
  const left = await Promise.all(clusters.map((cluster) => cluster.stop()));
  left.flat().forEach(reportNode);
}

console.log(`soak: ${seconds} s, seed ${seed}, I/O engine ${process.env.PINION_TEST_IO ?? "as the server chooses"}`);
setTimeout(() => {
  check(false, "the soak ends");
  process.exit(tally.end());
}, seconds * 1000 + LATE_MS);
await soak().catch((error) => check(false, error.stack));
process.exit(tally.end());
