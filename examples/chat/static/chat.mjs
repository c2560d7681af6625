// The chat in the browser: the official Phoenix client, one channel, and a list of messages.
//
// A message of ours is on the list at once. It shows its state until the server has broadcast it back:
//   queued ──joined──> sending ──reply ok──> accepted ──broadcast──> an ordinary message
//                         ├──reply error──> refused
//                         └──connection lost, or no reply──> unconfirmed (may have arrived: the user decides)
// What others write is always set as text, never as HTML.

import { Socket } from "/assets/phoenix.mjs";
import { watchOnline } from "./online.mjs";

const ROWS_MAX = 500;
const NAME_MAX = 40;
const COLOURS = 6;
const NEAR_END_PX = 48;

const list = document.querySelector("#messages");
const input = document.querySelector("#chat-input");
const nameField = document.querySelector("#name");
const showJoins = document.querySelector("#show-joins");
const newest = document.querySelector("#newest");
const menus = document.querySelectorAll("header details");

const outbox = [];
let state = "connecting";

// --- The channel ---

let token = "";
let joinedAs = null; // the last name that the room was told
let socket;
let channel;
let tellName;

// If a network lets no WebSocket through, the client uses long polling.
async function connect() {
  await getToken();
  socket = new Socket("/socket", { longPollFallbackMs: 2500, authToken: token && (() => token) });
  channel = socket.channel("rooms:lobby", () => ({ user: nameField.value, again: joinedAs === nameField.value }));
  if (token) socket.onError(getToken);
  channel.on("new_msg", ({ body, user }) => receive(asText(body), nameOf(user)));
  channel.on("user_joined", ({ user }) => {
    if (showJoins.checked) addRow(joinRow(nameOf(user)));
  });
  channel.onError(lost);
  channel.onClose(closed);
  socket.connect();
  channel.join()
    .receive("ok", joined)
    .receive("error", ({ reason }) => setState("refused", `Refused: ${asText(reason ?? "no reason given")}`));
  tellName = watchOnline(socket, () => nameField.value);
}

// If the server requires tokens, it gives one for a name; else it gives none. When a connection fails, the token may
// have expired, so it is fetched again.
async function getToken() {
  try {
    const answer = await fetch(`/token?${new URLSearchParams({ user: nameField.value })}`, { cache: "no-store" });
    if (answer.status === 200) token = await answer.text();
  } catch {
    // The server is away: the socket says so, and tries again.
  }
}

// With tokens, another name needs another token, and a new connection. Without tokens the channel is told the new name.
async function rename() {
  if (!token) {
    joinedAs = nameField.value;
    return tellName?.();
  }
  await getToken();
  socket.disconnect(() => socket.connect());
}

function joined() {
  console.log("Joined successfully");
  joinedAs = nameField.value;
  setState("joined", "Joined");
  if (!showJoins.checked) ignoreJoins();
  outbox.filter((item) => item.state === "queued").forEach(send);
}

function lost() {
  if (state === "joined") setState("reconnecting", "Reconnecting…");
  for (const item of [...outbox]) {
    if (item.state === "sending") mark(item, "unconfirmed");
    if (item.state === "accepted") settle(item);
  }
}

// The server ended the channel: the client does not come back by itself.
function closed() {
  lost();
  setState("refused", "Closed by the server: reload to join again");
}

function ignoreJoins() {
  channel.push("ignore_joins", { ignore: !showJoins.checked });
}

function setState(next, words) {
  state = next;
  const status = document.querySelector("#status");
  status.dataset.state = next;
  status.textContent = words;
}

// --- Our own messages ---

function submit(event) {
  event.preventDefault();
  const body = input.value.toWellFormed();
  input.focus();
  if (body.trim() === "") return;
  input.value = "";
  const item = { body, user: nameField.value, state: "queued", push: null };
  item.row = messageRow(body, item.user);
  item.row.classList.add("mine");
  outbox.push(item);
  addRow(item.row);
  scrollToNewest();
  send(item);
}

function send(item) {
  mark(item, state === "joined" ? "sending" : "queued");
  if (item.state === "queued") return;
  const push = channel.push("new_msg", { body: item.body, user: item.user });
  const current = (next, reason) => () => item.push === push && mark(item, next, reason);
  item.push = push;
  push
    .receive("ok", current("accepted"))
    .receive("error", ({ reason }) => current("refused", asText(reason))())
    .receive("timeout", current("unconfirmed"));
}

// Shows the state of a message on its row, and what the user can do about it.
function mark(item, next, reason) {
  const notes = {
    queued: "Waiting for the connection",
    sending: "Sending…",
    unconfirmed: "Not confirmed: it may not have arrived.",
    refused: `Not sent: ${reason}`,
  };
  item.state = next;
  item.row.dataset.state = next;
  item.row.querySelector(".note")?.remove();
  if (!(next in notes)) return;
  const note = element("span", "note", notes[next]);
  if (next === "unconfirmed") note.append(action("Send again", () => send(item)));
  if (next === "unconfirmed" || next === "refused") note.append(action("Remove", () => discard(item)));
  if (next === "sending") item.row.querySelector(".head").prepend(note, " ");
  else item.row.append(note);
  followEnd();
}

function settle(item) {
  outbox.splice(outbox.indexOf(item), 1);
  item.push = null;
  item.row.querySelector(".note")?.remove();
  delete item.row.dataset.state;
}

function discard(item) {
  settle(item);
  item.row.remove();
  input.focus();
}

// --- The list ---

function receive(body, user) {
  const onItsWay = ["sending", "accepted", "unconfirmed"];
  const own = outbox.find((item) => onItsWay.includes(item.state) && item.body === body && item.user === user);
  if (own) settle(own);
  addRow(own ? own.row : messageRow(body, user));
}

function addRow(row) {
  list.append(row);
  if (list.childElementCount > ROWS_MAX) list.querySelector("li:not([data-state])")?.remove();
  if (following) scrollToNewest();
  else newest.hidden = false;
}

function messageRow(body, user) {
  const row = element("li", "message");
  const now = new Date();
  const time = element("time", "", now.toLocaleTimeString([], { hour: "2-digit", minute: "2-digit" }));
  time.dateTime = now.toISOString();
  const head = element("p", "head");
  head.append(element("b", "name", user), " ", time);
  const text = element("p", "body", body);
  text.dir = "auto";
  row.dataset.colour = colourOf(user);
  row.append(avatar(user), head, text);
  return row;
}

function joinRow(user) {
  return element("li", "quiet", `${user} joined`);
}

function avatar(user) {
  const circle = element("span", "avatar", [...user][0].toUpperCase());
  circle.setAttribute("aria-hidden", "true");
  return circle;
}

// False once the reader has scrolled up: then new messages do not move the list.
let following = true;

function onScroll() {
  following = list.scrollHeight - list.scrollTop - list.clientHeight < NEAR_END_PX;
  if (following) newest.hidden = true;
}

function scrollToNewest() {
  list.scrollTop = list.scrollHeight;
  following = true;
  newest.hidden = true;
}

// The list or a row has changed its height (a phone's keyboard opened, a note came): stay at the end if we were there.
function followEnd() {
  if (following) scrollToNewest();
}

// --- Settings ---

const BIRDS = ["Avocet", "Curlew", "Dunlin", "Heron", "Kestrel", "Lapwing", "Osprey", "Plover", "Siskin", "Wren"];
const MOODS = ["Amber", "Bold", "Bright", "Brisk", "Gentle", "Keen", "Merry", "Quiet", "Swift", "Wise"];

// Makes up a name, but not the last one that was made up: another tab may have it.
function friendlyName() {
  const pick = (words) => words[Math.floor(Math.random() * words.length)];
  const last = recall("localStorage", "made-up");
  let name;
  do name = `${pick(MOODS)} ${pick(BIRDS)}`;
  while (name === last);
  remember("localStorage", "made-up", name);
  return name;
}

// The browser may forbid storage. Then settings last as long as the page.
function recall(storage, key) {
  try {
    return window[storage].getItem(key);
  } catch {
    return null;
  }
}

function remember(storage, key, value) {
  try {
    window[storage].setItem(key, value);
  } catch {
    // There is nothing to do: see recall.
  }
}

// A name that was typed in is for all tabs. A name that was made up is for this tab only: a second tab is somebody
// else.
function firstName() {
  return recall("localStorage", "name") || recall("sessionStorage", "name") || friendlyName();
}

function setName(name) {
  nameField.value = name.trim().toWellFormed() || friendlyName();
  document.querySelector("#speaker").textContent = nameField.value;
  remember("sessionStorage", "name", nameField.value);
}

function chooseName() {
  remember("localStorage", "name", nameField.value.trim().toWellFormed());
  setName(nameField.value);
  rename();
}

// Escape closes what is open, and gives the focus back to what opened it.
function closeMenus(event) {
  for (const menu of menus) {
    if (!menu.open || (event.type === "keydown" ? event.key !== "Escape" : menu.contains(event.target))) continue;
    if (menu.contains(document.activeElement)) menu.querySelector("summary").focus();
    menu.open = false;
  }
}

// --- Small things ---

function element(tag, className, text) {
  const made = document.createElement(tag);
  if (className) made.className = className;
  if (text !== undefined) made.textContent = text;
  return made;
}

function action(words, fn) {
  const button = element("button", "", words);
  button.type = "button";
  button.addEventListener("click", fn);
  return button;
}

function asText(value) {
  return typeof value === "string" ? value : JSON.stringify(value) ?? "";
}

function nameOf(user) {
  return typeof user === "string" && user.trim() ? user.trim().slice(0, NAME_MAX) : "anonymous";
}

function colourOf(user) {
  const sum = [...user].reduce((hash, char) => (hash * 31 + char.codePointAt(0)) % 65521, 7);
  return String(sum % COLOURS);
}

setName(firstName());
showJoins.checked = recall("localStorage", "show-joins") !== "no";

document.querySelector("#composer").addEventListener("submit", submit);
nameField.addEventListener("change", chooseName);
showJoins.addEventListener("change", () => {
  remember("localStorage", "show-joins", showJoins.checked ? "yes" : "no");
  if (state === "joined") ignoreJoins();
});
newest.addEventListener("click", scrollToNewest);
list.addEventListener("scroll", onScroll);
document.addEventListener("keydown", closeMenus);
document.addEventListener("pointerdown", closeMenus);
new ResizeObserver(followEnd).observe(list);

connect();
