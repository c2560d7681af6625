// The client of 07_http.c: node examples/07_http.mjs NAME PASSWORD. The password is the name backwards. Each line typed goes through
// the webhook; "bye" has the admin log NAME out.
import { createInterface } from "node:readline";
import { Socket } from "phoenix";
import WebSocket from "ws";

const [user = "ann", password = "nna", server = "localhost:4000"] = process.argv.slice(2);

const ask = (method, path, body, headers = {}) =>
  fetch(`http://${server}${path}`, { method, body: body && JSON.stringify(body), headers: { "content-type": "application/json", ...headers } });

const answer = await ask("POST", "/login", { user, password });
if (!answer.ok) {
  console.log(`not logged in: ${(await answer.text()).trim()}`);
  process.exit(1);
}
const { token: authToken } = await answer.json();

const socket = new Socket(`ws://${server}/socket`, { transport: WebSocket, authToken });
socket.onClose(() => {
  console.log("logged out");
  process.exit();
});
socket.connect();

const room = socket.channel("rooms:lobby");
room.on("hook", ({ said }) => console.log(`the hook says: ${said}`));
room.join().receive("ok", () => console.log(`logged in as ${user}`));

createInterface({ input: process.stdin }).on("line", (said) => {
  if (said === "bye") ask("DELETE", `/admin/users/${encodeURIComponent(user)}`, undefined, { authorization: "Bearer of-the-admin" });
  else ask("POST", "/hooks/lobby", { said });
});
