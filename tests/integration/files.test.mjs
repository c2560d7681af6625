// Files as browsers and caches ask for them.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { describe, it } from "node:test";
import { fileURLToPath } from "node:url";
import { RawConnection } from "../helpers/raw.mjs";
import { serve } from "../helpers/server.mjs";

const css = readFileSync(fileURLToPath(new URL("../../examples/chat/static/chat.css", import.meta.url)), "utf8");

describe("files", () => {
  const server = serve("chat");

  // Requests on one connection: {status, headers, body} of each.
  async function ask(t, ...requests) {
    const raw = await RawConnection.open(t, server);
    const answers = [];
    for (const { method = "GET", target = "/chat.css", ...headers } of requests) {
      const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`);
      raw.send(`${method} ${target} HTTP/1.1\r\nHost: x\r\n${lines.join("")}\r\n`);
      answers.push(await raw.response({ headOnly: method === "HEAD" }));
    }
    return answers;
  }

  it("come whole, with a tag to ask again by", async (t) => {
    const [first, second] = await ask(t, {}, {});
    assert.equal(first.body, css);
    assert.equal(second.body, css);
    assert.match(first.headers.etag, /^"[^"]+"$/);
    assert.equal(first.headers.etag, second.headers.etag);
    assert.equal(first.headers["cache-control"], "no-cache");
  });

  it("are not sent again to who has them", async (t) => {
    const [{ headers }] = await ask(t, {});
    const tags = [headers.etag, `W/${headers.etag}`, `"other", ${headers.etag}`, "*"];
    for (const tag of tags) {
      const [answer, next] = await ask(t, { "If-None-Match": tag }, {});
      assert.deepEqual([answer.status, answer.body, answer.headers.etag], [304, "", headers.etag], tag);
      assert.equal(answer.headers["content-length"], undefined);
      assert.equal(next.body, css);
    }
    const [other] = await ask(t, { "If-None-Match": '"other"' });
    assert.deepEqual([other.status, other.body], [200, css]);
  });

  it("are described by HEAD, without a body", async (t) => {
    const [get, head, known, missing, next] = await ask(
      t, {}, { method: "HEAD" }, { method: "HEAD", "If-None-Match": "*" }, { method: "HEAD", target: "/none" }, {},
    );
    for (const name of ["content-length", "content-type", "etag"]) assert.equal(head.headers[name], get.headers[name]);
    assert.deepEqual([head.status, known.status, missing.status], [200, 304, 404]);
    assert.equal(next.body, css);
  });

  it("take no other methods, and say which", async (t) => {
    for (const target of ["/chat.css", "/none"]) {
      const [answer] = await ask(t, { method: "DELETE", target });
      assert.deepEqual([answer.status, answer.headers.allow], [405, "GET, HEAD"]);
    }
  });
});
