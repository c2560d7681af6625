// A program whose port is written into it, at a port of the test's own: it is passed a unix-domain socket, as by
// systemd, and TCP is carried there.

import { mkdtempSync, rmSync } from "node:fs";
import net from "node:net";
import { tmpdir } from "node:os";
import path from "node:path";
import { run } from "./server.mjs";

// {url, port, requests}; it ends with the test. `options` are those of run(); `requests` fills with the first line of each
// connection.
export async function startAnywhere(t, program, options = {}) {
  const directory = mkdtempSync(path.join(tmpdir(), "pinion-socket-"));
  t.after(() => rmSync(directory, { recursive: true }));
  const socket = path.join(directory, "socket");
  const { child, said } = run(program, { ...options, port: null, launch: ["--unix", socket, "--notify"] });
  t.after(() => child.kill("SIGKILL"));
  await said(/^notify \d+ READY=1$/m, "stdout");

  const open = new Set();
  const requests = [];
  const bridge = net.createServer((near) => {
    const far = net.connect(socket);
    near.once("data", (head) => requests.push(head.toString("latin1").split("\r\n", 1)[0]));
    for (const [one, other] of [[near, far], [far, near]]) {
      open.add(one);
      one.on("error", () => other.destroy());
      one.pipe(other);
    }
  });
  t.after(() => {
    for (const one of open) one.destroy();
    bridge.close();
  });
  await new Promise((resolve) => bridge.listen(0, "127.0.0.1", resolve));
  const { port } = bridge.address();
  return { url: `http://127.0.0.1:${port}`, port, requests };
}
