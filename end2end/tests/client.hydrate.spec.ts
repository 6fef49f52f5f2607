// A real MCP client (the official TypeScript SDK) that stays connected while people change its credential in the browser.
import { Client } from "@modelcontextprotocol/sdk/client/index.js";
import { StreamableHTTPClientTransport } from "@modelcontextprotocol/sdk/client/streamableHttp.js";
import { bob, expect, mia, test } from "../fixtures/app.ts";
import { Tab } from "../fixtures/tab.ts";

test("S06 the connected client's next call carries what was added, and asks for it once it is deleted", async ({
  page,
  signIn,
  api,
  world,
}) => {
  await (await api(mia)).put("/servers/notes/overrides/user/bob@demo.test", { credential: "sk-eve" });
  const { token } = await api(bob);
  const client = new Client({ name: "overkey-browser-tests", version: "1.0.0" });
  const headers = { Authorization: `Bearer ${token}` };
  await client.connect(
    new StreamableHTTPClientTransport(new URL(`${world.url}/mcp/notes`), { requestInit: { headers } }),
  );
  const hint = async () => {
    const result = (await client.callTool({ name: "whoami", arguments: {} })) as { content: { text: string }[] };
    return JSON.parse(result.content[0]?.text ?? "{}").subject_hint;
  };
  expect(await hint()).toBe("eve");

  await signIn(mia);
  const tab = new Tab(page, "notes");
  const remove = async () => {
    await page.getByRole("link", { name: "Delete the override of Bob Ng" }).click();
    await tab.form.getByRole("button", { name: "Delete" }).click();
    await tab.done(/Override deleted/);
  };
  await tab.open();
  await remove();
  await expect(hint()).rejects.toThrow(/McpAuthRequiredError: Bob Ng has no credential for 'notes' yet/);

  await tab.addFor(bob, "sk-bob");
  await tab.done(/Override added/);
  expect(await hint()).toBe("bob");

  await remove();
  await expect(hint()).rejects.toThrow(/McpAuthRequiredError/);
  await client.close();
});
