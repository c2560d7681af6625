// Who is online: the Presence class of the official client, and a list that opens from the header. Each name is on it
// once, however many tabs its user has open.

import { Presence } from "/assets/phoenix.mjs";

const menu = document.querySelector("#online");
const count = document.querySelector("#online-count");
const list = document.querySelector("#online-names");

// `name` returns our own name. Returns a function to call when it has changed.
export function watchOnline(socket, name) {
  const channel = socket.channel("online:lobby", () => ({ user: name() }));
  const presence = new Presence(channel);
  presence.onSync(() => show(presence.list((key) => key), name()));
  channel.onError(unknown);
  channel.onClose(unknown);
  channel.join();
  return () => channel.state === "joined" && channel.push("renamed", { user: name() });
}

// Our own name comes first, then the others by the alphabet.
function show(names, own) {
  const others = names.filter((name) => name !== own).sort((one, other) => one.localeCompare(other));
  const rows = others.map((name) => row(name));
  if (names.includes(own)) rows.unshift(row(own, " (you)"));
  list.replaceChildren(...rows);
  tell(names.length, `${names.length} online`);
  menu.hidden = false;
}

// Without a connection we do not know. The next sync tells us.
function unknown() {
  list.replaceChildren();
  menu.open = false;
  tell("–", "Not connected: nobody knows who is online");
}

function tell(number, words) {
  count.textContent = number;
  menu.querySelector("summary").title = words;
}

function row(name, note = "") {
  const item = document.createElement("li");
  const shown = document.createElement("bdi");
  shown.textContent = name;
  item.append(shown, note);
  return item;
}
