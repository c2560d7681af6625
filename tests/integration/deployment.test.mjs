// The configurations of docs/deployment, run: the chat behind nginx and behind HAProxy, and the official client, which
// comes by TLS.

import assert from "node:assert/strict";
import { existsSync, readFileSync } from "node:fs";
import path from "node:path";
import { after, before, describe, it } from "node:test";
import { LongPoll } from "phoenix";
import { connect as connectBy, join } from "../helpers/phoenix.mjs";
import { run, serve, start } from "../helpers/server.mjs";
import { DOCS, fetchFrom, missing, startTlsProxy, webSocketFrom } from "../helpers/tls_proxy.mjs";
import { Inbox, within } from "../helpers/wait.mjs";

const ELSEWHERE = "127.0.0.5"; // an address of this machine that is no trusted proxy's
const CHAT = { args: ["--host", "127.0.0.1", "--trusted-proxies", "127.0.0.1", "--log", "debug"] };
const TRANSPORTS = ["websocket", "longpoll"];
const plainFetch = globalThis.fetch;

// What a client may try, to be taken for another one or for a page of another site.
const FORGED = {
  "X-Forwarded-For": "203.0.113.9",
  "X-Forwarded-Proto": "http",
  "X-Forwarded-Host": "evil.example",
  "X-Forwarded-Port": "81",
  Forwarded: "for=203.0.113.9;proto=http;host=evil.example",
};

// What makes of a proxy one that knows no WebSockets.
const WITHOUT_UPGRADES = {
  nginx: [["proxy_set_header Upgrade    $http_upgrade;", ""]],
  haproxy: [["default_backend pinion", "http-request del-header Upgrade\n    default_backend pinion"]],
};

// Requests as from a browser: by default those of a page that the proxy itself has served.
function fetchBy(t, proxy, { origin = proxy.url, ...from } = {}) {
  const fetch = fetchFrom(proxy, { origin, ...from });
  t.after(() => fetch.end());
  return fetch;
}

// A socket by this transport. phoenix.js finds the fetch of this test where it looks for a browser's.
function connect(t, proxy, transport, { from = {}, ...options } = {}) {
  globalThis.fetch = fetchBy(t, proxy, from);
  t.after(() => (globalThis.fetch = plainFetch));
  const kind = transport === "longpoll" ? LongPoll : webSocketFrom(proxy, { origin: proxy.url, ...from });
  return connectBy(t, proxy, { transport: kind, ...options });
}

// The status of a connect by hand, of a page with this origin.
async function statusOf(t, proxy, transport, from) {
  if (transport === "longpoll") {
    const response = await fetchBy(t, proxy, from)(`${proxy.url}/socket/longpoll?vsn=2.0.0`);
    return (await response.json()).status;
  }
  const url = `${proxy.url.replace("http", "ws")}/socket/websocket?vsn=2.0.0`;
  const ws = new (webSocketFrom(proxy, from))(url);
  t.after(() => ws.terminate());
  const outcome = new Promise((resolve) => {
    ws.once("open", () => resolve(101));
    ws.once("unexpected-response", (request, response) => resolve(response.statusCode));
    ws.once("error", resolve);
  });
  return within(outcome, "an answer to the upgrade");
}

const read = (file) => readFileSync(path.join(DOCS, file), "utf8");
const LET_IN = { websocket: 101, longpoll: 410 };

for (const name of ["nginx", "haproxy"]) {
  describe(`behind ${name}`, { skip: missing(name) }, () => {
    const server = serve("chat", CHAT);
    const proxy = {};
    before(async () => Object.assign(proxy, await startTlsProxy(name, server)));
    after(() => proxy.stop?.());

    it("the page is served by TLS, and elsewhere a redirection to it", async (t) => {
      const page = await fetchBy(t, proxy)(`${proxy.url}/`);
      assert.match(await page.text(), /id="messages"/);
      const plain = await plainFetch(`${proxy.httpUrl}/any?query`, { redirect: "manual" });
      assert.equal(plain.status, 301);
      assert.match(plain.headers.get("location"), /^https:\/\/127\.0\.0\.1(:\d+)?\/any\?query$/);
    });

    for (const transport of TRANSPORTS) {
      describe(`by ${transport}`, () => {
        it("a room is joined, and what is said there is heard", async (t) => {
          const room = await join(await connect(t, proxy, transport), "rooms:lobby");
          assert.deepEqual(await room.push("new_msg", { body: "hello", user: "ann" }), ["ok", {}]);
          assert.deepEqual(await room.events("new_msg").next(), { body: "hello", user: "ann" });
        });

        it("messages come in order, and none waits for the next", async (t) => {
          const room = await join(await connect(t, proxy, transport), "rooms:lobby");
          const said = Array.from({ length: 50 }, (_, n) => `${transport} ${n}`);
          for (const body of said) room.cast("new_msg", { body });
          for (const body of said) assert.equal((await room.events("new_msg").next()).body, body);
        });

        it("three messages of half a megabyte go through at once", async (t) => {
          const room = await join(await connect(t, proxy, transport), "rooms:lobby");
          const padding = "x".repeat(500_000);
          const answers = await Promise.all(["a", "b", "c"].map((body) => room.push("new_msg", { body, padding })));
          assert.deepEqual(answers, Array(3).fill(["ok", {}]));
        });

        it("a page that came from the proxy may connect, and none of another origin", async (t) => {
          assert.equal(await statusOf(t, proxy, transport, { origin: proxy.url }), LET_IN[transport]);
          const strangers = ["https://evil.example", proxy.url.replace("https", "http"), "https://127.0.0.1"];
          for (const origin of strangers) assert.equal(await statusOf(t, proxy, transport, { origin }), 403);
        });

        it("who says that it was forwarded is not believed", async (t) => {
          const headers = FORGED;
          const own = { origin: proxy.url, headers };
          assert.equal(await statusOf(t, proxy, transport, own), LET_IN[transport]);
          const forged = { origin: "http://evil.example:81", headers };
          assert.equal(await statusOf(t, proxy, transport, forged), 403);
        });

        it("the server learns the client's address, whatever that says", async (t) => {
          const from = { address: ELSEWHERE, headers: FORGED };
          await connect(t, proxy, transport, { from, params: { who: `${transport} of ${name}` } });
          const line = new RegExp(`socket /socket: (\\S+) connects by ${transport}: .*"${transport} of ${name}"`);
          assert.equal((await server.said(line))[1], ELSEWHERE);
        });
      });
    }

    it("the requests are logged without what is in their queries", async (t) => {
      await join(await connect(t, proxy, "longpoll", { params: { token: "very-secret" } }), "rooms:lobby");
      await join(await connect(t, proxy, "websocket", { params: { token: "very-secret" } }), "rooms:lobby");
      assert.match(proxy.log(), /GET \/socket\/longpoll" 200/);
      assert.doesNotMatch(proxy.log(), /very-secret|vsn=/);
    });
  });

  describe(`behind a ${name} that lets no upgrade through`, { skip: missing(name) }, () => {
    const server = serve("chat", CHAT);
    const proxy = {};
    before(async () => {
      Object.assign(proxy, await startTlsProxy(name, server, { also: WITHOUT_UPGRADES[name] }));
    });
    after(() => proxy.stop?.());

    it("the client falls back to long polling", async (t) => {
      assert.equal(await statusOf(t, proxy, "websocket", { origin: proxy.url }), 400);
      const socket = await connect(t, proxy, "websocket", { longPollFallbackMs: 300, sessionStorage: tabStorage() });
      const room = await join(socket, "rooms:lobby");
      assert.deepEqual(await room.push("new_msg", { body: "x" }), ["ok", {}]);
      assert.equal(socket.transport, LongPoll);
    });
  });

  describe(`a restart behind ${name}`, { skip: missing(name) }, () => {
    const before = { stop: "is stopped", kill: "is killed" };
    for (const [how, what] of Object.entries(before)) {
      it(`is survived by clients of both kinds, when the server ${what}`, async (t) => {
        t.mock.method(console, "log", () => {}); // where phoenix.js says that an answer was no JSON: a 502's page
        const first = await start("chat", CHAT);
        t.after(() => first.kill());
        const proxy = await startTlsProxy(name, first);
        t.after(() => proxy.stop());
        const closes = new Inbox();
        const rooms = [];
        for (const transport of TRANSPORTS) {
          const socket = await connect(t, proxy, transport);
          if (transport === "websocket") socket.onClose(({ code }) => closes.put(code));
          rooms.push(await join(socket, "rooms:lobby"));
        }

        await first[how]();
        assert.equal(await closes.next("the end of the connection"), how === "stop" ? 1012 : 1006);
        const second = await start("chat", { ...CHAT, port: first.port });
        t.after(() => second.kill());
        for (const { joins } of rooms) await joins.next("a client to join again");
        rooms[0].cast("new_msg", { body: "after" });
        for (const { events } of rooms) assert.equal((await events("new_msg").next()).body, "after");
      });
    }
  });
}

describe("nginx with several addresses of one server", { skip: missing("nginx") }, () => {
  it("uses them all, and a session of long polling goes on over any", async (t) => {
    const upstream = (file) => /upstream pinion \{[^}]*\}/.exec(read(file))[0];
    const server = await start("chat", { args: ["--trusted-proxies", "127.0.0.0/8"] });
    t.after(() => server.kill());
    const also = [[upstream("nginx.conf"), upstream("nginx-addresses.conf")]];
    const proxy = await startTlsProxy("nginx", server, { also });
    t.after(() => proxy.stop());
    const polling = await join(await connect(t, proxy, "longpoll"), "rooms:lobby");
    const rooms = [polling];
    for (let n = 0; n < 12; n++) rooms.push(await join(await connect(t, proxy, "websocket"), "rooms:lobby"));
    for (let n = 0; n < 6; n++) assert.deepEqual(await polling.push("new_msg", { body: `${n}` }), ["ok", {}]);
    for (const room of rooms) {
      for (let n = 0; n < 6; n++) assert.equal((await room.events("new_msg").next()).body, `${n}`);
    }
    assert.deepEqual(addressesOf(server.port), ["127.0.0.1", "127.0.0.2", "127.0.0.3"]);
  });

  // Where the connections of a server that listens on all addresses have come in.
  function addressesOf(port) {
    const established = /^ *\d+: (?:0{16}FFFF0000)?([0-9A-F]{8}):([0-9A-F]{4}) \S+ 01 /gm;
    const tables = ["/proc/net/tcp", "/proc/net/tcp6"].filter((file) => existsSync(file));
    const found = tables
      .flatMap((file) => [...readFileSync(file, "latin1").matchAll(established)])
      .filter(([, , hex]) => parseInt(hex, 16) === port)
      .map(([, address]) => Buffer.from(address, "hex").reverse().join("."));
    return [...new Set(found)].sort();
  }
});

describe("a server", () => {
  // What the pages of the proxy meet, when the server has not been told of it.
  it("that trusts no proxy refuses their origin, and says what to do", { skip: missing("haproxy") }, async (t) => {
    const server = await start("chat", { args: ["--host", "127.0.0.1"] });
    t.after(() => server.kill());
    const proxy = await startTlsProxy("haproxy", server);
    t.after(() => proxy.stop());
    assert.equal(await statusOf(t, proxy, "websocket", { origin: proxy.url }), 403);
    await server.said(/refused the origin "https:.*trusted_proxies and have it send X-Forwarded-Proto/);
  });

  it("says what is wrong with a list of proxies, and exits with 1", async () => {
    const { exited, output } = run("chat", { args: ["--trusted-proxies", "127.0.0.1, nonsense"] });
    assert.deepEqual(await within(exited, "the exit"), { code: 1, signal: null });
    assert.match(output().stderr, /"nonsense" is neither an address nor a network/);
  });

  it("believes only those it trusts", async (t) => {
    const server = await start("chat", CHAT);
    t.after(() => server.kill());
    const headers = { "X-Forwarded-For": "203.0.113.9" };
    for (const [address, expected] of [[ELSEWHERE, ELSEWHERE], ["127.0.0.1", "203.0.113.9"]]) {
      await connectBy(t, server, { transport: webSocketFrom({}, { address, headers }), params: { who: address } });
      const [, seen] = await server.said(new RegExp(`socket /socket: (\\S+) connects by websocket: .*"${address}"`));
      assert.equal(seen, expected);
    }
  });
});

// Pinion closes who is silent for 60 s: a proxy that is quicker would cut those who wait for their next heartbeat.
describe("the proxies' patience", () => {
  const patterns = {
    "nginx.conf": /proxy_(?:read|send)_timeout\s+(\d+)s/g,
    "haproxy.cfg": /timeout (?:client|server|tunnel)\s+(\d+)s/g,
  };
  for (const [file, pattern] of Object.entries(patterns)) {
    it(`is longer than the server's in ${file}`, () => {
      const seconds = [...read(file).matchAll(pattern)].map(([, value]) => Number(value));
      assert.equal(seconds.length, file === "nginx.conf" ? 2 : 3);
      for (const value of seconds) assert.ok(value > 60, `${value} s`);
    });
  }

  it("with an idle connection to the server is shorter than the server's", () => {
    const [, seconds] = /keepalive_timeout\s+(\d+)s/.exec(read("nginx.conf"));
    assert.ok(Number(seconds) < 75, `${seconds} s`);
  });
});

// What a browser keeps for a tab.
function tabStorage() {
  const items = new Map();
  return { getItem: (key) => items.get(key) ?? null, setItem: (key, value) => items.set(key, String(value)) };
}
