// What a person does with the link in an McpAuthRequiredError: open it, start the consent, allow it at the provider, come back.
import { form, link } from "./browser.mjs";

/** Of redirects, forth and back. */
const most = 10;

/**
 * `answer` gets each page of the provider that is not a redirect and sends its form; providers that allow everything by themselves
 * need none. Resolves to how it ended: "authorized", or the code of the problem.
 */
export async function consent(browser, overkey, url, answer = refuse) {
  const page = await browser.get(url);
  const start = page.status === 200 ? form(page, "/oauth/start/") : undefined;
  if (start === undefined) throw new Error(`${url}: ${page.status}, and no form that starts a consent:\n${page.text}`);
  let next = await browser.post(start.url, start.fields, page.url);
  if (next.status === 200) {
    const onward = link(next, "continue");
    if (onward === undefined) throw new Error(`${start.url}: no link to the provider:\n${next.text}`);
    next = await browser.get(onward);
  }
  for (let hop = 0; hop < most; hop++) {
    const outcome = ended(next, overkey);
    if (outcome !== undefined) return outcome;
    next = next.location === undefined ? await answer(browser, next) : await browser.get(next.location);
  }
  throw new Error(`no end after ${most} redirects: ${next.url}`);
}

/** What Overkey's own page says when the person is sent back to it. */
function ended({ location }, overkey) {
  if (location === undefined) return undefined;
  const { origin, pathname, searchParams } = new URL(location);
  if (origin !== overkey.url || !pathname.startsWith("/connect/")) return undefined;
  return searchParams.get("done") ?? searchParams.get("problem") ?? undefined;
}

function refuse(_, page) {
  throw new Error(`${page.url}: ${page.status}, and no redirect:\n${page.text}`);
}
