// The client of 06_cpp.cpp: node examples/06_cpp.mjs. It says each line that is typed, and asks how often its first
// word was said.
import { createInterface } from "node:readline";
import { Socket } from "phoenix";
import WebSocket from "ws";

const [url = "ws://localhost:4000/socket"] = process.argv.slice(2);
const socket = new Socket(url, { transport: WebSocket });
socket.connect();

const words = socket.channel("words");
words.join();

createInterface({ input: process.stdin }).on("line", (text) => {
  const [word] = text.split(" ");
  words.push("say", { text }).receive("ok", ({ words }) => console.log(`${words} words`));
  words.push("count", { word }).receive("ok", ({ count }) => console.log(`"${word}" was said ${count} times`));
});
