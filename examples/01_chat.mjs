// The client of 01_chat.c, for node. In a browser leave out `ws` and `transport` (static/index.html).
import { Socket } from "phoenix";
import WebSocket from "ws";

const socket = new Socket("ws://localhost:4000/socket", { transport: WebSocket });
socket.connect();

const room = socket.channel("rooms:lobby");
room.on("new_msg", ({ body }) => console.log(body));
room.join().receive("ok", () => room.push("new_msg", { body: "hello" }));
