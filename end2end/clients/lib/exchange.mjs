// One HTTP request, without following anything. Overkey may have a public address that is not where it listens (https in front of
// it): requests to the one go to the other, under the public name.
import { request } from "node:http";

/** @param {{url: string, listen: string}} overkey its public address and the one it listens on, without slashes at the end */
export function exchange(overkey, method, url, { headers = {}, body } = {}) {
  const target = new URL(url);
  const { hostname, port } = new URL(target.origin === overkey.url ? overkey.listen : target.origin);
  const options = { hostname, port, path: target.pathname + target.search, method };
  return new Promise((done, fail) => {
    const sent = request({ ...options, headers: { host: target.host, ...headers } }, async (answer) => {
      let text = "";
      for await (const part of answer.setEncoding("utf8")) text += part;
      done({ status: answer.statusCode, headers: answer.headers, text });
    });
    sent.on("error", fail);
    sent.end(body);
  });
}
