// The numbered examples between the first chat and the history, and the one in C++: each server with its own client, as a
// newcomer starts them, and what the clients do not show.

import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { readFileSync, readdirSync } from "node:fs";
import { isBuiltin } from "node:module";
import { describe, it } from "node:test";
import { fileURLToPath } from "node:url";
import { Socket } from "phoenix";
import { WebSocket } from "ws";
import { connect, join, refusal } from "../helpers/phoenix.mjs";
import { isBuilt, run, serve } from "../helpers/server.mjs";
import { within } from "../helpers/wait.mjs";

const ROOT = fileURLToPath(new URL("../../", import.meta.url));

// One of examples/*.mjs on its own, until the end of the test. said() waits for what it prints, type() is its user.
function client(t, name, ...args) {
  const child = spawn("node", [`examples/${name}.mjs`, ...args], { cwd: ROOT, stdio: ["pipe", "pipe", "inherit"] });
  t.after(() => child.kill("SIGKILL"));
  const exited = new Promise((resolve) => child.once("close", resolve));
  let text = "";
  const said = (wanted) =>
    within(
      new Promise((resolve) => {
        const look = () => text.includes(wanted) && resolve();
        child.stdout.setEncoding("utf8").on("data", look);
        look();
      }),
      `${name} to print ${wanted}`,
    );
  child.stdout.setEncoding("utf8").on("data", (more) => (text += more));
  return { said, exited, type: (line) => child.stdin.write(`${line}\n`), text: () => text };
}

// ./run build installs what package-lock.json has, except what is only for developers.
it("stand on packages that ./run build installs", () => {
  const { packages } = JSON.parse(readFileSync(`${ROOT}package-lock.json`, "utf8"));
  const texts = readdirSync(`${ROOT}examples`).filter((name) => name.endsWith(".mjs")).map((name) => readFileSync(`${ROOT}examples/${name}`, "utf8"));
  const imported = new Set(texts.flatMap((text) => [...text.matchAll(/ from "([^".][^"]*)"/g)].map(([, name]) => name)));
  const named = [...imported].filter((name) => !isBuiltin(name));
  assert.ok(named.length >= 2, `${named}`);
  for (const name of named) assert.ok(packages[`node_modules/${name}`]?.dev === undefined && packages[""].dependencies[name], name);
});

const websocket = (server) => `${server.url.replace("http", "ws")}/socket`;

describe("02_presence", () => {
  const server = serve("02_presence");

  it("shows who is here, what they do, and who comes and goes", async (t) => {
    const ann = client(t, "02_presence", "Ann", websocket(server));
    await ann.said("Ann is reading\n");
    const phone = await connect(t, server);
    await join(phone, "rooms:lobby", { user: "Ann" });
    await ann.said("Ann is reading and reading\n");
    const bob = client(t, "02_presence", "Bob", websocket(server));
    await bob.said("Ann is reading and reading, Bob is reading\n");
    bob.type("writing");
    await ann.said("Ann is reading and reading, Bob is writing\n");
    phone.disconnect();
    await ann.said("Ann is reading, Bob is writing\n");
  });

  it("takes no name that cannot be one, and nothing to do that is no text", async (t) => {
    const socket = await connect(t, server);
    for (const user of [undefined, "", 7, "x".repeat(256)]) {
      assert.deepEqual(await refusal(socket, "rooms:1", { user }), ["error", { reason: "a name has 1 to 255 bytes" }]);
    }
    const { push } = await join(socket, "rooms:1", { user: "x".repeat(255) });
    assert.deepEqual(await push("doing", { doing: ["a"] }), ["error", { reason: "say what you are doing" }]);
    assert.deepEqual(await push("doing", { doing: "nothing" }), ["ok", {}]);
    const [status] = await push("doing", { doing: "x".repeat(5000) });
    assert.equal(status, "error");
  });
});

describe("03_token", () => {
  const env = { PINION_SECRET_KEY_BASE: "a secret of the tests, as long as one should be at the least: 64 bytes" };
  const server = serve("03_token", { env });
  const tokenOf = async (user) => (await fetch(`${server.url}/login?${new URLSearchParams({ user })}`)).text();

  it("calls each by the name in the token, and logs out on all devices", async (t) => {
    const host = new URL(server.url).host;
    const [ann, phone, bob] = [client(t, "03_token", "Ann", host), client(t, "03_token", "Ann", host), client(t, "03_token", "Bob", host)];
    await Promise.all([ann.said("logged in as Ann\n"), phone.said("logged in as Ann\n"), bob.said("logged in as Bob\n")]);
    ann.type("hello");
    await Promise.all([ann, phone, bob].map((one) => one.said("Ann: hello\n")));
    ann.type("bye");
    for (const one of [ann, phone]) {
      await one.said("logged out\n");
      assert.equal(await within(one.exited, "the exit"), 0);
    }
    bob.type("still here");
    await bob.said("Bob: still here\n");
  });

  it("believes no other name", async (t) => {
    const socket = await connect(t, server, { authToken: await tokenOf("Ann") });
    const { cast, events } = await join(socket, "rooms:lobby", { user: "Bob" });
    cast("new_msg", { user: "Bob", body: "hi" });
    assert.deepEqual(await events("new_msg").next(), { user: "Ann", body: "hi" });
  });

  it("lets in nobody without a token of its own", async (t) => {
    const forged = (await tokenOf("Ann")).replace(/.$/, (last) => (last === "A" ? "Q" : "A"));
    for (const authToken of [undefined, forged]) {
      const socket = new Socket(websocket(server), { transport: WebSocket, authToken, reconnectAfterMs: () => 1e6 });
      t.after(() => socket.disconnect());
      const refused = new Promise((resolve) => socket.onError(resolve));
      socket.onOpen(() => assert.fail("connected"));
      socket.connect();
      await within(refused, "the refusal");
    }
  });

  it("gives a token for a name only", async () => {
    for (const query of ["", "?user=", "?user[x]=1", "?user=%ff"]) assert.equal((await fetch(`${server.url}/login${query}`)).status, 400);
  });

  it("says what is missing, when there is no secret", async () => {
    const { exited, output } = run("03_token", { env: { PINION_SECRET_KEY_BASE: "" } });
    assert.deepEqual(await within(exited, "the exit"), { code: 1, signal: null });
    assert.match(output().stderr, /PINION_SECRET_KEY_BASE/);
  });
});

describe("04_later", () => {
  const server = serve("04_later");

  // The last progress and the answer go by different ways: a callback of the channel, and straight to the client.
  it("says how far it is, and the answer", async (t) => {
    const { said, text } = client(t, "04_later", "100000", websocket(server));
    await said("90 %\n");
    await said("there are 9592 primes below 100000\n");
    assert.deepEqual(
      text().split("\n").filter((line) => line.endsWith("%")),
      ["10 %", "20 %", "30 %", "40 %", "50 %", "60 %", "70 %", "80 %", "90 %"],
    );
  });

  // Both questions in one piece: they are read together, before any answer can have come from the other thread.
  it("answers what is asked meanwhile first", async (t) => {
    const socket = await connect(t, server);
    const { push } = await join(socket, "numbers");
    const order = [];
    const note = (what) => (answer) => (order.push(what), answer);
    socket.conn._socket.cork();
    const primes = push("primes", { below: 1000 }).then(note("primes"));
    const ping = push("ping").then(note("ping"));
    socket.conn._socket.uncork();
    assert.deepEqual(await ping, ["ok", {}]);
    assert.deepEqual(await primes, ["ok", { below: 1000, primes: 168 }]);
    assert.deepEqual(order, ["ping", "primes"]);
  });

  it("goes on when who asked has gone", async (t) => {
    const gone = await connect(t, server);
    (await join(gone, "numbers")).cast("primes", { below: 1e6 });
    gone.disconnect();
    const socket = await connect(t, server);
    const { push } = await join(socket, "numbers");
    assert.deepEqual(await push("primes", { below: 10 }), ["ok", { below: 10, primes: 4 }]);
  });

  it("refuses what is no number, and more than it can remember", async (t) => {
    const socket = await connect(t, server);
    const { push } = await join(socket, "numbers");
    const no = ["error", { reason: "a number from 0 to 10000000, please" }];
    for (const below of [undefined, "7", 1.5, -1, 1e7 + 1]) assert.deepEqual(await push("primes", { below }), no);
    assert.deepEqual(await push("primes", { below: 0 }), ["ok", { below: 0, primes: 0 }]);
    const counted = push("primes", { below: 3e6 }); // seconds, for which all others wait
    const answers = Array.from({ length: 200 }, () => push("primes", { below: 10 }));
    assert.deepEqual(await counted, ["ok", { below: 3e6, primes: 216816 }]);
    const refused = (await Promise.all(answers)).filter(([status, { reason }]) => status === "error" && reason === "too many questions, try again");
    assert.ok(refused.length > 0 && refused.length < 200, `${refused.length} of 200 were refused`);
  });

  it("stops while it counts, and with questions that wait", async (t) => {
    const { child, exited, output, said } = run("04_later", { args: ["--host", "127.0.0.1"] });
    const [, port] = await said(/^listening on \S+:(\d+)$/m, "stdout");
    const socket = await connect(t, { url: `http://127.0.0.1:${port}` }, { reconnectAfterMs: () => 1e6 });
    const { cast, events } = await join(socket, "numbers");
    for (let n = 0; n < 10; n++) cast("primes", { below: 1e7 });
    await events("progress").next();
    child.kill("SIGTERM");
    assert.deepEqual(await within(exited, "the exit", 60_000), { code: 0, signal: null }, output().stderr);
  });
});

describe("07_http", () => {
  const env = { PINION_SECRET_KEY_BASE: "a secret of the tests, as long as one should be at the least: 64 bytes" };
  const server = serve("07_http", { env });
  const ask = (method, path, body, headers = {}) =>
    fetch(server.url + path, { method, body, headers: { "content-type": "application/json", ...headers } });

  it("logs in, tells a room what a hook said, and logs out everywhere", async (t) => {
    const ann = client(t, "07_http", "ann", "nna", new URL(server.url).host);
    await ann.said("logged in as ann\n");
    ann.type("hello");
    await ann.said("the hook says: hello\n");
    ann.type("bye");
    await ann.said("logged out\n");
    assert.equal(await within(ann.exited, "the exit"), 0);
  });

  it("lets in nobody with another password", async (t) => {
    const bob = client(t, "07_http", "bob", "wrong", new URL(server.url).host);
    await bob.said("not logged in: wrong name or password\n");
    assert.equal(await within(bob.exited, "the exit"), 1);
  });

  it("refuses what it cannot use", async () => {
    const refused = async (status, ...request) => assert.equal((await ask(...request)).status, status, request.join(" "));
    await refused(400, "POST", "/login", "{}");
    await refused(400, "POST", "/login", "{]");
    await refused(400, "POST", "/login", JSON.stringify({ user: "a".repeat(65), password: "" }));
    await refused(415, "POST", "/login", "{}", { "content-type": "text/plain" });
    await refused(413, "POST", "/hooks/lobby", " ".repeat(5000));
    await refused(401, "DELETE", "/admin/users/ann");
    await refused(405, "GET", "/login");
  });
});

describe("06_cpp", { skip: isBuilt("06_cpp") ? false : "no C++ compiler" }, () => {
  const server = serve("06_cpp");

  it("counts what each client says", async (t) => {
    const [one, other] = [client(t, "06_cpp", websocket(server)), client(t, "06_cpp", websocket(server))];
    one.type("well, well done");
    await one.said('3 words\n"well," was said 1 times\n');
    one.type("well, well, well");
    await one.said('3 words\n"well," was said 3 times\n');
    other.type("well, yes");
    await other.said('2 words\n"well," was said 1 times\n');
  });

  it("makes an exception an answer", async (t) => {
    const socket = await connect(t, server);
    const { push } = await join(socket, "words");
    assert.deepEqual(await push("say", { text: 7 }), ["error", { reason: "text is a string" }]);
    assert.deepEqual(await push("say", { text: "a a b" }), ["ok", { words: 3 }]);
    assert.deepEqual(await push("count", { word: "a" }), ["ok", { count: 2 }]);
    assert.deepEqual(await push("count", { word: "c" }), ["ok", { count: 0 }]);
  });
});
