// Clients that send without pause, and what others on the same loop notice of it: a client that is quiet, and one
// that comes anew. What they notice is printed beside what they notice of an idle server at the same time, and judged
// as tests/helpers/fairness.mjs says.

import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { attackers, check, compare, quietClient, show } from "../helpers/fairness.mjs";
import { RawConnection } from "../helpers/raw.mjs";
import { start } from "../helpers/server.mjs";

const FLOODER = new URL("../helpers/flooder.mjs", import.meta.url);
const HEARTBEATS = 200; // so many that a 99th percentile is not the one worst of them
const NEWCOMERS = 100;
const HEALTH = "GET /healthz HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n";

async function knock(t, server) {
  const raw = await RawConnection.open(t, server);
  raw.send(HEALTH);
  const { status } = await raw.response();
  assert.equal(status, 200);
  raw.tcp.destroy();
}

async function attack(t, kind, count) {
  const options = { args: ["--loops", "1", "--log", "none"] };
  const servers = await Promise.all([start("conformance", options), start("conformance", options)]);
  t.after(() => Promise.all(servers.map((server) => server.kill())));
  const heartbeats = await Promise.all(servers.map((server) => quietClient(t, server)));
  const ask = await attackers(t, FLOODER, servers[0], kind, count);

  const quiet = await compare(servers, heartbeats, HEARTBEATS);
  const anew = await compare(servers, servers.map((server) => () => knock(t, server)), NEWCOMERS);
  const { answered: bytes } = await ask();

  t.diagnostic(`${count} × ${kind}: p50 / p99 of a heartbeat ${show(quiet[0])} (idle server ${show(quiet[1])}), ` +
    `of a new connection ${show(anew[0])} (${show(anew[1])})`);
  check(quiet[0], "a heartbeat");
  check(anew[0], "a new connection", 2); // one turn accepts it, the next reads its request
  assert.ok(Math.min(...bytes) > 0, `of ${count} flooders some had no answer`);
}

const COUNTS = [1, 4, 12, 64];
const FLOODS = { ping: COUNTS, heartbeat: COUNTS, request: COUNTS, join: COUNTS, fragment: [64], "empty fragment": [64] };

for (const [kind, counts] of Object.entries(FLOODS)) {
  describe(`clients that send a ${kind} after the other without pause`, () => {
    for (const count of counts) {
      it(`hold nobody up when they are ${count}`, (t) => attack(t, kind, count));
    }
  });
}
