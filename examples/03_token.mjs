// The client of 03_token.c: node examples/03_token.mjs NAME. Each line typed is a message; "bye" logs NAME out everywhere.
import { createInterface } from "node:readline";
import { Socket } from "phoenix";
import WebSocket from "ws";

const [user = "somebody", server = "localhost:4000"] = process.argv.slice(2);

// A real client keeps the token, and shows it at each visit until it expires.
const answer = await fetch(`http://${server}/login?user=${encodeURIComponent(user)}`);
const authToken = await answer.text();

const socket = new Socket(`ws://${server}/socket`, { transport: WebSocket, authToken });
socket.onClose(() => {
  console.log("logged out");
  process.exit();
});
socket.connect();

const room = socket.channel("rooms:lobby");
room.on("new_msg", ({ user, body }) => console.log(`${user}: ${body}`));
room.join().receive("ok", () => console.log(`logged in as ${user}`));

createInterface({ input: process.stdin }).on("line", (body) => {
  if (body === "bye") room.push("log_out", {});
  else room.push("new_msg", { body });
});
