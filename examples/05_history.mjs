// The client's side of 05_history.c, for phoenix.js.

// Calls show(id, message) once for each message of the room, in order, even if the connection is lost meanwhile.
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

// Sends the message until it is stored. Resolves to its number. The key makes it one message, however often it is sent.
// Each wait is twice as long as the last, so that a slow server gets fewer messages, and not more.
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
