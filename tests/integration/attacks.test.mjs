// Attacks: what each costs the server's memory at most, that it returns when the attackers have gone, and how long a
// client that does nothing bad waits meanwhile, beside what it waits for an idle server. docs/attacks.md names the limit
// that bounds each. PINION_TEST_IDLE is how many connections wait without a word (2,000).

import assert from "node:assert/strict";
import { mkdtemp, rm, truncate, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, it } from "node:test";
import { SANITIZED } from "../helpers/build.mjs";
import { atRest, attackers, check, compare, quietClient, show } from "../helpers/fairness.mjs";
import { watchMemory } from "../helpers/memory.mjs";
import { OPCODE, RawConnection, text } from "../helpers/raw.mjs";
import { serve, start } from "../helpers/server.mjs";

const KIB = 1024;
const MIB = 1024 * KIB;
const SOAKED = "../tests/helpers/soaked"; // it has files
const ATTACKER = new URL("../helpers/attacker.mjs", import.meta.url);
const HEARTBEATS = 100;
const IDLE = Number(process.env.PINION_TEST_IDLE ?? 2000);
const LISTENERS = SANITIZED ? 200 : 1000;
// What any load has a heap and pools keep, however often it comes again.
const ANYWAY = 16 * MIB;

// Sessions of long polling outlive the connections of their clients by minutes where those had much to read: end them.
async function endSessions(t, server) {
  const raw = await RawConnection.websocket(t, server, "/socket/websocket?vsn=2.0.0&user_id=attacker");
  raw.send(text(["1", "1", "room:end", "phx_join", {}]));
  await raw.message();
  raw.send(text(["1", "2", "room:end", "disconnect_me", {}]));
  while ((await raw.frame()).opcode !== OPCODE.CLOSE);
}

// A directory with a file of many pieces, without bytes on the disk.
async function largeFiles(t) {
  const directory = await mkdtemp(join(tmpdir(), "pinion-files-"));
  t.after(() => rm(directory, { recursive: true }));
  await writeFile(join(directory, "large"), "");
  await truncate(join(directory, "large"), 20 * MIB);
  return { PINION_FILES: directory };
}

async function underAttack(t, idle, { program = "conformance", loops = 1, environment }) {
  const env = await environment?.(t);
  const server = await start(program, { args: ["--loops", String(loops), "--log", "none"], env });
  t.after(() => server.kill());
  const servers = [server, idle];
  return { servers, heartbeats: await Promise.all(servers.map((one) => quietClient(t, one))) };
}

async function attack(t, idle, kind, options) {
  const { count = 64, each, end, kept = ANYWAY, ends = false, turns = 1 } = options;
  const { servers, heartbeats } = await underAttack(t, idle, options);
  const memory = watchMemory(servers[0].pid);
  const most = ANYWAY + count * each;

  const ask = await attackers(t, ATTACKER, servers[0], kind, count);
  const [beside, without] = await compare(servers, heartbeats, HEARTBEATS);
  const { answered } = await ask();
  if (ends && !SANITIZED) await atRest(servers[0]);
  const grown = memory.grown();
  ask.end();
  await end?.(t, servers[0]);

  const mib = (bytes) => `${(bytes / MIB).toFixed(1)} MiB`;
  t.diagnostic(`${count} × ${kind}: p50 / p99 of a heartbeat ${show(beside)} (idle server ${show(without)}), memory grew ` +
    `by ${mib(grown)} of ${mib(most)}, ${mib(answered)} answered`);
  check(beside, "a heartbeat", turns);
  if (SANITIZED) return; // its memory is another
  assert.ok(grown <= most, `it grew by ${grown} bytes, and may by ${most}`);
  t.diagnostic(`${mib(await memory.returned(kept))} are left`);
}

describe("an attack leaves others alone:", () => {
  const idle = serve("conformance", { args: ["--loops", "1", "--log", "none"] });
  // `each`: bytes that an attacker may cost at most. The longest head is 16 KiB, a queue 1 MiB and a frame more, answers
  // over HTTP 256 KiB and one more, the body of a route 1 MiB, requests that wait 144 KiB. There may be 100,000 sessions,
  // of less than 1 KiB: how many, the machine's speed says.
  // Freed pieces of files stay with glibc, between what lives (docs/reliability.md). `ends`: it costs most once the server
  // has done what it can for the attackers.
  const attacks = [
    ["slow head", { each: 20 * KIB }],
    ["slow body", { each: 40 * KIB }],
    ["slow frame", { each: 40 * KIB }],
    ["whole body but its end", { count: 8, each: 8 * MIB }],
    ["length that does not come", { each: 4 * KIB }],
    ["WebSocket that is not read", { count: 16, each: 1200 * KIB }],
    ["poll that is not read", { count: 16, each: 9 * MIB, end: endSessions }],
    ["file that is not read", { count: 16, each: 300 * KIB, program: "chat" }],
    ["body of a refused request", { each: 20 * KIB }],
    ["half a handshake", { count: IDLE, each: 2 * KIB }],
    ["topic after the other", { each: 128 * KIB }],
    ["topic joined and left after the other", { each: 128 * KIB }],
    ["presence that changes", { each: 1200 * KIB }],
    ["presence that changes in a crowd", { each: 1200 * KIB }],
    ["name after the other", { each: 1200 * KIB, loops: 2, kept: 48 * MIB }],
    ["large file that is not read", {
      count: 1000, each: 28 * KIB, program: SOAKED, environment: largeFiles, kept: 40 * MIB, ends: true, turns: 0.5,
    }],
    ["small file after the other", { each: 300 * KIB, program: "chat" }],
    ["session after the other", { each: (100_000 * KIB) / 64, loops: 2, kept: 48 * MIB }],
    ["poll that is abandoned", { each: 64 * KIB }],
    ["route after the other", { each: 300 * KIB }],
    ["work after the other", { each: 300 * KIB }],
    ["body of a route that lacks a byte", { each: 1100 * KIB }],
    ["later answers that are not read", { each: 400 * KIB }],
    ["answer that is abandoned", { each: 64 * KIB }],
    ["large message that ends with others", { each: 256 * KIB, loops: 2, kept: 32 * MIB }],
    ["listener of one who shouts", { count: LISTENERS, each: 1200 * KIB }],
  ];
  for (const [kind, options] of attacks) {
    it(kind, (t) => attack(t, idle, kind, options));
  }
});
