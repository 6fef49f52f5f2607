// What scripts add: dialogs, live lines, keys.
import { ada, bob, expect, mia, settled, test } from "../fixtures/app.ts";
import { Tab } from "../fixtures/tab.ts";

test("Add opens over the table as a modal; Escape goes back to it", async ({ page, signIn }) => {
  await signIn(mia);
  const tab = new Tab(page, "notes");
  await tab.open();
  await tab.add.click();
  await expect(page).toHaveURL(/\/overrides\/new$/);
  expect(await tab.form.evaluate((dialog) => dialog.matches(":modal"))).toBe(true);
  await expect(tab.form.getByLabel("Subject")).toBeFocused();
  await page.keyboard.press("Escape");
  await expect(page).toHaveURL(/\/overrides$/);
  await expect(tab.form).toHaveCount(0);
});

test("the whole way by keyboard alone", async ({ page, signIn }) => {
  await signIn(mia);
  const tab = new Tab(page, "notes");
  await tab.open();
  await tab.add.focus();
  await page.keyboard.press("Enter");
  await expect(tab.form.getByLabel("Subject")).toBeFocused();
  await page.keyboard.type(bob);
  await page.keyboard.press("Tab");
  await page.keyboard.type("sk-bob");
  await page.keyboard.press("Enter");
  await tab.done(/Override added/);
});

test("inviting somebody and putting them into a team, by keyboard alone", async ({ page, signIn, api }) => {
  await (await api(ada)).post("/teams", { name: "keys" });
  await signIn(ada);
  await page.goto("/people/new");
  await settled(page);
  await page.getByLabel("E-mail address").focus();
  await page.keyboard.type("kit@demo.test");
  await page.keyboard.press("Tab");
  await page.keyboard.type("Kit Ode");
  await page.keyboard.press("Enter");
  await expect(page.getByText("Send Kit Ode this link now.")).toBeVisible();
  await page.goto("/teams/keys");
  await settled(page);
  await page.getByLabel("Who").focus();
  await page.keyboard.type("kit@demo.test");
  await page.keyboard.press("Enter");
  await expect(page.getByRole("row").filter({ hasText: "Kit Ode" })).toBeVisible();
  // The fold that asks, and the button in it.
  await page.getByLabel("Remove Kit Ode", { exact: true }).focus();
  await page.keyboard.press("Enter");
  await page.keyboard.press("Tab");
  await page.keyboard.press("Enter");
  await expect(page.getByRole("heading", { name: "Nobody is in it yet" })).toBeVisible();
});

test("suggestions that come while the page takes in its new content do not break it", async ({ page, signIn, api }) => {
  await (await api(ada)).post("/teams", { name: "slow" });
  await signIn(ada);
  // Both answers fall into one turn of the browser, the page's own a little earlier: what stands is then about to go.
  await page.addInitScript(() => {
    const fetched = window.fetch;
    const held = new Map<string, () => void>();
    window.fetch = async (address, options) => {
      const answer = await fetched(address, options);
      const which = String(address).match(/teams\/get|people\/suggest/)?.[0];
      if (which === undefined) return answer;
      const text = await answer.text();
      answer.text = () => Promise.resolve(text);
      await new Promise<void>((release) => {
        held.set(which, release);
        if (held.size === 2) held.forEach((release) => release());
      });
      if (which === "people/suggest") for (let i = 0; i < 10; i++) await Promise.resolve();
      return answer;
    };
  });
  await page.goto("/teams/slow");
  await settled(page);
  await page.getByLabel("Who").fill(bob);
  await page.keyboard.press("Enter");
  await expect(page.getByRole("row").filter({ hasText: bob })).toBeVisible();
  // What new content brought is awake; that nothing broke, the fixture says.
  await page.getByLabel("Who").fill("mia");
  await expect(page.locator("#suggestions option")).toHaveCount(1);
});

test("deleting a team opens over its page as a modal; Escape goes back", async ({ page, signIn, api }) => {
  await (await api(ada)).post("/teams", { name: "doomed" });
  await signIn(ada);
  await page.goto("/teams/doomed");
  await settled(page);
  await page.getByRole("link", { name: "Delete team" }).click();
  const dialog = page.getByRole("dialog");
  await expect(dialog).toBeVisible();
  expect(await dialog.evaluate((element) => element.matches(":modal"))).toBe(true);
  await page.keyboard.press("Escape");
  await expect(page).toHaveURL(/\/teams\/doomed$/);
  await expect(dialog).toHaveCount(0);
});

test("suggests people, teams and everyone while typing", async ({ page, signIn, api }) => {
  await (await api(ada)).post("/teams", { name: "writers" });
  await signIn(mia);
  await page.goto("/servers/notes/access");
  await settled(page);
  const options = page.locator("#suggestions option");
  await expect(options.first()).toHaveAttribute("value", "everyone");
  await page.getByLabel("Who", { exact: true }).pressSequentially("writ");
  await expect(options).toHaveCount(1);
  await expect(options).toHaveAttribute("value", "writers");
});

test("the live line shows what the gateway will send, masked, and warns of a repeated word", async ({
  page,
  signIn,
}) => {
  await signIn(mia);
  await page.goto("/servers/notes/overrides/new");
  await settled(page);
  const dialog = page.getByRole("dialog");
  await dialog.getByLabel("API_KEY", { exact: true }).fill("sk-0123456789abcd9f3c");
  await expect(dialog.getByText("Authorization: Bearer ••••••••9f3c")).toBeVisible();
  await dialog.getByLabel("API_KEY", { exact: true }).fill("Bearer sk-0123");
  await expect(dialog.getByText("The server adds “Bearer” to Authorization itself")).toBeVisible();
});

test("a secret is hidden until asked for", async ({ page, signIn }) => {
  await signIn(mia);
  await page.goto("/servers/notes/overrides/new");
  await settled(page);
  const key = page.getByLabel("API_KEY", { exact: true });
  await expect(key).toHaveAttribute("type", "password");
  await expect(key).toHaveAttribute("autocomplete", "off");
  await page.getByRole("button", { name: "Show API_KEY" }).click();
  await expect(key).toHaveAttribute("type", "text");
});

test("suggests people while typing", async ({ page, signIn }) => {
  await signIn(mia);
  await page.goto("/servers/notes/overrides/new");
  await settled(page);
  await page.getByLabel("Subject").pressSequentially("eve");
  await expect(page.locator("#subjects option")).toHaveCount(1);
  await expect(page.locator("#subjects option")).toHaveAttribute("value", "eve@demo.test");
});

test("an error takes the focus, and what was typed stays", async ({ page, signIn }) => {
  await signIn(mia);
  await page.goto("/servers/notes/overrides/new");
  await settled(page);
  const dialog = page.getByRole("dialog");
  await dialog.getByLabel("Subject").fill("nobody@demo.test");
  await dialog.getByLabel("API_KEY", { exact: true }).fill("sk-kept");
  await dialog.getByRole("button", { name: "Submit" }).click();
  await expect(dialog.getByRole("alert")).toBeFocused();
  await expect(dialog.getByLabel("API_KEY", { exact: true })).toHaveValue("sk-kept");
});

test("/ goes to the search", async ({ page, signIn }) => {
  await signIn(bob);
  await page.keyboard.press("/");
  await expect(page.getByRole("searchbox", { name: "Find a server" })).toBeFocused();
});

test("a tool is tried in place", async ({ page, signIn }) => {
  await signIn(bob);
  await page.goto("/servers/open/tools");
  await settled(page);
  const echo = page.getByRole("listitem").filter({ has: page.getByRole("heading", { name: "echo" }) });
  await echo.getByText("Try it").click();
  await echo.getByLabel("Arguments, as JSON").fill("{");
  await echo.getByRole("button", { name: "Call the tool" }).click();
  await expect(echo.getByRole("alert")).toContainText("not valid JSON");
  await echo.getByLabel("Arguments, as JSON").fill('{"message": "hello there"}');
  await echo.getByRole("button", { name: "Call the tool" }).click();
  await expect(echo.getByRole("status")).toContainText("hello there");
});

test("a page wakes up whole, and clicks while it does are not lost", async ({ page, signIn }) => {
  await signIn(mia);
  for (let round = 0; round < 5; round++) {
    await page.goto("/servers/notes", { waitUntil: "commit" });
    await page.getByRole("link", { name: "Auth Overrides" }).click();
    await expect(page.getByRole("link", { name: "Add Override" })).toBeVisible();
  }
});
