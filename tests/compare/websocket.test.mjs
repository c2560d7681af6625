// Our WebSocket decoder beside that of `ws`, over the corpus of fuzz_ws_decode: both find the same messages, pings, pongs,
// the same close, and give up with the same code.

import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { Receiver } from "ws";
import { judged } from "../helpers/corpus.mjs";

const MAX_MESSAGE = 1000; // as in fuzz_ws_decode

// A length must have its shortest form (RFC 6455 section 5.2), which `ws` does not look at.
const TAKEN_BY_WS = ["length_not_shortest", "length_64_not_shortest"];

// Do we give up where `ws` waits for more, or gives up later? What can no longer become UTF-8 we refuse at once (section
// 8.1), and a length with its highest bit set before we see that it is too large. All that came before must be the same.
function givesUpSooner(ours, theirs) {
  const end = ours.lastIndexOf("error:");
  return end >= 0 && theirs.startsWith(ours.slice(0, end).trim()) && /^( ?(error:\d+)?)$/.test(theirs.slice(Math.max(end - 1, 0)));
}

// The stream of a fuzzer's input begins behind the lengths of pieces.
function streamOf(bytes) {
  return bytes.subarray(bytes.length > 0 ? 1 + (bytes[0] % 8) : 0);
}

// What `ws` finds, as tests/helpers/verdicts.c writes it.
async function receive(stream) {
  const events = [];
  const receiver = new Receiver({ isServer: true, maxPayload: MAX_MESSAGE, allowSynchronousEvents: true });
  const put = (kind) => (data) => events.push(`${kind}:${data.toString("hex")}`);
  receiver.on("message", (data, isBinary) => put(isBinary ? "binary" : "text")(data));
  receiver.on("ping", put("ping"));
  receiver.on("pong", put("pong"));
  const end = new Promise((resolve) => {
    receiver.on("conclude", (code) => resolve(events.push(`close:${code}`)));
    receiver.on("error", (error) => resolve(events.push(`error:${error[Object.getOwnPropertySymbols(error)[0]]}`)));
    receiver.on("finish", resolve);
  });
  receiver.end(Buffer.from(stream));
  await end;
  return events.join(" ");
}

describe("frames as ws reads them", () => {
  for (const { name, bytes, verdict } of judged("ws_decode", "ws")) {
    it(name, async () => {
      const theirs = await receive(streamOf(bytes));
      if (TAKEN_BY_WS.includes(name)) assert.equal(verdict, "error:1002");
      else if (!givesUpSooner(verdict, theirs)) assert.equal(theirs, verdict);
    });
  }
});
