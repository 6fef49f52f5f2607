// Trying a credential at its server before it is saved and after (B04), and how a stored one is (B05).
import { ada, bob, eve, expect, mia, settled, test } from "../fixtures/app.ts";
import { expectAccessible } from "../fixtures/a11y.ts";
import { Tab } from "../fixtures/tab.ts";

const key = (tab: Tab) => tab.form.getByLabel("API_KEY", { exact: true });

test("B04 a key that the server rejects is refused at its field, and not stored", async ({ page, signIn, api }) => {
  await signIn(bob);
  const tab = new Tab(page, "notes");
  await tab.open();
  await tab.add.click();
  await expect(tab.form.getByLabel("Verify now")).not.toBeChecked();
  await tab.form.getByLabel("Verify now").check();
  await key(tab).fill("sk-wrong");
  await tab.form.getByRole("button", { name: "Submit" }).click();
  await expect(tab.form.locator("#credential-notes")).toContainText("does not accept this credential (HTTP 401)");
  await expect(key(tab)).toHaveAttribute("aria-invalid", "true");
  // What was chosen stays, so that the next try is tried too.
  await expect(tab.form.getByLabel("Verify now")).toBeChecked();
  expect(await page.content()).not.toContain("sk-wrong");
  expect((await (await api(ada)).get("/servers/notes/overrides")).items).toEqual([]);
});

test("B04 one that it accepts is saved and says so", async ({ page, signIn }) => {
  await signIn(bob);
  const tab = new Tab(page, "notes");
  await tab.open();
  await tab.add.click();
  await key(tab).fill("sk-bob");
  await tab.form.getByLabel("Verify now").check();
  await tab.form.getByRole("button", { name: "Submit" }).click();
  await tab.done(/Override added. The server accepts it/);
  await expect(tab.row("Bob Ng")).toContainText("verified just now");
});

test("B04 from the page that a client's link leads to", async ({ page, signIn, api }) => {
  await signIn(eve);
  await page.goto("/connect/notes");
  await settled(page);
  await page.getByLabel("API_KEY", { exact: true }).fill("sk-nobody");
  await page.getByLabel("Verify now").check();
  await page.getByRole("button", { name: "Save my key" }).click();
  await expect(page.locator("#credential-notes")).toContainText("does not accept this credential");
  await page.getByLabel("API_KEY", { exact: true }).fill("sk-eve");
  await page.getByRole("button", { name: "Save my key" }).click();
  await expect(page.getByRole("status").filter({ hasText: "The server accepts it" })).toBeVisible();
  const stored = await (await api(ada)).get(`/servers/notes/overrides/user/${eve}`);
  expect(stored.last_verified_at).not.toBeNull();
});

test("B04 an edit that is rejected leaves what was there", async ({ page, signIn, api }) => {
  const admin = await api(ada);
  const before = await admin.get(`/servers/notes/overrides/user/${bob}`);
  await signIn(mia);
  const tab = new Tab(page, "notes");
  await tab.open();
  await page.getByRole("link", { name: "Edit the override of Bob Ng" }).click();
  await key(tab).fill("sk-wrong");
  await tab.form.getByLabel("Verify now").check();
  await tab.form.getByRole("button", { name: "Save" }).click();
  await expect(tab.form.locator("#credential-notes")).toContainText("does not accept this credential");
  expect(await admin.get(`/servers/notes/overrides/user/${bob}`)).toEqual(before);
});

test("B04 a server that cannot be reached is named as such, at the box", async ({ page, signIn, api }) => {
  const admin = await api(ada);
  await admin.post("/servers", {
    name: "gone",
    url: "http://127.0.0.1:9/mcp",
    outbound_auth: { mode: "api_key_individual", headers: { Authorization: "Bearer {{API_KEY}}" } },
  });
  await signIn(ada);
  const tab = new Tab(page, "gone");
  await tab.open();
  await tab.add.click();
  await tab.form.getByLabel("Subject").fill(bob);
  await key(tab).fill("sk-bob");
  await tab.form.getByLabel("Verify now").check();
  await tab.form.getByRole("button", { name: "Submit" }).click();
  await expect(tab.form.locator("#verify-notes")).toContainText("could not be reached");
  await expect(tab.form.locator("#verify-notes")).toContainText("Nothing was stored");
  expect((await admin.get("/servers/gone/overrides")).items).toEqual([]);
  await expectAccessible(page);
  await key(tab).fill("sk-bob");
  await tab.form.getByLabel("Verify now").uncheck();
  await tab.form.getByRole("button", { name: "Submit" }).click();
  await tab.done(/Override added/);
});

test("B04 B05 a stored one is tried in its row, on the page as it is", async ({ page, signIn, api }) => {
  const admin = await api(ada);
  await admin.put(`/servers/notes/overrides/user/${bob}`, { credential: "sk-bob" });
  await admin.put("/servers/notes/overrides/virtual_account/ci-bot", { credential: "sk-old" });
  await signIn(mia);
  const tab = new Tab(page, "notes");
  await page.goto("/servers/notes/overrides?sort=-entity");
  await settled(page);
  await expect(tab.row("Bob Ng")).not.toContainText("verified");
  await page.getByRole("button", { name: "Verify the override of Bob Ng" }).click();
  await expect(tab.row("Bob Ng")).toContainText("verified just now");
  await page.getByRole("button", { name: "Verify the override of ci-bot" }).click();
  await expect(page.getByRole("alert")).toContainText("ci-bot: The server does not accept this credential (HTTP 401)");
  await expect(tab.row("ci-bot")).toContainText("Rejected");
  expect(page.url()).toContain("sort=-entity");
  await expectAccessible(page);
  // And it is accepted again.
  await admin.put("/servers/notes/overrides/virtual_account/ci-bot", { credential: "sk-ci" });
  await page.reload();
  await settled(page);
  await page.getByRole("button", { name: "Verify the override of ci-bot" }).click();
  await expect(tab.row("ci-bot")).toContainText("verified just now");
  await expect(tab.row("ci-bot")).toContainText("Active");
  await expect(page.getByText("does not accept")).toHaveCount(0);
});

test("B05 My connections shows the last verification, and verifies", async ({ page, signIn, api }) => {
  await (await api(bob)).put(`/servers/notes/overrides/user/${bob}`, { credential: "sk-bob" });
  await signIn(bob);
  await page.goto("/connections");
  await settled(page);
  const row = page.getByRole("row").filter({ has: page.getByRole("link", { name: "notes", exact: true }) });
  await expect(row).not.toContainText("verified");
  await row.getByRole("button", { name: "Verify the override of Bob Ng" }).click();
  await expect(row).toContainText("verified just now");
  await expect(page.getByRole("row").filter({ hasText: "shared" }).getByRole("button")).toHaveCount(0);
});

test("B05 an expiry is told by how near it is", async ({ page, signIn, api }) => {
  const caller = await api(bob);
  const at = (days: number) => new Date(Date.now() + days * 86_400_000 + 3_600_000).toISOString().replace(/\.\d+/, "");
  const expiring = (expires_at: string) =>
    caller.put(`/servers/notes/overrides/user/${bob}`, { credential: "sk-bob", expires_at });
  await signIn(bob);
  const tab = new Tab(page, "notes");
  await expiring(at(3));
  await tab.open();
  await expect(tab.row("Bob Ng")).toContainText("expires in 3 days");
  await page.goto("/connections");
  await expect(page.getByRole("row").filter({ hasText: "notes" })).toContainText("expires in 3 days");
  await expiring("2090-01-31T23:59:59Z");
  await tab.open();
  await expect(tab.row("Bob Ng")).toContainText("expires 2090-01-31");
});
