// The official Phoenix client over `ws`, with promises in place of callbacks.

import { Socket } from "phoenix";
import { WebSocket } from "ws";
import { Inbox, within } from "./wait.mjs";

// An open socket on a mount of the server, until the end of the test. It comes back at once when it is cut.
export async function connect(t, server, options) {
  const socket = await open(server, options);
  t.after(() => disconnect(socket));
  return socket;
}

// The client's timer for a join outlives the connection: it would keep this process for ten seconds.
export function disconnect(socket) {
  for (const channel of socket.channels) channel.joinPush.cancelTimeout();
  socket.disconnect();
}

// As connect(), for callers that disconnect() it themselves.
export async function open(server, { mount = "/socket", ...options } = {}) {
  const soon = () => 20;
  const socket = new Socket(server.url.replace("http", "ws") + mount, {
    transport: WebSocket,
    reconnectAfterMs: soon,
    rejoinAfterMs: soon,
    ...options,
  });
  const opened = new Promise((resolve) => socket.onOpen(resolve));
  socket.connect();
  try {
    await within(opened, `a connection to ${mount}`);
  } catch (error) {
    disconnect(socket);
    throw error;
  }
  return socket;
}

// A channel that has joined.
//   events(name)          the inbox of what came for that event, from the start
//   push(event, payload)  the answer: [status, response]; the status is "timeout" when none came in time
//   cast(event, payload)  for what is not answered
//   joins                 the replies to later joins, should it have to come back
export async function join(socket, topic, params = {}) {
  const channel = socket.channel(topic, params);
  const events = listen(channel);
  const joins = new Inbox();
  const first = answer(channel.join().receive("ok", (response) => joins.put(response)), `joining ${topic}`);
  const [status, response] = await first;
  if (status !== "ok") throw new Error(`joining ${topic}: ${status} ${JSON.stringify(response)}`);
  await joins.next();
  return {
    channel,
    events,
    joins,
    response,
    push: (...args) => push(channel, ...args),
    cast: (event, payload = {}) => void channel.push(event, payload, 1),
  };
}

// The answer to a join that is not to succeed: [status, response].
export async function refusal(socket, topic, params = {}) {
  const channel = socket.channel(topic, params);
  const result = await answer(channel.join(), `joining ${topic}`);
  channel.leave();
  return result;
}

function push(channel, event, payload = {}, ms = 20_000) {
  return answer(channel.push(event, payload, ms), `the answer to ${event}`, ms + 1_000);
}

function answer(pushed, what, ms) {
  const statuses = ["ok", "error", "timeout"];
  const reply = new Promise((resolve) => {
    for (const status of statuses) pushed.receive(status, (response) => resolve([status, response]));
  });
  return within(reply, what, ms);
}

// An inbox per event, made when first needed: a push may follow the join's reply at once.
function listen(channel) {
  const inboxes = new Map();
  const inbox = (event) => {
    if (!inboxes.has(event)) inboxes.set(event, new Inbox());
    return inboxes.get(event);
  };
  channel.onMessage = (event, payload) => {
    inbox(event).put(payload);
    return payload;
  };
  return inbox;
}

// Every message the socket gets, as {join_ref, ref, topic, event, payload}.
export function messages(socket) {
  const inbox = new Inbox();
  socket.onMessage((message) => inbox.put(message));
  return inbox;
}
