// The client's side of 05_history.c, for phoenix.js.

// Calls show(id, message) for each message of the room once, in their order, whatever becomes of the connection.
export function join(socket, topic, show, last = 0) {
  const room = socket.channel(topic, () => ({ last }));
  const take = ({ id, message }) => {
    last = id;
    show(id, message);
  };
  room.on("new_msg", take);
  room.on("missed", ({ messages }) => messages.forEach(take));
  room.join();
  return room;
}

// Sends until the message is stored: its number. However often it was sent, the key makes one message of it. It waits
// twice as long each time: a server that is late gets fewer messages then, and not more.
export function say(room, message, key = crypto.randomUUID()) {
  return new Promise((resolve) => {
    const send = (timeout) =>
      room.push("new_msg", { ...message, key }, timeout)
        .receive("ok", ({ id }) => resolve(id))
        .receive("timeout", () => send(2 * timeout))
        .receive("error", () => setTimeout(send, 1000, timeout));
    send(room.timeout);
  });
}
