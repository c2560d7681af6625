// The units in packaging/: that they say what the programs understand, and systemd's own opinion of them.

import assert from "node:assert/strict";
import { execFileSync, spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { describe, it } from "node:test";
import { fileURLToPath } from "node:url";
import { programFile } from "../helpers/server.mjs";

const folder = fileURLToPath(new URL("../../packaging/", import.meta.url));
const units = readdirSync(folder).filter((name) => /\.(service|socket)$/.test(name));
const text = (unit) => readFileSync(path.join(folder, unit), "utf8");

// [section, key, value] of each setting.
function settings(unit) {
  let section = null;
  const found = [];
  for (const line of text(unit).split("\n")) {
    if (line === "" || line.startsWith("#")) continue;
    const heading = /^\[([A-Z]\w*)\]$/.exec(line);
    const setting = /^([A-Z]\w*)=(\S.*)?$/.exec(line);
    assert.ok(heading || (setting && section), `${unit}: "${line}" is neither a section nor a setting in one`);
    if (heading) section = heading[1];
    else found.push([section, setting[1], setting[2] ?? ""]);
  }
  return found;
}

function values(unit, key) {
  return settings(unit).filter(([, name]) => name === key).map(([, , value]) => value);
}

// systemd-analyze looks for the program: the one that was built stands in for it.
function verify(t) {
  const directory = mkdtempSync(path.join(tmpdir(), "pinion-units-"));
  t.after(() => rmSync(directory, { recursive: true }));
  const files = units.map((unit) => {
    const file = path.join(directory, unit);
    writeFileSync(file, text(unit).replaceAll("/usr/local/bin/pinion-chat", programFile("chat")));
    return file;
  });
  return spawnSync("systemd-analyze", ["verify", "--man=no", ...files], { encoding: "utf8" });
}

const noAnalyze = spawnSync("systemd-analyze", ["--version"]).status === 0 ? false : "no systemd-analyze";

describe("the units", () => {
  it("are a service and its socket, of sections and settings", () => {
    assert.deepEqual(units.sort(), ["pinion-chat.service", "pinion-chat.socket"]);
    for (const unit of units) assert.ok(settings(unit).length > 2);
  });

  it("start the chat with options that it has", () => {
    const [command, ...others] = values("pinion-chat.service", "ExecStart");
    assert.deepEqual(others, []);
    const help = execFileSync(programFile("chat"), ["--help"], { encoding: "utf8" });
    const options = command.match(/--\w+/g);
    assert.ok(options.includes("--supervise"));
    for (const option of options) assert.ok(help.includes(`  ${option} `), `the chat has no ${option}`);
  });

  it("name the same port", () => {
    const [command] = values("pinion-chat.service", "ExecStart");
    assert.deepEqual(values("pinion-chat.socket", "ListenStream"), [/--port (\d+)/.exec(command)[1]]);
  });

  it("let the supervisor stop its child first", () => {
    assert.deepEqual(values("pinion-chat.service", "KillMode"), ["mixed"]);
    assert.ok(Number(values("pinion-chat.service", "TimeoutStopSec")[0]) > 30);
  });

  it("are what systemd understands", { skip: noAnalyze }, (t) => {
    const { status, stdout, stderr } = verify(t);
    assert.equal(`${stdout}${stderr}`, "");
    assert.equal(status, 0);
  });
});
