// bench-server's protocol on the `ws` package, as somebody would write it who needs nothing else of Phoenix. A
// broadcast is encoded once, and handed to each subscriber as bytes.

import { createServer } from "node:http";
import { WebSocketServer } from "ws";
import { serve } from "./program.mjs";

const topics = new Map();

const handlers = {
  phx_join(client, [joinRef, ref, topic]) {
    if (!topics.has(topic)) topics.set(topic, new Set());
    topics.get(topic).add(client);
    client.topics.add(topic);
    reply(client, joinRef, ref, topic, {});
  },

  phx_leave(client, [joinRef, ref, topic]) {
    leave(client, topic);
    reply(client, joinRef, ref, topic, {});
    client.send(JSON.stringify([joinRef, joinRef, topic, "phx_close", {}]));
  },

  heartbeat(client, [joinRef, ref, topic]) {
    reply(client, joinRef, ref, topic, {});
  },

  echo(client, [joinRef, ref, topic, , payload]) {
    reply(client, joinRef, ref, topic, payload);
  },

  bcast(client, [, , topic, , payload]) {
    const message = Buffer.from(JSON.stringify([null, null, topic, "msg", payload]));
    for (const subscriber of topics.get(topic) ?? []) subscriber.send(message, { binary: false });
  },
};

function reply(client, joinRef, ref, topic, response) {
  client.send(JSON.stringify([joinRef, ref, topic, "phx_reply", { response, status: "ok" }]));
}

function leave(client, topic) {
  const subscribers = topics.get(topic);
  client.topics.delete(topic);
  subscribers?.delete(client);
  if (subscribers?.size === 0) topics.delete(topic);
}

const http = createServer();
const server = new WebSocketServer({ server: http, path: "/socket/websocket", perMessageDeflate: false });

server.on("connection", (client) => {
  client.topics = new Set();
  client.on("message", (data) => {
    const message = JSON.parse(data);
    handlers[message[3]]?.(client, message);
  });
  client.on("close", () => {
    for (const topic of client.topics) leave(client, topic);
  });
  client.on("error", () => {}); // "close" follows
});

serve(http);
