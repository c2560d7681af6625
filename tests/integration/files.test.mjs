// Files as browsers and caches ask for them.

import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync, utimesSync, writeFileSync } from "node:fs";
import http from "node:http";
import { tmpdir } from "node:os";
import path from "node:path";
import { buffer } from "node:stream/consumers";
import { after, describe, it } from "node:test";
import { fileURLToPath } from "node:url";
import { brotliCompressSync, brotliDecompressSync, gunzipSync, gzipSync } from "node:zlib";
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
      assert.deepEqual([answer.status, answer.headers.allow], [405, "GET, HEAD, OPTIONS"]);
    }
  });
});

// The files of a function's own (07_http): GET /downloads/NAME, from a directory of the tests'.
describe("downloads", () => {
  const directory = mkdtempSync(path.join(tmpdir(), "pinion-downloads-"));
  after(() => rmSync(directory, { recursive: true }));
  mkdirSync(path.join(directory, "downloads"));
  const env = { PINION_SECRET_KEY_BASE: "a secret of the tests, as long as one should be at the least: 64 bytes" };
  const server = serve("07_http", { cwd: directory, env });
  const changed = new Date("1994-11-06T08:49:37Z");

  function put(name, bytes, time = changed) {
    const file = path.join(directory, "downloads", name);
    writeFileSync(`${file}.new`, bytes);
    utimesSync(`${file}.new`, time, time);
    renameSync(`${file}.new`, file);
  }

  // {status, headers, body} of a request of node's client.
  async function get(name, headers = {}, method = "GET") {
    const request = http.request(`${server.url}/downloads/${name}`, { method, headers, agent: false }).end();
    const [response] = await once(request, "response");
    return { status: response.statusCode, headers: response.headers, body: await buffer(response) };
  }

  // The first bytes of a download that is then cut: its headers, and at least this many bytes.
  async function begin(name, length) {
    const request = http.request(`${server.url}/downloads/${name}`, { agent: false }).end();
    const [response] = await once(request, "response");
    const parts = [];
    let came = 0;
    for await (const part of response) {
      parts.push(part);
      came += part.length;
      if (came >= length) break;
    }
    request.destroy();
    return { headers: response.headers, part: Buffer.concat(parts) };
  }

  it("are sent whole, to be saved", async () => {
    put("ten.txt", "0123456789");
    const { status, headers, body } = await get("ten.txt");
    assert.deepEqual([status, String(body)], [200, "0123456789"]);
    assert.equal(headers["last-modified"], changed.toUTCString());
    assert.equal(headers["accept-ranges"], "bytes");
    assert.equal(headers["content-disposition"], "attachment");
    assert.equal(headers["cache-control"], "max-age=0, private, must-revalidate");
    assert.equal((await get("none.txt")).status, 404);
    assert.equal((await get("..%2f..%2fetc%2fpasswd")).status, 404);
  });

  it("go on where they were cut", async () => {
    const all = randomBytes(5_000_000);
    put("large.bin", all);
    for (const by of ["etag", "last-modified"]) {
      const { headers, part } = await begin("large.bin", 1_000_000);
      const rest = await get("large.bin", { Range: `bytes=${part.length}-`, "If-Range": headers[by] });
      assert.equal(rest.status, 206, by);
      assert.equal(rest.headers["content-range"], `bytes ${part.length}-${all.length - 1}/${all.length}`);
      assert.ok(Buffer.concat([part, rest.body]).equals(all), by);
    }
  });

  it("begin again when the file has changed in between", async () => {
    const [one, other] = [randomBytes(5_000_000), randomBytes(5_000_000)];
    put("large.bin", one);
    for (const by of ["etag", "last-modified"]) {
      put("large.bin", one);
      const { headers, part } = await begin("large.bin", 1_000_000);
      put("large.bin", other, new Date(changed.getTime() + 1000));
      const whole = await get("large.bin", { Range: `bytes=${part.length}-`, "If-Range": headers[by] });
      assert.equal(whole.status, 200, by);
      assert.ok(whole.body.equals(other), by);
    }
  });

  it("get the old file to its end when another one is put in its place", async () => {
    const [one, other] = [randomBytes(20_000_000), randomBytes(1000)];
    put("large.bin", one);
    const request = http.request(`${server.url}/downloads/large.bin`, { agent: false }).end();
    const [response] = await once(request, "response");
    put("large.bin", other);
    assert.ok((await buffer(response)).equals(one));
  });

  it("are not sent to who has them, or wants another one", async () => {
    put("ten.txt", "0123456789");
    const { headers } = await get("ten.txt");
    const date = headers["last-modified"];
    const statuses = [
      [{ "If-None-Match": headers.etag }, 304],
      [{ "If-None-Match": `"x", W/${headers.etag}` }, 304],
      [{ "If-Modified-Since": date }, 304],
      [{ "If-Modified-Since": "Sunday, 06-Nov-94 08:49:37 GMT" }, 304],
      [{ "If-Modified-Since": "Sun Nov  6 08:49:37 1994" }, 304],
      [{ "If-Modified-Since": "nonsense" }, 200],
      [{ "If-None-Match": '"x"', "If-Modified-Since": date }, 200],
      [{ "If-Match": '"x"' }, 412],
      [{ "If-Match": headers.etag, Range: "bytes=1-2" }, 206],
      [{ "If-Unmodified-Since": "Sun, 06 Nov 1994 08:49:36 GMT" }, 412],
      [{ Range: "bytes=10-" }, 416],
      [{ Range: "bytes=0-1,3-4" }, 200],
    ];
    for (const [asked, status] of statuses) {
      const answer = await get("ten.txt", asked);
      assert.equal(answer.status, status, JSON.stringify(asked));
      if (status >= 300) assert.equal(answer.body.length, 0);
    }
    assert.equal((await get("ten.txt", { Range: "bytes=10-" })).headers["content-range"], "bytes */10");
    const head = await get("ten.txt", {}, "HEAD");
    assert.deepEqual([head.status, head.headers["content-length"], head.body.length], [200, "10", 0]);
  });

  it("come compressed to who takes that", async () => {
    const text = "a line of the script\n".repeat(1000);
    put("app.js", text);
    put("app.js.gz", gzipSync(text));
    put("app.js.br", brotliCompressSync(text));
    const open = { br: brotliDecompressSync, gzip: gunzipSync };
    const tags = new Set();
    for (const [accepted, coding] of [["gzip, deflate, br", "br"], ["gzip", "gzip"], ["br;q=0.1, gzip", "gzip"], ["identity", undefined], [undefined, undefined]]) {
      const { headers, body } = await get("app.js", accepted ? { "Accept-Encoding": accepted } : {});
      assert.equal(headers["content-encoding"], coding);
      assert.equal(headers.vary, "accept-encoding");
      assert.equal(headers["content-type"], "text/javascript; charset=utf-8");
      assert.equal(String(coding ? open[coding](body) : body), text);
      tags.add(headers.etag);
    }
    assert.equal(tags.size, 3);
    put("app.js", `${text}more`, new Date(changed.getTime() + 1));
    const { headers, body } = await get("app.js", { "Accept-Encoding": "gzip, br" });
    assert.deepEqual([headers["content-encoding"], headers.vary, String(body)], [undefined, undefined, `${text}more`]);
  });
});
