// Who Overkey is at a real provider: `node end2end/clients/oauth-provider.mjs`.
//
// Behind https it is named by its own metadata document, otherwise it registers. Both times a person consents at oidc-provider's pages,
// and a FastMCP server that checks the token tells whose it is. Ends with 1 when one of them fails.
import assert from "node:assert/strict";
import { AuthorizationServer, password } from "../oauth/provider.mjs";
import { Browser, form } from "./lib/browser.mjs";
import { Caller } from "./lib/caller.mjs";
import { consent } from "./lib/consent.mjs";
import { install } from "./lib/install.mjs";
import { startNotes } from "./lib/upstreams.mjs";
import { World } from "./lib/world.mjs";

const caller = "bob@demo.test";
const revisions = ["2025-11-25", "2026-07-28"];

await install();
let failed = 0;
for (const publicUrl of [undefined, "https://overkey.test"]) {
  const world = await World.start(publicUrl);
  const provider = await AuthorizationServer.start({ knows: world });
  const notes = await startNotes(provider);
  for (const revision of revisions) {
    const name = `notes-${revision}`;
    await world.register(name, notes, { mode: "oauth2_authorization_code", discover: true }, [caller]);
    const result = await attempt(world, provider, name, revision).catch((error) => `failed: ${error.message}`);
    if (result.startsWith("failed")) failed += 1;
    console.log(`${publicUrl ?? "http on loopback"}, ${revision}: ${result}`);
  }
  await provider.stop();
}
process.exit(failed === 0 ? 0 : 1);

async function attempt(world, provider, name, revision) {
  const browser = new Browser(world, await world.signIn(caller));
  const token = await world.token(caller);
  const ends = [];
  const onLink = async (link) => ends.push(await consent(browser, world, link, answer));
  const client = new Caller({ overkey: world, url: `${world.url}/mcp/${name}`, token, revision, onLink });
  const { content } = await client.useTool("whoami");
  const seen = JSON.parse(content[0].text);
  assert.deepEqual(ends, ["authorized"]);
  assert.equal(seen.sub, "bob");
  const document = `${world.url}/oauth/client-metadata.json`;
  const registered = provider.registrations.map(({ application_type }) => application_type);
  if (world.url.startsWith("https:")) assert.deepEqual([seen.client_id, registered], [document, []]);
  else assert.ok(registered.length > 0 && registered.every((type) => type === "native"), `registered as ${registered}`);
  return `ok: ${seen.sub} by ${seen.client_id}`;
}

/** The person at the provider's pages. */
function answer(browser, page) {
  assert.equal(page.status, 200, page.text);
  const { url } = form(page, "");
  const fields = page.text.includes('name="account"') ? { account: "bob", password } : { answer: "allow" };
  return browser.post(url, fields, page.url);
}
