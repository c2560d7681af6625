// A client from before Phoenix 1.8 over long polling: it does not look whether a session is the one it had, and
// sends all that it has in one request.

import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { connect, disconnect, join } from "../helpers/phoenix.mjs";
import { serve } from "../helpers/server.mjs";
import { Inbox, within } from "../helpers/wait.mjs";

// What it takes from a browser.
class Request {
  #controller = new AbortController();
  #headers = {};

  open(method, url) {
    Object.assign(this, { method, url });
  }

  setRequestHeader(name, value) {
    this.#headers[name] = value;
  }

  abort() {
    this.#controller.abort();
  }

  async send(body) {
    const { method, url } = this;
    try {
      const response = await fetch(url, { method, body, headers: this.#headers, signal: this.#controller.signal });
      Object.assign(this, { status: response.status, responseText: await response.text() });
    } catch {
      Object.assign(this, { status: 0, responseText: "" });
    }
    this.readyState = 4;
    this.onreadystatechange();
  }
}
Object.assign(globalThis, { self: globalThis, XMLHttpRequest: Request });
const { LongPoll, Socket } = await import("phoenix-1.7");

describe("phoenix.js 1.7 over long polling", () => {
  const server = serve("conformance");

  function open(t, params) {
    const soon = () => 20;
    const options = { transport: LongPoll, reconnectAfterMs: soon, rejoinAfterMs: soon, params };
    const socket = new Socket(`${server.url.replace("http", "ws")}/socket`, options);
    t.after(() => disconnect(socket));
    socket.connect();
    return socket;
  }

  it("joins again when its session has ended", async (t) => {
    const socket = open(t, { user_id: "old" });
    const codes = new Inbox();
    socket.onClose((event) => event && codes.put(event.code));
    const { push, joins } = await join(socket, "room:1");
    assert.deepEqual(await push("echo", { n: 1 }), ["ok", { n: 1 }]);
    const other = await join(await connect(t, server, { params: { user_id: "old" } }), "room:1");
    other.cast("disconnect_me");
    assert.equal(await codes.next("its session to end"), 1011);
    await joins.next("it to join again");
    assert.deepEqual(await push("echo", { n: 2 }), ["ok", { n: 2 }]);
  });

  it("sends more than a hundred messages at once, of which each arrives", async (t) => {
    const { channel, events } = await join(open(t), "room:many");
    const all = new Promise((resolve) => {
      for (let n = 0; n < 1_000; n++) channel.push("push_me", { n });
      channel.push("echo", {}).receive("ok", resolve);
    });
    await within(all, "the answer to the last");
    assert.deepEqual(events("pushed").items.map(({ n }) => n), [...Array(1_000).keys()]);
  });
});
