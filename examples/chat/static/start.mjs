// Starts the chat, and says so when a part of it cannot be loaded: the official client, where npm has not brought it.

import("./chat.mjs").catch((error) => {
  const status = document.querySelector("#status");
  status.dataset.state = "refused";
  status.textContent = "A part of this page is missing: reload it, or build it again";
  console.warn(error);
});
