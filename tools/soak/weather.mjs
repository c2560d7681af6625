// What happens to the links, one thing after the other, chosen by a seed: other rates, lost packets, more delay.

import { setTimeout as elapse } from "node:timers/promises";
import { pick } from "./random.mjs";

export const LINKS = { modem: [56, 64, 96, 128], line: [256, 384, 512, 768, 1000] }; // kbit/s

const weathers = {
  "rate changed": ({ network, link, below }) => network.setRate(link, pick(below, LINKS[link.name])),
  "packets lost": async ({ network, link, below }) => {
    await network.setLoss(link, 10 * (1 + below(10)));
    await elapse(1000 + below(5000));
    await network.setLoss(link, 0);
  },
  "packets lost nearby": async ({ network, below }) => {
    await network.setNearLoss(10 * (1 + below(5)));
    await elapse(500 + below(3000));
    await network.setNearLoss(0);
  },
};

// Resolves to how often each was caused.
export async function weather({ network, below, note }, end, pauseMs) {
  const names = Object.keys(weathers).filter((name) => network.real || name === "rate changed");
  const counts = {};
  while (Date.now() < end) {
    const name = pick(below, names);
    counts[name] = (counts[name] ?? 0) + 1;
    note(name);
    await weathers[name]({ network, link: pick(below, network.links), below });
    await elapse(below(pauseMs));
  }
  return counts;
}
