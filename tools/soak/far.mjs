// The far end of a link: members in a room of their own, and transfers. network.mjs starts it. It is controlled, and reports
// what happened, by messages.
//
//   in:   {begin: {host, seed, files, clusters: [{name, nodes}]}}, {pace}, {mended}, {gather: names by cluster}, {leave}
//   out:  {here}, {begun}, {event}, {gathered: sums}, {left}

import { LongPoll } from "phoenix";
import { WebSocket } from "ws";
import { gather } from "./gathering.mjs";
import { Member, sums } from "./member.mjs";
import { random } from "./random.mjs";
import { Transfers } from "./transfers.mjs";

const SAY_MS = 5000;
const PATIENCE_MS = 90_000;
const STALL_MS = 240_000; // at the lowest rate, the kernel's buffer is sent in less time than this
const MENDED_STALL_MS = 45_000; // a lost packet is sent again after longer and longer waits

const [name] = process.argv.slice(2);
const link = { name, pace: 0, stallMs: STALL_MS };
const members = [], transfers = [];
let ends = []; // of the transfers that were running when the link was mended
const tell = (event) => process.send({ event });

async function begin({ host, seed, files, clusters }) {
  link.host = host;
  const below = random(seed);
  for (const { name: cluster, nodes: ports } of clusters) {
    const nodes = ports.map((port, index) => ({ index, port, url: `http://${host}:${port}` }));
    for (const { index, ...node } of nodes) {
      members.push(await Member.enter({ index, ...node }, {
        cluster, name: `${cluster}-${index}-${name}`, topic: `room:far-${cluster}`, tell, patienceMs: PATIENCE_MS,
        transport: (index === 0) === (name === "modem") ? WebSocket : LongPoll,
      }));
    }
    transfers.push(new Transfers({ link, cluster, nodes, files, below: random(below(1 << 30)), tell }));
  }
  for (const member of members) member.talk(SAY_MS);
}

// Members on other links are in the same room, and send their last messages at about the same time.
async function end(names) {
  for (const member of members) member.hush();
  await Promise.all(ends);
  for (const [cluster, all] of Object.entries(names)) {
    const ours = members.filter((member) => member.cluster === cluster);
    const mates = all.filter((one) => /-(modem|line)$/.test(one));
    await gather(ours, () => mates, all, (holds, what) => tell({ kind: "check", holds, what }));
  }
  return sums(members);
}

process.on("disconnect", () => process.exit(0));
process.on("message", async ({ begin: settings, pace, mended, gather: names, leave }) => {
  if (pace !== undefined) link.pace = pace;
  if (mended) {
    link.stallMs = MENDED_STALL_MS;
    ends = transfers.map((one) => one.stop());
  }
  if (settings) {
    await begin(settings);
    process.send({ begun: true });
  }
  if (names) process.send({ gathered: await end(names) });
  if (leave) {
    for (const member of members) member.leave();
    process.send({ left: true });
  }
});
process.send({ here: true });
