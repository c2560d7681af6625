// Routes of the application, asked by node's clients and by raw bytes. What is refused is in tests/vectors/routes.json.

import assert from "node:assert/strict";
import { once } from "node:events";
import http from "node:http";
import { describe, it } from "node:test";
import { open } from "../helpers/phoenix.mjs";
import { RawConnection } from "../helpers/raw.mjs";
import { serve } from "../helpers/server.mjs";
import { within } from "../helpers/wait.mjs";

const MIB = 1024 * 1024;
const post = (body, headers = "") => `POST /api/echo HTTP/1.1\r\nHost: x\r\n${headers}\r\n${body}`;
const sized = (body, headers = "") => post(body, `Content-Length: ${Buffer.byteLength(body)}\r\n${headers}`);
const get = (path, headers = "") => `GET ${path} HTTP/1.1\r\nHost: x\r\n${headers}\r\n`;

describe("routes", { concurrency: 8 }, () => {
  const server = serve("conformance");
  const ask = (path, options) => fetch(server.url + path, options);

  describe("by fetch", { concurrency: 8 }, () => {
    it("have the body and its type as they came", async () => {
      const bytes = Buffer.from(Array.from({ length: 256 }, (_, i) => i));
      const answer = await ask("/api/echo", { method: "POST", body: bytes, headers: { "content-type": "application/x-bytes" } });
      assert.equal(answer.status, 200);
      assert.equal(answer.headers.get("content-type"), "application/x-bytes");
      assert.deepEqual(Buffer.from(await answer.arrayBuffer()), bytes);
    });

    it("have a body of 1 MiB, and no larger one", async () => {
      const body = "b".repeat(MIB);
      const whole = await ask("/api/echo", { method: "POST", body });
      assert.equal(await whole.text(), body);
      const refused = await ask("/api/echo", { method: "POST", body: `${body}b` });
      assert.equal(refused.status, 413);
    });

    it("have a body that comes in chunks", async () => {
      async function* chunks() {
        for (let i = 0; i < 20; i++) yield Buffer.from(`${i},`);
      }
      const answer = await ask("/api/echo", { method: "POST", body: chunks(), duplex: "half" });
      assert.equal(await answer.text(), Array.from({ length: 20 }, (_, i) => `${i},`).join(""));
    });

    it("have decoded parameters", async () => {
      const answer = await ask("/api/params/a%20%2Fb/c//d%C3%A4?x=1&y[]=%20&y[]=2&z[k]=v");
      assert.match(answer.headers.get("content-type"), /^application\/json/);
      assert.deepEqual(await answer.json(), { a: "a /b", "*": "c/dä", query: { x: "1", y: [" ", "2"], z: { k: "v" } } });
      assert.deepEqual(await (await ask("/api/params/1")).json(), { a: "1", "*": "", query: {} });
      for (const path of ["/api/params/%ff", "/api/params/a/%00", "/api/params/a?b=%ff"]) {
        assert.equal((await ask(path)).status, 400, path);
      }
    });

    it("have the headers", async () => {
      const answer = await ask("/api/headers", { headers: { "X-Some": "Thing", cookie: "a=1" } });
      const { host, "x-some": some, cookie } = await answer.json();
      assert.deepEqual([host, some, cookie], [`127.0.0.1:${server.port}`, "Thing", "a=1"]);
    });

    it("answer with any status, and 204 and 304 without a body", async () => {
      for (const status of [200, 201, 299, 404, 418, 500, 599]) {
        const answer = await ask(`/api/status/${status}`);
        assert.deepEqual([answer.status, await answer.text()], [status, "status"]);
      }
      for (const status of [204, 205, 304]) {
        const answer = await ask(`/api/status/${status}`);
        assert.deepEqual([answer.status, await answer.text()], [status, ""]);
      }
      assert.equal((await ask("/api/status/99")).status, 400);
    });

    it("answer later, from another thread and from work", async () => {
      const answers = await Promise.all([..."laterlater"].map((_, i) => ask(i % 2 ? "/api/later" : "/api/work")));
      const texts = await Promise.all(answers.map((answer) => answer.text()));
      assert.deepEqual(texts, Array.from({ length: 10 }, (_, i) => (i % 2 ? "later" : "worked")));
    });

    it("say which methods a path has", async () => {
      const refused = await ask("/api/echo", { method: "PUT" });
      assert.deepEqual([refused.status, refused.headers.get("allow")], [405, "POST, OPTIONS"]);
      const told = await ask("/api/headers", { method: "OPTIONS" });
      assert.deepEqual([told.status, told.headers.get("allow")], [204, "GET, HEAD, OPTIONS"]);
      assert.equal((await ask("/api/nothing", { method: "DELETE" })).status, 404);
    });

    it("answer HEAD as GET, without the body", async () => {
      const answer = await ask("/api/later", { method: "HEAD" });
      assert.deepEqual([answer.status, answer.headers.get("content-length"), await answer.text()], [200, "5", ""]);
    });
  });

  it("disconnect a user's sockets", async () => {
    const socket = await open(server, { params: { user_id: "ann" } });
    const closed = new Promise((resolve) => socket.onClose(resolve));
    const answer = await ask("/api/sockets/ann", { method: "DELETE" });
    assert.equal(answer.status, 204);
    await within(closed, "the socket to be closed");
    socket.disconnect();
  });

  it("go on with a body that was waited for", async () => {
    const agent = new http.Agent({ keepAlive: true, maxSockets: 1 });
    const ports = new Set();
    for (let i = 0; i < 3; i++) {
      const request = http.request(`${server.url}/api/echo`, { agent, method: "POST", headers: { expect: "100-continue", "content-length": 5 } });
      request.flushHeaders();
      await within(once(request, "continue"), "100 Continue");
      request.end("hello");
      const [response] = await within(once(request, "response"), "the answer");
      ports.add(response.socket.localPort);
      assert.equal((await response.toArray()).join(""), "hello");
    }
    agent.destroy();
    assert.equal(ports.size, 1);
  });

  describe("by raw bytes", { concurrency: 8 }, () => {
    it("answer what was sent at once, in order", async (t) => {
      const raw = await RawConnection.open(t, server);
      raw.send(sized("one") + get("/api/later") + post("3\r\ntwo\r\n0\r\n\r\n", "Transfer-Encoding: chunked\r\n") + get("/api/work") + sized("three"));
      const bodies = [];
      for (let i = 0; i < 5; i++) bodies.push((await raw.response()).body);
      assert.deepEqual(bodies, ["one", "later", "two", "worked", "three"]);
    });

    it("take a request byte by byte", async (t) => {
      const raw = await RawConnection.open(t, server);
      await raw.sendSlowly(post("5;x=y\r\nhello\r\n0\r\nT: v\r\n\r\n", "Transfer-Encoding: chunked\r\n"));
      assert.equal((await raw.response()).body, "hello");
    });

    it("answer a client that ends its side first", async (t) => {
      const raw = await RawConnection.open(t, server);
      raw.send(get("/api/later") + sized("behind"));
      raw.tcp.end();
      assert.equal((await raw.response()).body, "later");
      assert.equal((await raw.response()).body, "behind");
      await within(raw.closed, "the connection to end");
    });

    it("go on when a client goes before its answer", async (t) => {
      for (const request of [get("/api/later"), get("/api/work"), post("", "Content-Length: 100\r\n")]) {
        const raw = await RawConnection.open(t, server);
        raw.send(request);
        raw.tcp.resetAndDestroy();
      }
      assert.equal(await (await ask("/api/later")).text(), "later");
    });

    it("close a kept connection when they are asked to", async (t) => {
      const raw = await RawConnection.open(t, server);
      raw.send(get("/api/later", "Connection: close\r\n"));
      const { headers, body } = await raw.response();
      assert.deepEqual([headers.connection, body], ["close", "later"]);
      await within(raw.closed, "the connection to end");
    });
  });
});
