// Clients that send without pause, in a process of their own: `node flooder.mjs PORT KIND COUNT`. They read what they
// are answered; on a busy machine not always fast enough, and who is closed for that comes again. Says {attacking: true}
// to its parent once the server is behind with each of them, and answers any message with {answered}, the bytes that
// came for each.

import net from "node:net";
import { OPCODE, frame, text, upgradeRequest } from "./raw.mjs";

const BLOCK = 64 * 1024;
const TOPIC = "room:reply";

const HEARTBEAT = JSON.stringify([null, "1", "phoenix", "heartbeat", {}]);

// A message in pieces.
function fragments(pieces) {
  return Buffer.concat(pieces.map((piece, i) =>
    frame(i ? OPCODE.CONTINUATION : OPCODE.TEXT, piece, { fin: i === pieces.length - 1 })));
}

const ONCE = {
  ping: frame(OPCODE.PING),
  heartbeat: text([null, "1", "phoenix", "heartbeat", {}]),
  fragment: fragments([...HEARTBEAT]),
  "empty fragment": fragments([HEARTBEAT, ...Array(1000).fill("")]),
  request: Buffer.from("GET / HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n"),
  join: Buffer.concat([text(["1", "1", TOPIC, "phx_join", {}]), text(["1", "2", TOPIC, "phx_leave", {}])]),
};

const [port, kind, count] = process.argv.slice(2);
const block = Buffer.concat(Array(Math.ceil(BLOCK / ONCE[kind].length)).fill(ONCE[kind]));
const answered = Array(Number(count)).fill(0);
const trash = Buffer.alloc(BLOCK);

// Floods until the process ends; calls behind() when it has to wait.
function flood(i, behind) {
  const onread = { buffer: trash, callback: (length) => ((answered[i] += length), true) };
  const tcp = net.connect({ port: Number(port), host: "127.0.0.1", onread });
  const more = () => {
    while (tcp.write(block));
    behind();
  };
  tcp.on("error", () => {});
  tcp.once("close", () => flood(i, behind));
  tcp.once("connect", () => {
    if (kind !== "request") tcp.write(upgradeRequest("/socket/websocket?vsn=2.0.0"));
    tcp.on("drain", more);
    more();
  });
}

process.on("message", () => process.send({ answered }));
await Promise.all(answered.map((_, i) => new Promise((resolve) => flood(i, resolve))));
process.send({ attacking: true });
