// People: invited by a link, disabled, deleted; an admin's business (D09, A8, G1).
import type { Page } from "@playwright/test";
import { expectAccessible } from "../fixtures/a11y.ts";
import { ada, bob, eve, expect, mia, settled, signInByForm, test } from "../fixtures/app.ts";
import { whoami } from "../fixtures/whoami.ts";

const password = "a newcomer's password";

const done = (page: Page, text: RegExp) =>
  expect(page.getByRole("status").filter({ hasText: text }).first()).toBeVisible();

/** A browser of somebody else. */
async function stranger(page: Page): Promise<Page> {
  const context = await page
    .context()
    .browser()!
    .newContext({
      baseURL: new URL(page.url()).origin,
      javaScriptEnabled: test.info().project.use.javaScriptEnabled !== false,
    });
  return context.newPage();
}

test("an admin invites somebody, who chooses a password by the link, once", async ({ page, signIn }) => {
  await signIn(ada);
  await page.getByRole("navigation", { name: "Main" }).getByRole("link", { name: "People" }).click();
  await page.getByRole("link", { name: "Invite person" }).click();
  await expect(page.getByRole("heading", { level: 1, name: "Invite person" })).toBeVisible();
  await settled(page);
  await page.getByLabel("E-mail address").fill("kim");
  await page.getByRole("button", { name: "Invite", exact: true }).click();
  await expect(page.locator("#email-notes")).toContainText("Enter an e-mail address");
  await expect(page.getByLabel("E-mail address")).toHaveValue("kim");
  await page.getByLabel("E-mail address").fill("kim@demo.test");
  await page.getByLabel("Name (optional)").fill("Kim Yu");
  await page.getByRole("button", { name: "Invite", exact: true }).click();
  await expect(page.getByText("Send Kim Yu this link now.")).toBeVisible();
  const link = await page.locator(".callout code").innerText();
  expect(link).toMatch(/\/invite\/[A-Za-z0-9_-]{43}$/);
  await expectAccessible(page);

  await page.goto("/people");
  await settled(page);
  const row = page.getByRole("row").filter({ hasText: "kim@demo.test" });
  await expect(row).toContainText("Invited");
  expect(await page.content()).not.toContain(link);

  const other = await stranger(page);
  expect((await other.goto(link))?.status()).toBe(200);
  await settled(other);
  await expect(other.getByText("Kim Yu: Choose a password")).toBeVisible();
  await other.getByLabel("Password").fill("password1");
  await other.getByRole("button", { name: "Set the password" }).click();
  await expect(other.getByRole("alert")).toContainText("not one that is easy to guess");
  await other.getByLabel("Password").fill(password);
  await other.getByRole("button", { name: "Set the password" }).click();
  await expect(other).toHaveURL(/\/servers$/);
  await settled(other);
  await expect(other.getByLabel("My menu, Kim Yu")).toBeVisible();
  await expect(other.getByRole("navigation", { name: "Main" }).getByRole("link", { name: "People" })).toHaveCount(0);
  expect((await other.goto(link))?.status()).toBe(404);
  await expect(other.getByRole("heading", { name: "This link does not work" })).toBeVisible();
  await other.context().close();

  await page.goto("/people?search=kim");
  await settled(page);
  await expect(row).toContainText("Active");
});

test("a forgotten password: a new link, which can be taken back", async ({ page, signIn, api }) => {
  const { id } = await (await api(ada)).post("/users", { email: "lee@demo.test", name: "Lee Roy", password });
  await signIn(ada);
  await page.goto(`/people/${id}`);
  await settled(page);
  await page.getByRole("button", { name: "Make a link" }).click();
  await expect(page.getByText("Send Lee Roy this link now.")).toBeVisible();
  const link = await page.locator(".callout code").innerText();
  await page.getByRole("button", { name: "Take the link back" }).click();
  await done(page, /Link taken back/);
  await expect(page.locator(".callout code")).toHaveCount(0);
  const other = await stranger(page);
  expect((await other.goto(link))?.status()).toBe(404);
  // The password that is there goes on working.
  await signInByForm(other, "lee@demo.test", password);
  await other.context().close();
});

test("A8 disabling signs a person out and stops their tokens; enabling brings the tokens back", async ({
  page,
  signIn,
  api,
}) => {
  const [admin, caller] = [await api(ada), await api(bob)];
  const { id } = await admin.get(`/users/${bob}`);
  await admin.put(`/servers/notes/overrides/user/${bob}`, { credential: "sk-bob" });
  await signIn(ada);
  const bobs = await stranger(page);
  await signInByForm(bobs, bob);
  await page.goto(`/people/${id}`);
  await settled(page);
  await page.getByLabel("Disable Bob Ng", { exact: true }).click();
  await expect(page.getByText("their open streams end within five seconds")).toBeVisible();
  await page.getByRole("button", { name: "Disable Bob Ng now" }).click();
  await done(page, /Disabled\. Sessions have ended/);
  await bobs.goto("/servers");
  await expect(bobs).toHaveURL(/\/sign-in/);
  expect((await caller.send("GET", "/me")).status()).toBe(401);
  await page.getByRole("button", { name: "Enable" }).click();
  await done(page, /Enabled/);
  expect(await whoami(caller, "notes")).toEqual({ hint: "bob" });
  await bobs.context().close();
});

test("name and role are changed; what somebody has is shown", async ({ page, signIn, api }) => {
  const admin = await api(ada);
  const { id } = await admin.get(`/users/${mia}`);
  await admin.post("/teams", { name: "shown" });
  await admin.put(`/teams/shown/members/${id}`, {});
  await signIn(ada);
  await page.goto(`/people/${id}`);
  await settled(page);
  await expect(page.getByRole("link", { name: "shown", exact: true })).toBeVisible();
  const notes = page.getByRole("row").filter({ hasText: "notes" });
  await expect(notes).toContainText("Manager");
  await expect(notes).toContainText("Own access");
  await page.getByLabel("Name", { exact: true }).fill("Mia Kern-Ito");
  await page.getByLabel("Role", { exact: true }).selectOption("admin");
  await page.getByRole("button", { name: "Save" }).click();
  await done(page, /Saved/);
  await expect(page.getByRole("heading", { level: 1 })).toHaveText("Mia Kern-Ito");
  await expect(page.getByText("An admin manages every server.")).toBeVisible();
  await page.getByLabel("Name", { exact: true }).fill("Mia Kern");
  await page.getByLabel("Role", { exact: true }).selectOption("member");
  await page.getByRole("button", { name: "Save" }).click();
  await expect(page.getByRole("heading", { level: 1 })).toHaveText("Mia Kern");
});

test("D09 deleting says what goes along; nobody deletes themselves", async ({ page, signIn, api }) => {
  const admin = await api(ada);
  const { id } = await admin.post("/users", { email: "pat@demo.test", name: "Pat Oh" });
  await admin.put("/servers/notes/access/user/pat@demo.test", { role: "user" });
  await admin.put("/servers/notes/overrides/user/pat@demo.test", { credential: "sk-pat" });
  await signIn(ada);
  await page.goto(`/people/${id}`);
  await settled(page);
  await page.getByRole("link", { name: "Delete" }).click();
  const dialog = page.getByRole("dialog");
  await expect(dialog).toContainText("It takes 1 override and 1 access to a server along.");
  await dialog.getByRole("button", { name: "Delete person" }).click();
  await done(page, /Person deleted/);
  await expect(page.getByRole("row").filter({ hasText: "pat@demo.test" })).toHaveCount(0);
  expect((await admin.send("GET", "/users/pat@demo.test")).status()).toBe(404);

  const { id: own } = await admin.get(`/users/${ada}`);
  await page.goto(`/people/${own}`);
  await settled(page);
  await expect(page.getByText("This is you")).toBeVisible();
  await expect(page.getByRole("link", { name: "Delete" })).toHaveCount(0);
  await page.getByLabel("Role", { exact: true }).selectOption("member");
  await page.getByRole("button", { name: "Save" }).click();
  await expect(page.getByRole("alert").filter({ hasText: "give up your own admin role" }).first()).toBeVisible();
});

test("a token of somebody's is revoked", async ({ page, signIn, api }) => {
  const [admin, owner] = [await api(ada), await api(eve)];
  const { token } = await owner.post("/tokens", { name: "Lost phone" });
  const { id } = await admin.get(`/users/${eve}`);
  await signIn(ada);
  await page.goto(`/people/${id}`);
  await settled(page);
  await page.getByLabel("Revoke Lost phone", { exact: true }).click();
  await page.getByRole("button", { name: "Revoke Lost phone now" }).click();
  await done(page, /Token revoked/);
  await expect(page.getByRole("row").filter({ hasText: "Lost phone" })).toHaveCount(0);
  const me = await page.request.get("/api/v1/me", { headers: { authorization: `Bearer ${token}` } });
  expect(me.status()).toBe(401);
});

test("who is no admin gets neither pages nor forms", async ({ page, signIn, api }) => {
  const { id } = await (await api(ada)).get(`/users/${eve}`);
  await signIn(mia);
  for (const path of [
    "/people",
    `/people/${id}`,
    `/people/${id}/delete`,
    "/teams",
    "/teams/shown",
    "/virtual-accounts/new",
  ]) {
    expect((await page.goto(path))?.status(), path).toBe(403);
  }
  for (const place of ["People", "Teams", "Virtual accounts"]) {
    await expect(page.getByRole("link", { name: place, exact: true })).toHaveCount(0);
  }
  const headers = { accept: "application/json" };
  for (const [path, form] of [
    ["/api/ui/people/invite", { email: "x@demo.test" }],
    ["/api/ui/people/link", { id }],
    ["/api/ui/people/change", { id, disabled: "true" }],
    ["/api/ui/people/delete", { id }],
    ["/api/ui/teams/create", { name: "mine" }],
    ["/api/ui/teams/add-member", { team: "shown", user: mia }],
    ["/api/ui/accounts/create", { name: "mine" }],
  ] as const) {
    const forged = await page.request.post(path, { form, headers });
    expect(forged.status(), path).toBe(403);
  }
  for (const path of ["/people/new", `/people/${id}`, "/virtual-accounts/new"]) {
    const forged = await page.request.post(path, {
      form: { email: "x@demo.test", name: "mine" },
      headers: { accept: "text/html" },
    });
    expect(forged.status(), path).toBe(403);
    expect(await forged.text()).not.toContain("/invite/");
  }
  expect((await (await api(ada)).send("GET", "/users/x@demo.test")).status()).toBe(404);
});
