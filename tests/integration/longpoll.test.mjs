// Long polling as clients meet it: behind proxies that know no WebSockets, on many connections, with loss.

import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { LongPoll } from "phoenix";
import { connect, join } from "../helpers/phoenix.mjs";
import { startProxy } from "../helpers/proxy.mjs";
import { RawConnection } from "../helpers/raw.mjs";
import { serve, start } from "../helpers/server.mjs";
import { within } from "../helpers/wait.mjs";

// What a browser keeps for a tab.
function tabStorage() {
  const items = new Map();
  return { getItem: (key) => items.get(key) ?? null, setItem: (key, value) => items.set(key, String(value)) };
}

async function proxied(t, server, options) {
  const proxy = await startProxy(server, options);
  t.after(() => proxy.close());
  return proxy;
}

// A session by hand: poll(), post(...messages), each on a connection of its own.
async function session(t, server, query = "") {
  const base = `/socket/longpoll?vsn=2.0.0${query}`;
  const send = async (method, path, body = "") => {
    const raw = await RawConnection.open(t, server);
    const type = body && "Content-Type: application/x-ndjson\r\n";
    raw.send(`${method} ${path} HTTP/1.1\r\nHost: x\r\n${type}Content-Length: ${Buffer.byteLength(body)}\r\n\r\n${body}`);
    return { raw, answer: raw.response().then((response) => ({ ...response, json: JSON.parse(response.body) })) };
  };
  const { answer } = await send("GET", base);
  const { token } = (await answer).json;
  const path = `${base}&token=${token}`;
  const lines = (messages) => messages.map((message) => `${JSON.stringify(message)}\n`).join("");
  return {
    path,
    poll: () => send("GET", path),
    post: (...messages) => send("POST", path, lines(messages)),
    async messages() {
      const { json } = await (await send("GET", path)).answer;
      return json.messages.map((text) => JSON.parse(text));
    },
  };
}

describe("long polling", () => {
  const server = serve("conformance", { args: ["--loops", "2"] });

  it("allows the headers that are asked for in several fields", async (t) => {
    const raw = await RawConnection.open(t, server);
    const field = "Access-Control-Request-Headers";
    raw.send(`OPTIONS /socket/longpoll HTTP/1.1\r\nHost: x\r\n${field}: a, b\r\n${field}: c\r\n\r\n`);
    assert.equal((await raw.response()).headers["access-control-allow-headers"], "a, b, c");
  });

  for (const upgrades of ["refuse", "hang"]) {
    it(`is what phoenix.js falls back to where a proxy lets upgrades ${upgrades}`, async (t) => {
      const proxy = await proxied(t, server, { upgrades });
      const sessionStorage = tabStorage();
      const socket = await connect(t, proxy, { longPollFallbackMs: 300, sessionStorage });
      const { push, cast, events } = await join(socket, "room:fallback");
      assert.deepEqual(await push("echo", { n: 1 }), ["ok", { n: 1 }]);
      cast("new_msg", { body: "x" });
      assert.deepEqual(await events("new_msg").next(), { body: "x", transport: ":longpoll" });
      assert.equal(socket.transport, LongPoll);
    });
  }

  it("shares rooms with WebSockets", async (t) => {
    const one = await join(await connect(t, server), "room:mixed");
    const other = await join(await connect(t, server, { transport: LongPoll }), "room:mixed");
    for (let n = 0; n < 20; n++) one.cast("shout", { n });
    for (let n = 0; n < 20; n++) assert.deepEqual(await other.events("shout").next(), { n });
    other.cast("shout", { back: true });
    assert.deepEqual(await one.events("shout").next(), { n: 0 });
    for (let n = 1; n < 20; n++) await one.events("shout").next();
    assert.deepEqual(await one.events("shout").next(), { back: true });
  });

  it("takes more than a hundred messages at once, in order", async (t) => {
    const { cast, events, push } = await join(await connect(t, server, { transport: LongPoll }), "room:many");
    for (let n = 0; n < 450; n++) cast("push_me", { n });
    await push("echo");
    assert.deepEqual(events("pushed").items.map(({ n }) => n), [...Array(450).keys()]);
  });

  it("brings answers of far more than may wait", async (t) => {
    const { push } = await join(await connect(t, server, { transport: LongPoll }), "room:answers");
    const answers = await Promise.all(Array.from({ length: 60 }, () => push("big")));
    for (const [status, { data }] of answers) assert.deepEqual([status, data.length], ["ok", 100_000]);
  });

  it("brings them to a client that polls only when its POST is answered", async (t) => {
    const { post, messages } = await session(t, server);
    await (await post(["1", "1", "room:reply", "phx_join", {}])).answer;
    await messages();
    const { json } = await (await post(...Array.from({ length: 60 }, (_, n) => ["1", String(n), "room:reply", "big", {}]))).answer;
    assert.deepEqual(json, { status: 200 });
    const refs = [];
    while (refs.length < 60) refs.push(...(await messages()).map(([, ref]) => Number(ref)));
    assert.deepEqual(refs, [...Array(60).keys()]);
  });

  it("moves a session between connections, and so between loops", async (t) => {
    const { post, messages } = await session(t, server);
    await (await post(["1", "1", "room:reply", "phx_join", {}])).answer;
    assert.equal((await messages())[0][3], "phx_reply");
    for (let n = 0; n < 40; n++) { // the kernel spreads connections over the loops
      const { json } = await (await post(["1", String(n), "room:reply", "echo", { n }])).answer;
      assert.deepEqual(json, { status: 200 });
      assert.deepEqual(await messages(), [["1", String(n), "room:reply", "phx_reply", { status: "ok", response: { n } }]]);
    }
  });

  it("keeps what a client that hung up would have been given", async (t) => {
    const { poll, post, messages } = await session(t, server);
    await (await post(["1", "1", "room:reply", "phx_join", {}])).answer;
    await messages();
    const lost = await poll();
    lost.answer.catch(() => {});
    await (await post([null, "2", "nope", "heard", {}])).answer; // the poll is there: it is answered first
    await within(lost.answer, "the poll's answer");
    const hung = await poll();
    hung.answer.catch(() => {});
    hung.raw.tcp.end();
    await within(hung.raw.closed, "the server to end the connection too");
    await (await post(["1", "3", "room:reply", "echo", { kept: true }])).answer;
    assert.deepEqual(await messages(), [["1", "3", "room:reply", "phx_reply", { status: "ok", response: { kept: true } }]]);
  });

  it("answers requests that share a connection one after the other", async (t) => {
    const { path } = await session(t, server);
    const raw = await RawConnection.open(t, server);
    const request = (method, body) =>
      `${method} ${path} HTTP/1.1\r\nHost: x\r\nContent-Type: application/x-ndjson\r\nContent-Length: ${body.length}\r\n\r\n${body}`;
    raw.send(
      request("POST", '[null,"1","phoenix","heartbeat",{}]\n') + request("GET", "") +
      request("POST", '[null,"2","phoenix","heartbeat",{}]\n') + request("GET", ""),
    );
    const answers = [];
    for (let i = 0; i < 4; i++) answers.push(JSON.parse((await raw.response()).body));
    assert.deepEqual(answers.map(({ status }) => status), [200, 200, 200, 200]);
    assert.deepEqual(answers.map(({ messages }) => messages?.length), [undefined, 1, undefined, 1]);
  });

  it("ends cleanly while clients poll, on every loop", async (t) => {
    for (let round = 0; round < 3; round++) {
      const own = await start("conformance", { args: ["--loops", "2"] });
      t.after(() => own.kill());
      let over = false;
      const client = async (n) => {
        while (!over) { // as phoenix.js: an end is the beginning of the next session
          const { path } = await session(t, own, `&user_id=${n}`);
          for (let polls = 0; polls < 3; polls++) await fetch(`${own.url}${path}`);
        }
      };
      const clients = Array.from({ length: 12 }, (_, n) => client(n).catch(() => {}));
      for (let n = 0; n < 12; n++) { // ended from elsewhere, so that polls find no session and begin one
        const { post } = await session(t, own, `&user_id=${n}`);
        await (await post(["1", "1", "room:1", "phx_join", {}], ["1", "2", "room:1", "disconnect_me", {}])).answer;
      }
      await own.stop();
      over = true;
      await within(Promise.all(clients), "the clients to see it");
    }
  });

  describe("bodies", () => {
    const HEARTBEAT = '[null,"1","phoenix","heartbeat",{}]';

    it("may be chunked, with extensions and trailers, in pieces of any size", async (t) => {
      const { path, messages } = await session(t, server);
      const raw = await RawConnection.open(t, server);
      const chunks = `7;x=y\r\n${HEARTBEAT.slice(0, 7)}\r\n${(HEARTBEAT.length - 7).toString(16)}\r\n${HEARTBEAT.slice(7)}\r\n0\r\nT: v\r\n\r\n`;
      await raw.sendSlowly(`POST ${path} HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n${chunks}`);
      assert.deepEqual(JSON.parse((await raw.response()).body), { status: 200 });
      assert.equal((await messages()).length, 1);
    });

    it("are refused when their length is said twice", async (t) => {
      const { path } = await session(t, server);
      const raw = await RawConnection.open(t, server);
      raw.send(`POST ${path} HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n0\r\n\r\n`);
      assert.equal((await raw.response()).status, 400);
      await within(raw.closed, "the end of the connection");
    });

    for (const [name, chunked] of [["by their length", false], ["in chunks", true]]) {
      it(`of more than 8 MB are refused with 400, ${name}, and the session lives on`, async (t) => {
        const { path, post } = await session(t, server);
        const raw = await RawConnection.open(t, server);
        const megabyte = `${(1_000_000).toString(16)}\r\n${" ".repeat(1_000_000)}\r\n`;
        if (chunked) raw.send(`POST ${path} HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n${megabyte.repeat(9)}`);
        else raw.send(`POST ${path} HTTP/1.1\r\nHost: x\r\nContent-Length: 8000001\r\n\r\n`);
        assert.equal((await raw.response()).status, 400);
        assert.deepEqual((await (await post(["1", "1", "room:1", "phx_join", {}])).answer).json, { status: 200 });
      });
    }

    it("are waited for with 100 Continue where the client asks for that", async (t) => {
      const { path } = await session(t, server);
      const raw = await RawConnection.open(t, server);
      raw.send(`POST ${path} HTTP/1.1\r\nHost: x\r\nContent-Length: ${HEARTBEAT.length}\r\nExpect: 100-continue\r\n\r\n`);
      assert.equal((await raw.response()).status, 100);
      raw.send(HEARTBEAT);
      assert.deepEqual(JSON.parse((await raw.response()).body), { status: 200 });
    });

    it("that nobody asked for are read, and the connection goes on", async (t) => {
      const raw = await RawConnection.open(t, server);
      raw.send("GET / HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\nhelloGET / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n");
      assert.equal((await raw.response()).body, "ok");
      assert.equal((await raw.response()).body, "ok");
      raw.send("5\r\nhello\r\n0\r\n\r\nGET / HTTP/1.1\r\nHost: x\r\n\r\n");
      assert.equal((await raw.response()).body, "ok");
    });

    it("that are broken end the connection with 400", async (t) => {
      const { path } = await session(t, server);
      const raw = await RawConnection.open(t, server);
      raw.send(`POST ${path} HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nnonsense\r\n`);
      assert.equal((await raw.response()).status, 400);
      await within(raw.closed, "the end of the connection");
    });
  });
});
