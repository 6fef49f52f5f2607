// The Auth Overrides tab, from the button to the upstream: S01 to S14, as manager, as user, as a stranger.
import { ada, bob, eve, expect, mia, settled, signInByForm, test } from "../fixtures/app.ts";
import { Tab } from "../fixtures/tab.ts";
import { whoami } from "../fixtures/whoami.ts";

test.describe("a manager", () => {
  test("S01 S02 opens the tab, where Add Override stands at the top right", async ({ page, signIn }) => {
    await signIn(mia);
    await page.goto("/servers/notes");
    await page.getByRole("link", { name: "Auth Overrides" }).click();
    const tab = new Tab(page, "notes");
    await expect(tab.add).toBeVisible();
    const heading = await page.getByRole("heading", { name: "Auth Overrides" }).boundingBox();
    const button = await tab.add.boundingBox();
    if (heading === null || button === null) throw new Error("not drawn");
    expect(button.x).toBeGreaterThan(heading.x + heading.width);
    expect(Math.abs(button.y + button.height / 2 - heading.y - heading.height / 2)).toBeLessThan(20);
  });

  test("S03 S04 S06 adds a key for Bob, and Bob's next call carries it", async ({ page, signIn, api }) => {
    const caller = await api(bob);
    const before = await whoami(caller, "notes");
    expect(before.error?.data).toMatchObject({ type: "McpAuthRequiredError", reason: "override_missing" });
    await signIn(mia);
    const tab = new Tab(page, "notes");
    await tab.open();
    await tab.addFor(bob, "sk-bob");
    await tab.done(/Override added/);
    expect(await whoami(caller, "notes")).toEqual({ hint: "bob" });
  });

  test("S07 S08 sees it in the table: entity, type, auth, updated by, a mask, and nothing more", async ({
    page,
    signIn,
  }) => {
    await signIn(mia);
    const tab = new Tab(page, "notes");
    await tab.open();
    const heads = await page.getByRole("columnheader").allInnerTexts();
    expect(heads.slice(0, 5).map((head) => head.replace(/ [↑↓]$/, ""))).toEqual([
      "Entity",
      "Type",
      "Auth",
      "Updated by",
      "Credentials",
    ]);
    const row = tab.row("bob@demo.test");
    for (const text of ["Bob Ng", "User", "API Key", "Mia Kern", "••••••••", "Active"]) {
      await expect(row).toContainText(text);
    }
    expect(await page.content()).not.toContain("sk-bob");
  });

  test("S31 adds one for a virtual account by its name", async ({ page, signIn }) => {
    await signIn(mia);
    const tab = new Tab(page, "notes");
    await tab.open();
    await tab.addFor("ci-bot", "sk-ci");
    await tab.done(/Override added/);
    await expect(tab.row("ci-bot")).toContainText("Virtual account");
  });

  test("S13 edits one: the field is empty, and empty keeps what is stored", async ({ page, signIn, api }) => {
    await signIn(mia);
    const tab = new Tab(page, "notes");
    await tab.open();
    await page.getByRole("link", { name: "Edit the override of Bob Ng" }).click();
    const key = tab.form.getByLabel("API_KEY", { exact: true });
    await expect(key).toHaveValue("");
    await expect(tab.form).toContainText("Leave empty to keep it");
    await tab.form.getByLabel("Expires on (optional)").fill("2090-01-31");
    await tab.form.getByRole("button", { name: "Save" }).click();
    await tab.done(/Override saved/);
    await expect(tab.row("Bob Ng")).toContainText("expires");
    expect(await whoami(await api(bob), "notes")).toEqual({ hint: "bob" });
  });

  test("D02 is asked before a second one for the same person replaces the first", async ({ page, signIn, api }) => {
    await signIn(mia);
    const tab = new Tab(page, "notes");
    await tab.open();
    await tab.addFor(bob, "sk-eve");
    const replace = tab.form.getByLabel("Replace it");
    await expect(tab.form.getByLabel("Subject")).toHaveValue(bob);
    await replace.check();
    // Without scripts the secret is not carried back into the page; it is typed once more.
    await tab.form.getByLabel("API_KEY", { exact: true }).fill("sk-eve");
    await tab.form.getByRole("button", { name: "Submit" }).click();
    await tab.done(/Override saved/);
    expect(await whoami(await api(bob), "notes")).toEqual({ hint: "eve" });
  });

  test("finds rows by name, type and state", async ({ page, signIn }) => {
    await signIn(mia);
    const tab = new Tab(page, "notes");
    await tab.open();
    await page.getByRole("searchbox", { name: "Search entity" }).fill("ci-");
    await page.getByRole("button", { name: "Search", exact: true }).click();
    await expect(tab.row("Bob Ng")).toHaveCount(0);
    await expect(tab.row("ci-bot")).toBeVisible();
    await page.goto("/servers/notes/overrides?state=rejected");
    await expect(page.getByText("Nothing found")).toBeVisible();
  });

  test("S14 deletes one after being told what follows, and the next call asks for a credential", async ({
    page,
    signIn,
    api,
  }) => {
    await signIn(mia);
    const tab = new Tab(page, "notes");
    await tab.open();
    await page.getByRole("link", { name: "Delete the override of Bob Ng" }).click();
    await expect(tab.form).toContainText("Calls of Bob Ng fail until another one is added");
    await tab.form.getByRole("button", { name: "Delete" }).click();
    await tab.done(/Override deleted/);
    await expect(tab.row("Bob Ng")).toHaveCount(0);
    expect((await whoami(await api(bob), "notes")).error?.message).toContain("McpAuthRequiredError");
  });

  test("S05 enters a whole header where the server has no template", async ({ page, signIn, api }) => {
    await signIn(mia);
    const tab = new Tab(page, "raw");
    await tab.open();
    await tab.add.click();
    await tab.form.getByLabel("Subject").fill(eve);
    await tab.form.getByLabel("Authorization header", { exact: true }).fill("Bearer sk-eve");
    await tab.form.getByRole("button", { name: "Submit" }).click();
    await tab.done(/Override added/);
    expect(await whoami(await api(eve), "raw")).toEqual({ hint: "eve" });
  });

  test("D05 is told at the field what is wrong, and what was typed elsewhere stays", async ({ page, signIn }) => {
    await signIn(mia);
    const tab = new Tab(page, "notes");
    await tab.open();
    await tab.addFor("nobody@demo.test", "sk-nobody");
    await expect(tab.form.getByRole("alert")).toContainText("Please correct the marked fields");
    await expect(tab.form.locator("#subject-notes")).toContainText("There is no such user, virtual account or external identity");
    await expect(tab.form.getByLabel("Subject")).toHaveValue("nobody@demo.test");
    await tab.form.getByLabel("Subject").fill(bob);
    await tab.form.getByLabel("API_KEY", { exact: true }).fill("");
    await tab.form.getByRole("button", { name: "Submit" }).click();
    await expect(tab.form.locator("#credential-notes")).toContainText("Enter the credential");
    expect(page.url()).not.toContain("sk-nobody");
  });
});

test.describe("a user", () => {
  test("S10 S12 adds their own key, fixed to themselves, and uses it at once", async ({ page, signIn, api }) => {
    await signIn(bob);
    const tab = new Tab(page, "notes");
    await tab.open();
    await expect(page.getByText("Calls fail until you add your key")).toBeVisible();
    await tab.add.click();
    await expect(tab.form).toContainText("You (Bob Ng)");
    await expect(tab.form.getByLabel("Subject")).toHaveCount(0);
    await tab.form.getByLabel("API_KEY", { exact: true }).fill("sk-bob");
    await tab.form.getByRole("button", { name: "Submit" }).click();
    await tab.done(/Override added/);
    expect(await whoami(await api(bob), "notes")).toEqual({ hint: "bob" });
  });

  test("S11 sees only their own row", async ({ page, signIn }) => {
    await signIn(bob);
    const tab = new Tab(page, "notes");
    await tab.open();
    await expect(tab.row("Bob Ng (you)")).toBeVisible();
    await expect(page.getByText("ci-bot")).toHaveCount(0);
  });

  test("S13 S14 D01 edits and deletes their own", async ({ page, signIn, api }) => {
    await signIn(bob);
    const tab = new Tab(page, "notes");
    await tab.open();
    await page.getByRole("link", { name: "Edit the override of Bob Ng" }).click();
    await tab.form.getByLabel("API_KEY", { exact: true }).fill("sk-eve");
    await tab.form.getByRole("button", { name: "Save" }).click();
    await tab.done(/Override saved/);
    expect(await whoami(await api(bob), "notes")).toEqual({ hint: "eve" });
    await page.getByRole("link", { name: "Delete the override of Bob Ng" }).click();
    await expect(tab.form).toContainText("Your calls fail");
    await tab.form.getByRole("button", { name: "Delete" }).click();
    await tab.done(/Override deleted/);
    await expect(page.getByText("You have no credential here yet")).toBeVisible();
  });

  test("S03 a forged form for somebody else is refused, and nothing is stored", async ({ page, signIn, api }) => {
    await signIn(bob);
    await page.goto("/servers/notes/overrides/new");
    const answer = await page.request.post("/api/ui/overrides/add", {
      form: { "form[server]": "notes", "form[subject]": eve, "form[values][API_KEY]": "sk-forged" },
      headers: { accept: "application/json" },
    });
    expect(await answer.text()).toContain("Forbidden");
    const list = await (await api(ada)).get("/servers/notes/overrides");
    expect(list.items.map((item: any) => item.subject.name)).not.toContain("Eve Silva");
  });

  test("S11 B2 another person's override answers as if it were not there", async ({ page, signIn, api }) => {
    const list = await (await api(ada)).get("/servers/notes/overrides");
    const foreign = list.items.find((item: any) => item.subject.id === "ci-bot");
    await signIn(bob);
    for (const action of ["edit", "delete"]) {
      const answer = await page.goto(`/servers/notes/overrides/${foreign.id}/${action}`);
      expect(answer?.status()).toBe(404);
      await expect(page.getByText("There is no such page, or it is not yours to see")).toBeVisible();
    }
  });

  test("S20-S25 is told why there is nothing to add where overrides are not supported", async ({ page, signIn }) => {
    await signIn(bob);
    for (const [server, reason] of [
      ["shared", /Everyone shares this server's own credential/],
      ["relay", /Each caller sends their own upstream token/],
      ["open", /This server needs no credential/],
    ] as const) {
      await page.goto(`/servers/${server}/overrides`);
      await settled(page);
      await expect(page.getByText(reason)).toBeVisible();
      await expect(page.getByRole("link", { name: "Add Override" })).toHaveCount(0);
      const forged = await page.request.post("/api/ui/overrides/add", {
        form: { "form[server]": server, "form[values][API_KEY]": "sk-x" },
        headers: { accept: "application/json" },
      });
      expect(forged.status(), server).toBe(422);
    }
  });
});

test("D11 a stranger gets the same answer for a server that exists and one that does not", async ({ page, api }) => {
  await (
    await api(ada)
  ).post("/users", {
    email: "sam@demo.test",
    name: "Sam",
    password: "a stranger's password",
    platform_role: "member",
  });
  await signInByForm(page, "sam@demo.test", "a stranger's password");
  await expect(page.getByText("No servers yet")).toBeVisible();
  const texts = [];
  for (const server of ["notes", "nothing-there"]) {
    const answer = await page.goto(`/servers/${server}/overrides`);
    expect(answer?.status()).toBe(404);
    texts.push((await page.locator("main").innerText()).replaceAll(server, "X"));
  }
  expect(texts[0]).toBe(texts[1]);
});
