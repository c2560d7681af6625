// The client of 04_later.c: node examples/04_later.mjs NUMBER.
import { Socket } from "phoenix";
import WebSocket from "ws";

const [below = "1000000", url = "ws://localhost:4000/socket"] = process.argv.slice(2);
const socket = new Socket(url, { transport: WebSocket });
socket.connect();

const numbers = socket.channel("numbers");
numbers.on("progress", ({ done, of }) => console.log(`${Math.round((100 * done) / of)} %`));
numbers.join();

// Wait a minute for the answer. The default is ten seconds.
numbers.push("primes", { below: Number(below) }, 60_000)
  .receive("ok", ({ below, primes }) => console.log(`there are ${primes} primes below ${below}`))
  .receive("error", ({ reason }) => console.log(`refused: ${reason}`))
  .receive("timeout", () => console.log("no answer"));
