// nginx and HAProxy in front of a server, with the very files of docs/deployment: only their ports, their paths and the
// server's address are put in. And clients that trust their certificate, from any address of this machine.

import assert from "node:assert/strict";
import { execFileSync, spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import https from "node:https";
import net from "node:net";
import { tmpdir } from "node:os";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { WebSocket } from "ws";
import { within } from "./wait.mjs";

export const DOCS = fileURLToPath(new URL("../../docs/deployment/", import.meta.url));
const PATH = `${process.env.PATH}:/usr/sbin`; // where a user's shell may not look

const running = new Set();
process.on("exit", () => running.forEach(killGroup));

function killGroup(child) {
  try {
    process.kill(-child.pid, "SIGKILL");
  } catch {
    // gone already
  }
}

// Each text must be there: a file that has changed must not be run unchanged.
function replace(text, changes) {
  for (const [from, to] of changes) {
    assert.ok(text.includes(from), `"${from}" is no longer in the configuration`);
    text = text.replaceAll(from, to);
  }
  return text;
}

// Of each program: how to see that it is there, its file, what is put into that (`ports` are [http, https]; the two
// sockets are passed as descriptors 3 and 4), and how it is started so that it stays in the foreground.
const PROGRAMS = {
  nginx: {
    look: ["-v"],
    file: "nginx.conf",
    changes: ({ directory, ports, server }) => [
      ["/run/nginx.pid", `${directory}/nginx.pid`],
      ["/var/log/nginx/", `${directory}/`],
      ["/etc/ssl/pinion/", `${directory}/`],
      [":4000;", `:${server.port};`],
      ["listen [::]:80;", ""],
      ["listen [::]:443 ssl;", ""],
      ["listen 80;", `listen 127.0.0.1:${ports[0]};`],
      ["listen 443 ssl;", `listen 127.0.0.1:${ports[1]} ssl;`],
      ["http {", `http {\n${nginxDirectories(directory)}`],
    ],
    args: (file) => ["-e", "stderr", "-g", "daemon off;", "-c", file],
    env: { NGINX: "3;4;" },
    log: "access.log",
  },
  haproxy: {
    look: ["-v"],
    file: "haproxy.cfg",
    changes: ({ directory, server }) => [
      ["log /dev/log local0", "log stdout format raw local0"],
      ["maxconn 60000", "maxconn 1000"], // it does not start where it may not have so many descriptors
      ["/etc/haproxy/", `${directory}/`],
      ["127.0.0.1:4000", `127.0.0.1:${server.port}`],
      ["bind :80", "bind fd@3"],
      ["bind :443", "bind fd@4"],
    ],
    args: (file) => ["-db", "-f", file],
  },
};

// Those of the distribution are root's.
function nginxDirectories(directory) {
  const kinds = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"];
  return kinds.map((kind) => `    ${kind}_temp_path ${directory}/${kind};\n`).join("");
}

// Why it cannot be run here, or false.
export function missing(name) {
  const { status } = spawnSync(name, PROGRAMS[name].look, { env: { ...process.env, PATH } });
  return status === 0 ? false : `no ${name}`;
}

function makeCertificate(directory) {
  const [key, certificate] = ["key.pem", "fullchain.pem"].map((name) => path.join(directory, name));
  const subject = ["-subj", "/CN=pinion", "-addext", "subjectAltName=IP:127.0.0.1"];
  const kind = ["-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2"];
  execFileSync("openssl", ["req", ...kind, ...subject, "-keyout", key, "-out", certificate], { stdio: "pipe" });
  const ca = readFileSync(certificate, "utf8");
  writeFileSync(path.join(directory, "pinion.pem"), ca + readFileSync(key, "utf8"));
  return ca;
}

async function listener() {
  const socket = net.createServer().listen(0, "127.0.0.1");
  await once(socket, "listening");
  return socket;
}

// Starts it in front of `server`. `also` are further changes to its file, [from, to] each.
//   url, port  of https; httpUrl of the other port
//   ca         the certificate, to be trusted
//   log()      what it has logged of requests
//   stop()     waits for its end, and leaves nothing behind
export async function startTlsProxy(name, server, { also = [] } = {}) {
  const { file, changes, args, env, log } = PROGRAMS[name];
  const directory = mkdtempSync(path.join(tmpdir(), `pinion-${name}-`));
  chmodSync(directory, 0o711); // nginx changes its user
  const ca = makeCertificate(directory);
  const sockets = [await listener(), await listener()];
  const ports = sockets.map((socket) => socket.address().port);
  const given = replace(readFileSync(path.join(DOCS, file), "utf8"), also);
  const own = path.join(directory, file);
  writeFileSync(own, replace(given, changes({ directory, ports, server })));

  const child = spawn(name, args(own), {
    detached: true,
    env: { ...process.env, ...env, PATH },
    stdio: ["ignore", "pipe", "pipe", ...sockets.map((socket) => socket._handle.fd)],
  });
  running.add(child);
  sockets.forEach((socket) => socket.close());
  let output = "";
  for (const stream of [child.stdout, child.stderr]) stream.setEncoding("utf8").on("data", (text) => (output += text));
  const exited = once(child, "close");

  async function stop() {
    child.kill("SIGTERM");
    try {
      await within(exited, `${name} to end`);
    } finally {
      killGroup(child);
      running.delete(child);
      rmSync(directory, { recursive: true });
    }
  }

  const proxy = {
    url: `https://127.0.0.1:${ports[1]}`,
    port: ports[1],
    httpUrl: `http://127.0.0.1:${ports[0]}`,
    ca,
    log: () => (log ? readFileSync(path.join(directory, log), "utf8") : output),
    stop,
  };
  try {
    await within(get(proxy, "/"), `${name} to answer`); // until then connections wait in its sockets
  } catch (error) {
    await stop();
    throw new Error(`${name} does not serve (${error.message}):\n${output}`);
  }
  return proxy;
}

function get(proxy, target) {
  const fetch = fetchFrom(proxy);
  return fetch(`${proxy.url}${target}`).finally(() => fetch.end());
}

// ---- clients: from an address, with an Origin and other headers

// For phoenix.js, in place of the global WebSocket.
export function webSocketFrom({ ca }, { address, origin, headers } = {}) {
  return class extends WebSocket {
    constructor(url, protocols) {
      super(url, protocols, { ca, localAddress: address, origin, headers });
    }
  };
}

// In place of the global fetch, as far as it is needed; end() closes its connections.
export function fetchFrom({ ca }, { address, origin, headers } = {}) {
  const agent = new https.Agent({ keepAlive: true, ca, localAddress: address });
  const own = { ...(origin && { origin }), ...headers };

  async function fetch(url, { method = "GET", headers = {}, body, signal } = {}) {
    const all = { ...headers, ...own, ...(body && { "content-length": Buffer.byteLength(body) }) };
    const request = https.request(url, { method, headers: all, agent, signal });
    request.end(body);
    const [response] = await once(request, "response");
    const bytes = Buffer.concat(await response.toArray());
    return new Response([101, 204, 304].includes(response.statusCode) ? null : bytes, {
      status: response.statusCode,
      headers: Object.entries(response.headers).map(([name, value]) => [name, String(value)]),
    });
  }
  fetch.end = () => agent.destroy();
  return fetch;
}
