// The conformance suite cannot send a token, so this adds one on the way. Nothing else is changed, and nothing is buffered.
import { createServer, request } from "node:http";

/** `target` is an origin. Host and Origin stay the suite's own: the gateway is the one to judge them. */
export async function startTokenProxy(target, token) {
  const { hostname, port } = new URL(target);
  const server = createServer((from, to) => {
    const headers = [...from.rawHeaders, "Authorization", `Bearer ${token}`];
    const onward = request({ hostname, port, method: from.method, path: from.url, headers }, (answer) => {
      to.writeHead(answer.statusCode, answer.statusMessage, answer.rawHeaders);
      to.flushHeaders();
      answer.pipe(to);
      answer.on("error", () => to.destroy());
    });
    onward.on("error", () => to.destroy());
    to.on("close", () => onward.destroy());
    from.pipe(onward);
  });
  await new Promise((done) => server.listen(0, "127.0.0.1", done));
  return `http://localhost:${server.address().port}`;
}
