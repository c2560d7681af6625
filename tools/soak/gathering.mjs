// Nothing is wrong any more: each member is heard by all others in its room, and all see the same presences.

import { isDeepStrictEqual } from "node:util";
import { setTimeout as elapse } from "node:timers/promises";

const TOGETHER_MS = 90_000;

// Polls for something that others cause.
async function until(holds) {
  const deadline = Date.now() + TOGETHER_MS;
  while (!holds() && Date.now() < deadline) await elapse(50);
  return holds();
}

// `members` are here; mates(member) are in a member's room; `all` are the names that must be present.
export async function gather(members, mates, all, check) {
  const up = await until(() => members.every(({ isUp }) => isUp));
  check(up, `all are connected again: ${members.filter(({ isUp }) => !isUp).map(({ name }) => name)}`);
  await elapse(1000); // for messages that are under way
  for (const member of members) member.say(true);
  const hears = (one) => mates(one).every((other) => one.last.get(other)?.final);
  await until(() => members.every(hears));
  for (const member of members) check(hears(member), `${member.name} hears everybody in the end`);
  const sorted = [...all].sort();
  const seen = ({ presence }) => Object.keys(presence.state).sort();
  const sees = (member) => isDeepStrictEqual(seen(member), sorted);
  await until(() => members.every(sees));
  for (const member of members) check(sees(member), `${member.name} sees everybody: ${seen(member).length} of ${all.length}`);
}
