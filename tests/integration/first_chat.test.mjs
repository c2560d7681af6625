// The README's chat, as it is written there: its server, and its client in node.

import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { readFileSync } from "node:fs";
import { describe, it } from "node:test";
import { fileURLToPath } from "node:url";
import { startAnywhere } from "../helpers/fixed_port.mjs";
import { within } from "../helpers/wait.mjs";

const ROOT = fileURLToPath(new URL("../../", import.meta.url));
const code = readFileSync(new URL("../../examples/01_chat.mjs", import.meta.url), "utf8");

// In this tree, so that node finds the packages. It runs until it is ended.
function client(t, port) {
  const here = code.replace("localhost:4000", `127.0.0.1:${port}`);
  assert.notEqual(here, code);
  const child = spawn("node", ["--input-type=module", "-e", here], { cwd: ROOT, stdio: ["ignore", "pipe", "inherit"] });
  t.after(() => child.kill("SIGKILL"));
  let text = "";
  const said = (wanted) =>
    within(
      new Promise((resolve) => child.stdout.setEncoding("utf8").on("data", (more) => (text += more).includes(wanted) && resolve())),
      `the client to print ${wanted}`,
      15_000,
    );
  return { said, text: () => text };
}

describe("the README's chat", () => {
  it("answers the README's client, by WebSocket whatever node has", async (t) => {
    const server = await startAnywhere(t, "01_chat");
    const first = client(t, server.port);
    await first.said("hello\n");
    const second = client(t, server.port);
    await Promise.all([first.said("hello\nhello\n"), second.said("hello\n")]);
    assert.deepEqual(server.requests.map((line) => line.split("?")[0]), Array(2).fill("GET /socket/websocket"));
  });

  it("has a page, though it is told of none", async (t) => {
    const server = await startAnywhere(t, "01_chat");
    for (const [file, type] of [["", "text/html"], ["phoenix.mjs", "text/javascript"]]) {
      const answer = await fetch(`${server.url}/${file}`);
      assert.equal(answer.status, 200);
      assert.ok(answer.headers.get("content-type").startsWith(type));
      await answer.arrayBuffer();
    }
  });
});
