// Visits that know exactly what they are owed: every answer, or a clear end. Each resolves to how it went, "served" or what
// came in place of it (an answer that says no, a connection that was closed or refused); only a wait in vain is an error.

import { once } from "node:events";
import net from "node:net";
import { OPCODE, RawConnection, text, upgradeRequest } from "./raw.mjs";
import { within } from "./wait.mjs";

const TOPIC = "room:fault";
const QUIET = "room:bystander"; // who visits is not told there

// One visit's connection. What was not answered in time fails the test.
async function visit(server, talk) {
  const tcp = net.connect({ port: server.port, host: "127.0.0.1", noDelay: true });
  const raw = new RawConnection(tcp);
  try {
    await within(Promise.race([once(tcp, "connect"), raw.closed]), "a connection");
    const went = await talk(raw);
    tcp.end();
    await within(raw.closed, "the server to close too");
    return went;
  } catch (error) {
    if (/waited/.test(error.message)) throw error;
    return error.code ?? error.message;
  } finally {
    tcp.destroy();
  }
}

function refused(status) {
  return `answered with ${status}`;
}

// The next message that is `wanted`; a close frame ends the wait.
async function message(raw, wanted, what) {
  for (;;) {
    const { opcode, payload } = await raw.frame();
    if (opcode === OPCODE.CLOSE) throw new Error(`closed with ${payload.length >= 2 ? payload.readUInt16BE() : 1005} before ${what}`);
    const found = JSON.parse(payload);
    if (wanted(found)) return found;
  }
}

const replyTo = (ref) => ([, of, , event]) => of === ref && event === "phx_reply";

// A WebSocket client in a room, which stays until leave(): ask() resolves to whether it is served,
// end() to the code that it is closed with.
export async function member(t, server) {
  const raw = await RawConnection.websocket(t, server);
  raw.send(text(["1", "1", QUIET, "phx_join", {}]));
  await message(raw, replyTo("1"), "the join's reply");
  let ref = 1;
  const ask = async () => {
    const mine = String(++ref);
    raw.send(text(["1", mine, QUIET, "echo", { n: ref }]));
    const [, , , , reply] = await message(raw, replyTo(mine), "the bystander's answer");
    return reply.status === "ok";
  };
  const leave = async () => {
    raw.tcp.end();
    await within(raw.closed, "the end of the bystander's connection");
  };
  const end = async () => {
    const code = await raw.closeCode();
    raw.tcp.end();
    return `closed with ${code}`;
  };
  return { ask, leave, end };
}

export function byWebSocket(server) {
  return visit(server, async (raw) => {
    raw.send(upgradeRequest("/socket/websocket?vsn=2.0.0"));
    const { status } = await raw.response();
    if (status !== 101) return refused(status);
    const steps = [["1", "phx_join", {}], ["2", "echo", { n: 1 }], ["3", "phx_leave", {}]];
    for (const [ref, event, payload] of steps) {
      raw.send(text(["1", ref, TOPIC, event, payload]));
      const [, , , , reply] = await message(raw, replyTo(ref), event);
      if (reply.status !== "ok") return `${event}: ${JSON.stringify(reply)}`;
    }
    return "served";
  });
}

// Requests one after the other on a connection; `status` is that of the body where the body has one.
async function request(raw, method, target, body = "") {
  raw.send(`${method} ${target} HTTP/1.1\r\nhost: a\r\ncontent-length: ${Buffer.byteLength(body)}\r\n\r\n${body}`);
  const answer = await raw.response();
  if (answer.status !== 200 || !answer.headers["content-type"]?.includes("json")) return answer;
  const content = JSON.parse(answer.body);
  return { ...answer, ...content };
}

export function byLongPolling(server) {
  return visit(server, async (raw) => {
    const mount = "/socket/longpoll?vsn=2.0.0";
    const { status, token } = await request(raw, "GET", mount);
    if (status !== 410) return refused(status);
    const session = `${mount}&token=${encodeURIComponent(token)}`;
    const steps = [["1", "phx_join", {}], ["2", "echo", { n: 1 }], ["3", "phx_leave", {}]];
    for (const [ref, event, payload] of steps) {
      const sent = await request(raw, "POST", session, JSON.stringify(["1", ref, TOPIC, event, payload]));
      if (sent.status !== 200) return refused(sent.status);
      for (let found = false; !found; ) {
        const polled = await request(raw, "GET", session);
        if (polled.status !== 200 && polled.status !== 204) return refused(polled.status);
        const reply = (polled.messages ?? []).map((each) => JSON.parse(each)).find(replyTo(ref));
        if (reply && reply[4].status !== "ok") return `${event}: ${JSON.stringify(reply[4])}`;
        found = Boolean(reply);
      }
    }
    return "served";
  });
}

// One that is larger than a piece, and one that is not there.
export function ofFiles(server, size) {
  return visit(server, async (raw) => {
    for (const [name, status, length] of [["large.bin", 200, size], ["none.txt", 404, null]]) {
      const answer = await request(raw, "GET", `/files/${name}`);
      if (answer.status !== status) return refused(answer.status);
      if (length !== null && answer.body.length !== length) return `${answer.body.length} bytes`;
    }
    return "served";
  });
}
