// Request heads beside nginx, over the corpus of fuzz_http1: what we take, nginx takes, but for what is listed here with its
// reason. That we refuse more than nginx does is on purpose: src/proto/http1.h says why.

import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import net from "node:net";
import { tmpdir } from "node:os";
import path from "node:path";
import { after, before, describe, it } from "node:test";
import { setTimeout as elapse } from "node:timers/promises";
import { freePort } from "../helpers/brokers.mjs";
import { judged } from "../helpers/corpus.mjs";
import { missing } from "../helpers/tls_proxy.mjs";
import { within } from "../helpers/wait.mjs";

const ENV = { ...process.env, PATH: `${process.env.PATH}:/usr/sbin` };

// What we take and nginx refuses, and why that is right.
const LAXER = {
  "a method is any token (RFC 9110 section 9.1); one that nobody knows is answered 501": (line) => !/^[A-Z_-]+ /.test(line),
  "a target may be an asterisk (RFC 9112 section 3.2.4)": (line) => / \* HTTP/.test(line),
  "a Host may be empty (RFC 9112 section 3.2)": (line, head) => /\r\nhost:[ \t]*\r\n/i.test(head),
  "a host may be any name of RFC 3986, section 3.2.2": (line) => /^\S+ http:\/\/[^/ ]*[%;]/.test(line),
  "a path's escapes are looked at where it is decoded": (line) => /%(?![0-9a-f]{2})/i.test(line),
};

function reasonFor(bytes) {
  const head = bytes.toString("latin1").replace(/^\r\n/, "");
  const line = head.split("\r\n", 1)[0];
  return Object.keys(LAXER).find((reason) => LAXER[reason](line, head));
}

function configuration(directory, port) {
  const kinds = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"];
  return `pid ${directory}/pid; events {} http { access_log off;
    ${kinds.map((kind) => `${kind}_temp_path ${directory}/${kind};`).join(" ")}
    server { listen 127.0.0.1:${port}; location / { return 200 "seen $request_method $request_uri"; } } }`;
}

// What nginx answers: a status, or "more" when it waits for the rest.
async function ask(port, bytes) {
  const socket = net.connect(port, "127.0.0.1");
  const chunks = [];
  socket.on("data", (chunk) => chunks.push(chunk));
  socket.on("error", () => {}); // it is not up yet, or resets what it has not read
  const closed = new Promise((resolve) => socket.once("close", resolve));
  socket.end(bytes);
  await within(closed, "nginx to close");
  const text = Buffer.concat(chunks).toString("latin1");
  return text === "" ? "more" : (/^HTTP\/1\.1 (\d+)/.exec(text)?.[1] ?? "no status");
}

describe("heads as nginx reads them", { skip: missing("nginx") }, () => {
  const nginx = {};

  before(async () => {
    nginx.directory = mkdtempSync(path.join(tmpdir(), "pinion-nginx-"));
    nginx.port = await freePort();
    const file = path.join(nginx.directory, "nginx.conf");
    writeFileSync(file, configuration(nginx.directory, nginx.port));
    nginx.child = spawn("nginx", ["-e", "stderr", "-g", "daemon off;", "-c", file], { env: ENV, stdio: "ignore" });
    const up = async () => {
      while ((await ask(nginx.port, "GET / HTTP/1.0\r\n\r\n")) !== "200") await elapse(20);
    };
    await within(up(), "nginx to be ready");
  });

  after(async () => {
    nginx.child.kill("SIGTERM");
    await within(once(nginx.child, "close"), "nginx to end");
    rmSync(nginx.directory, { recursive: true });
  });

  for (const { name, bytes, verdict } of judged("http1", "http")) {
    it(name, async () => {
      const answer = await ask(nginx.port, bytes);
      if (verdict.startsWith("taken") && answer !== "200") assert.ok(reasonFor(bytes), `nginx answers ${answer}`);
    });
  }
});
