// A calendar that jumps, as when a machine's clock is set: nothing that waits, waits any longer or shorter for it.

import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { describe, it } from "node:test";
import { launchBroker, missing } from "../helpers/brokers.mjs";
import { Calendar } from "../helpers/calendar.mjs";
import { connect, join, refusal } from "../helpers/phoenix.mjs";
import { start } from "../helpers/server.mjs";

const HOUR_MS = 3_600_000;

function temporary(t) {
  const directory = mkdtempSync(path.join(tmpdir(), "pinion-calendar-"));
  t.after(() => rmSync(directory, { recursive: true }));
  return directory;
}

// A node whose calendar is off.
async function startWith(t, calendar, args) {
  const server = await start("../tests/helpers/soaked", { args, env: { PINION_CALENDAR: calendar.file } });
  t.after(() => server.stop());
  return server;
}

function calendarIn(t, directory) {
  const calendar = new Calendar(path.join(directory, "calendar"));
  t.after(() => calendar.close());
  return calendar;
}

describe("a calendar that jumps", () => {
  it("is the program's calendar", async (t) => {
    const calendar = calendarIn(t, temporary(t));
    const server = await startWith(t, calendar, []);
    for (const off of [HOUR_MS, -24 * HOUR_MS, 0]) {
      calendar.set(off);
      const { headers } = await fetch(`${server.url}/healthz`);
      const wrong = Date.parse(headers.get("date")) - Date.now() - off;
      assert.ok(Math.abs(wrong) < HOUR_MS / 2, `${headers.get("date")} is off by ${wrong} ms beside ${off}`);
    }
  });

  it("does not keep the broker's refusals waiting", { skip: missing("nats") }, async (t) => {
    const directory = temporary(t);
    const file = path.join(directory, "nats.conf");
    const permissions = '{ subscribe: ["pinion.all", "pinion.nodes", "pinion.node.>", "pinion.topic.room:open"], publish: [">"] }';
    writeFileSync(file, `authorization { users = [ { user: ann, password: pw, permissions: ${permissions} } ] }\n`);
    const broker = await launchBroker("nats", ["-c", file]);
    t.after(() => broker.kill());
    const calendar = calendarIn(t, directory);
    const server = await startWith(t, calendar, ["--pubsub", `nats://ann:pw@127.0.0.1:${broker.port}?topics=1`]);
    const socket = await connect(t, server);
    calendar.set(HOUR_MS);
    assert.deepEqual(await refusal(socket, "room:secret"), ["error", { reason: "unavailable" }]);
    await join(socket, "room:open");
  });
});
