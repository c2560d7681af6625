// The client of 02_presence.c: node examples/02_presence.mjs NAME, in two terminals. Each line typed says what NAME is doing.
import { createInterface } from "node:readline";
import { Presence, Socket } from "phoenix";
import WebSocket from "ws";

const [user = "somebody", url = "ws://localhost:4000/socket"] = process.argv.slice(2);
const socket = new Socket(url, { transport: WebSocket });
socket.connect();

const room = socket.channel("rooms:lobby", { user });

// Presence keeps the list in step with the server. A name has an entry for each of its devices.
const presence = new Presence(room);
presence.onSync(() => {
  const people = presence.list((name, { metas }) => `${name} is ${metas.map(({ doing }) => doing).join(" and ")}`);
  console.log(people.sort().join(", "));
});
room.join().receive("error", ({ reason }) => console.log(`refused: ${reason}`));

createInterface({ input: process.stdin }).on("line", (doing) => room.push("doing", { doing }));
