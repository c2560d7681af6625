// The same server on socket.io, in its own protocol: rooms, events and acknowledgements. It takes WebSocket only, which
// its clients may choose. The load generator speaks it with --dialect socket.io.

import { createServer } from "node:http";
import { Server } from "socket.io";
import { serve } from "./program.mjs";

const http = createServer();
const io = new Server(http, { transports: ["websocket"], serveClient: false });

io.on("connection", (socket) => {
  socket.on("join", (topic, acknowledge) => {
    socket.join(topic);
    acknowledge();
  });
  socket.on("leave", (topic, acknowledge) => {
    socket.leave(topic);
    acknowledge();
  });
  socket.on("echo", (payload, acknowledge) => acknowledge(payload));
  socket.on("bcast", (topic, payload) => io.to(topic).emit("msg", payload));
});

serve(http);
