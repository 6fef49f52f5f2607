// What others may try through a browser (protocol-security 4.2): text that would be markup (G4), posts from other sites (G3) and
// frames around our pages (G7). A page that reports a broken policy fails every test (`quiet`).
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { ada, bob, expect, settled, test } from "../fixtures/app.ts";

const markup = `"><img src=x onerror="document.title='owned'"><script>document.title='owned'</script>{{constructor}}`;

/** An upstream whose every word is an attack. */
function evil(): Server {
  const tool = { name: "evil", title: markup, description: markup, inputSchema: { type: "object", title: markup } };
  const of = (method: string) =>
    method === "initialize"
      ? { protocolVersion: "2025-11-25", capabilities: { tools: {} }, serverInfo: { name: markup, version: "1" } }
      : method === "tools/list"
        ? { tools: [tool, { ...tool, name: markup }] }
        : undefined;
  return createServer(async (request, response) => {
    let text = "";
    for await (const part of request) text += part;
    const { id, method } = JSON.parse(text === "" ? "{}" : text);
    const result = of(method);
    const body = result === undefined ? { error: { code: -32000, message: markup } } : { result };
    response.writeHead(id === undefined ? 202 : 200, { "content-type": "application/json" });
    response.end(id === undefined ? "" : JSON.stringify({ jsonrpc: "2.0", id, ...body }));
  });
}

test("G4 what people type and upstreams say is text on every page", async ({ page, api, signIn }) => {
  const server = evil();
  await new Promise<void>((done) => server.listen(0, "127.0.0.1", done));
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/mcp`;
  const admin = await api(ada);
  const name = markup.slice(0, 90);
  await admin.post("/servers", { name: "evil", url, description: markup, outbound_auth: { mode: "none" } });
  const { id } = await admin.post("/users", { email: "mallory@demo.test", name });
  await admin.put(`/servers/evil/access/user/${id}`, { role: "user" });
  await admin.post("/teams", { name: "evil", description: markup });
  await admin.put(`/teams/evil/members/${id}`, {});
  await admin.post("/virtual-accounts", { name: "evil", description: markup });
  await admin.post("/tokens", { name });
  await signIn(ada);
  for (const [path, shown] of [
    ["/servers", markup],
    ["/servers/evil", markup],
    ["/servers/evil/tools", markup],
    ["/servers/evil/access", name],
    ["/servers/evil/settings", markup],
    ["/servers/evil/activity/changes", undefined],
    ["/people", name],
    ["/people/mallory@demo.test", name],
    ["/people/mallory@demo.test/delete", name],
    ["/teams", markup],
    ["/teams/evil", markup],
    ["/virtual-accounts", markup],
    ["/virtual-accounts/evil", markup],
    ["/tokens", name],
    ["/audit", undefined],
    [`/people?search=${encodeURIComponent(markup)}`, markup],
    [`/sign-in?error=${encodeURIComponent(markup)}&next=${encodeURIComponent(markup)}`, undefined],
  ] as const) {
    await page.goto(path);
    await settled(page);
    await expect(page.locator('img[src="x"]'), path).toHaveCount(0);
    await expect(page, path).not.toHaveTitle("owned");
    if (shown === undefined) continue;
    const said = page
      .getByText(shown.slice(0, 40))
      .or(page.locator("input, textarea").and(page.locator(`[value*="onerror"]`)));
    const values = await page
      .locator("input, textarea")
      .evaluateAll((all) => all.map((one) => (one as HTMLInputElement).value));
    const found = (await said.count()) > 0 || values.some((value) => value.includes("onerror"));
    expect(found, `${path} shows it as it is`).toBe(true);
  }
  server.closeAllConnections();
  await new Promise((done) => server.close(done));
});

test.describe("from another site", () => {
  // What the browser says when it obeys.
  test.use({ expectedProblems: [/frame-ancestors|X-Frame-Options|Refused to frame|Framing/i] });

  test("G3 a form that another site sends does nothing", async ({ page, world, api, signIn }) => {
    await signIn(bob);
    const bobs = await api(bob);
    const before = (await bobs.get("/tokens")).items.length;
    const elsewhere = "http://elsewhere.example/";
    const form = `<form method="post" action="${world.url}/tokens"><input name="name" value="theirs"><button>Win</button></form>`;
    await page.route(elsewhere, (route) => route.fulfill({ body: form, contentType: "text/html" }));
    await page.goto(elsewhere);
    const answer = page.waitForResponse(`${world.url}/tokens`);
    await page.getByRole("button", { name: "Win" }).click();
    expect((await answer).status()).toBe(403);
    expect((await bobs.get("/tokens")).items.length).toBe(before);
    await page.goto("/servers");
    await settled(page);
    await expect(page.getByLabel("My menu, Bob Ng"), "and who is signed in stays so").toBeVisible();
  });

  test("G7 our pages show nothing in a frame", async ({ page, world, signIn }) => {
    await signIn(bob);
    // A server on another port, for Chromium lets no public site frame a local one, whatever that says.
    const server = createServer((request, answer) => {
      answer.setHeader("content-type", "text/html");
      answer.end(`<h1>Elsewhere</h1><iframe src="${world.url}${request.url}"></iframe>`);
    });
    await new Promise<void>((done) => server.listen(0, "127.0.0.1", done));
    for (const [path, words] of [
      ["/sign-in", "Sign in"],
      ["/servers", "Servers"],
      ["/servers/notes/overrides", "Auth Overrides"],
    ] as const) {
      const elsewhere = `http://127.0.0.1:${(server.address() as AddressInfo).port}${path}`;
      const asked = page.waitForResponse((response) => response.url().startsWith(world.url));
      await page.goto(elsewhere);
      const answer = await asked;
      expect(answer.headers()["content-security-policy"], path).toContain("frame-ancestors 'none'");
      await page.waitForLoadState();
      const inside = page.frames().filter((one) => one !== page.mainFrame());
      expect(
        inside.map((one) => new URL(one.url()).protocol),
        path,
      ).toEqual(["chrome-error:"]);
      await expect(page.frameLocator("iframe").getByText(words, { exact: true })).toHaveCount(0);
    }
    server.closeAllConnections();
    await new Promise((done) => server.close(done));
  });
});
