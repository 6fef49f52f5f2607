// What the person does in the browser: allows the app, types in the key that is missing, and is sent back to the app.
import { form } from "../lib/browser.mjs";

const page = "/oauth/authorize";

/** Resolves to the address that the browser is sent back to; the caller opens it, or reads the answer in it. */
export async function allow(browser, url, key, seen = {}) {
  const question = await browser.get(url);
  const asked = question.status === 200 ? form(question, page) : undefined;
  if (asked === undefined) throw new Error(`${url}: ${question.status}, and no question:\n${question.text}`);
  seen.asked = true;
  let next = await browser.post(asked.url, [...asked.fields, ["decision", "allow"]], question.url);
  if (next.status === 200) {
    const missing = form(next, page);
    seen.key = true;
    const entered = [
      ["form[values][API_KEY]", key],
      ["decision", "save"],
    ];
    next = await browser.post(missing.url, [...missing.fields, ...entered], question.url);
  }
  if (next.status !== 303) throw new Error(`not sent back: ${next.status}\n${next.text}`);
  return next.location;
}

/** Programs that listen for the answer themselves. */
export async function deliver(location) {
  const answer = await fetch(location, { redirect: "manual" });
  if (answer.status >= 400)
    throw new Error(`the app does not take the answer: ${answer.status} ${await answer.text()}`);
}
