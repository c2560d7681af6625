// Requests whose end a proxy may see elsewhere: each is refused, and what is behind it is no request.

import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { RawConnection } from "../helpers/raw.mjs";
import { serve } from "../helpers/server.mjs";
import { within } from "../helpers/wait.mjs";

const BEHIND = "GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n";
const post = (...headers) => `${["POST / HTTP/1.1", "Host: x", ...headers].join("\r\n")}\r\n\r\n`;

const PAIRS = {
  "a length and chunks": `${post("Content-Length: 5", "Transfer-Encoding: chunked")}0\r\n\r\n`,
  "chunks and a length": `${post("Transfer-Encoding: chunked", "Content-Length: 5")}0\r\n\r\n`,
  "two lengths": post("Content-Length: 0", `Content-Length: ${BEHIND.length}`),
  "the same length twice": post("Content-Length: 0", "Content-Length: 0"),
  "a length in a list": post("Content-Length: 0, 0"),
  "a length of 2^64": post("Content-Length: 18446744073709551616"),
  "chunked twice": `${post("Transfer-Encoding: chunked", "Transfer-Encoding: chunked")}0\r\n\r\n`,
  "chunked, not last": `${post("Transfer-Encoding: chunked, identity")}0\r\n\r\n`,
  "a folded header": post("X: y", " Content-Length: 0"),
  "a bare line feed": post("X: y\nContent-Length: 0"),
  "a bare carriage return": post("X: y\rContent-Length: 0"),
  "white space before the colon": post("Content-Length : 0"),
  "chunks by HTTP/1.0": `${post("Transfer-Encoding: chunked").replace("1.1", "1.0")}0\r\n\r\n`,
  "a chunk of 2^64 bytes": `${post("Transfer-Encoding: chunked")}10000000000000000\r\n`,
  "a chunk size with a sign": `${post("Transfer-Encoding: chunked")}+0\r\n\r\n`,
};

describe("a request with an ambiguous end is the last one of its connection:", { concurrency: 16 }, () => {
  const server = serve("conformance");

  // The statuses of all answers, once the connection has ended.
  async function answers(t, bytes) {
    const raw = await RawConnection.open(t, server);
    let got = "";
    raw.tcp.on("data", (chunk) => (got += chunk.toString("latin1")));
    raw.send(bytes + BEHIND);
    await raw.response();
    raw.tcp.end();
    await within(raw.closed, "the end of the connection");
    return [...got.matchAll(/HTTP\/1\.1 (\d+)/g)].map(([, status]) => Number(status));
  }

  for (const [name, bytes] of Object.entries(PAIRS)) {
    it(name, async (t) => {
      const [status, ...others] = await answers(t, bytes);
      assert.ok([400, 405, 501].includes(status), `answered with ${status}`);
      assert.deepEqual(others, []);
    });
  }

  it("which others are not", async (t) => {
    assert.deepEqual(await answers(t, post("Content-Length: 0")), [405, 200]);
  });
});
