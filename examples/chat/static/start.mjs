// Starts the chat. Says so when a part of it cannot be loaded, such as the official client, which npm must install.

import("./chat.mjs").catch((error) => {
  const status = document.querySelector("#status");
  status.dataset.state = "refused";
  status.textContent = "A part of this page is missing: reload it, or build it again";
  console.warn(error);
});
