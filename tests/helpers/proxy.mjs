// An HTTP proxy in front of a server, as some networks have it: it knows nothing of WebSockets.

import http from "node:http";

// {url, port, close()}; `upgrades` decides what becomes of a request to upgrade: "refuse" it, or "hang".
export async function startProxy(server, { upgrades = "refuse" } = {}) {
  const hung = new Set();
  const proxy = http.createServer((request, response) => {
    const { method, url, headers } = request;
    const onward = http.request({ port: server.port, host: "127.0.0.1", method, path: url, headers }, (answer) => {
      response.writeHead(answer.statusCode, answer.headers);
      answer.pipe(response);
    });
    onward.on("error", () => response.destroy());
    response.on("close", () => onward.destroy());
    request.pipe(onward);
  });
  proxy.on("upgrade", (request, tcp) => {
    hung.add(tcp);
    tcp.on("error", () => {});
    if (upgrades === "refuse") tcp.end("HTTP/1.1 502 Bad Gateway\r\ncontent-length: 0\r\nconnection: close\r\n\r\n");
  });
  await new Promise((resolve) => proxy.listen(0, "127.0.0.1", resolve));
  const { port } = proxy.address();

  async function close() {
    for (const tcp of hung) tcp.destroy();
    const closed = new Promise((resolve) => proxy.close(resolve));
    proxy.closeAllConnections();
    await closed;
  }

  return { url: `http://127.0.0.1:${port}`, port, close };
}
