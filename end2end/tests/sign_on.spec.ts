// Single sign-on in the browser, against an OpenID Connect provider that others wrote: oidc-provider.
import type { Page } from "@playwright/test";
import { expectAccessible } from "../fixtures/a11y.ts";
import { ada, bob, expect, password, settled } from "../fixtures/app.ts";
import { photograph } from "../fixtures/screens.ts";
import { answer, begin, callback, forget, leave, saysOf, signOn, test } from "../fixtures/sign_on.ts";

const again = "This sign-in is too old, was used before, or began in another browser. Try again.";
const distrusted = "Your identity provider's answer cannot be trusted. If it happens again, tell an admin.";

test.beforeEach(({ provider }) => forget(provider));

/** Whoever this browser is for Overkey. */
async function expectSignedIn(page: Page, name: string): Promise<void> {
  await page.goto("/servers");
  await settled(page);
  await expect(page.getByLabel(`My menu, ${name}`)).toBeVisible();
}

async function expectNobody(page: Page): Promise<void> {
  await page.goto("/servers");
  await expect(page).toHaveURL(/\/sign-in/);
}

test("somebody new signs on, gets an account, a role and a team, and loses both with the groups", async ({
  page,
  api,
  provider,
}) => {
  const admin = await api(ada);
  const known = (await admin.get("/teams?search=builders")).items.length > 0;
  if (!known) await admin.post("/teams", { name: "builders" });
  expect((await admin.send("GET", "/users/zoe@corp.test")).status()).toBe(404);

  await signOn(page, provider, "zoe", "/servers/open");
  await expect(page).toHaveURL(/\/servers\/open$/);
  // Found by its description, asked as OpenID Connect wants it, and proven with PKCE.
  const asked = provider.authorizations.find((one) => one.nonce !== undefined && one.scope?.includes("groups"));
  expect(asked).toMatchObject({ response_type: "code", code_challenge_method: "S256" });
  expect(asked?.scope?.split(" ").sort()).toEqual(["email", "groups", "openid", "profile"]);
  expect(asked?.code_challenge).toMatch(/^[\w-]{43}$/);
  // The provider is every test's, so its last request may be another's.
  const requests = provider.tokenRequests.filter(({ clientId }) => clientId === asked?.client_id);
  expect(requests.at(-1)).toMatchObject({ status: 200, proven: true });

  await expectSignedIn(page, "Zoe Quinn");
  await expect(page.getByRole("link", { name: "People", exact: true })).toBeVisible();
  const account = await admin.get("/users/zoe@corp.test");
  expect(account).toMatchObject({ name: "Zoe Quinn", platform_role: "admin" });
  expect(await members(admin)).toEqual(["zoe@corp.test"]);

  saysOf(provider, "zoe", { name: "Zoe Quinn-Roth", email: "other@corp.test", groups: [] });
  await signOn(page, provider, "zoe");
  await expectSignedIn(page, "Zoe Quinn-Roth");
  await expect(page.getByRole("link", { name: "People", exact: true })).toHaveCount(0);
  expect(await admin.get(`/users/${account.id}`)).toMatchObject({ email: "zoe@corp.test", platform_role: "member" });
  expect(await members(admin)).toEqual([]);
  await admin.delete(`/users/${account.id}`);
});

async function members(admin: { get: (path: string) => Promise<any> }): Promise<string[]> {
  return (await admin.get("/teams/builders/members")).items.map((item: { email: string }) => item.email);
}

test("signing out ends the session here; at the provider it goes on", async ({ page, provider }) => {
  await signOn(page, provider, "max");
  await expectSignedIn(page, "Max Roth");
  const cookies = await page.context().cookies();
  await page.getByLabel("My menu, Max Roth").click();
  await page.getByRole("button", { name: "Sign out" }).click();
  await expect(page).toHaveURL(/\/sign-in/);
  await page.context().addCookies(cookies);
  await expectNobody(page);
  // The provider knows the browser still, and asks nothing.
  await settled(page);
  await page.getByRole("button", { name: "Sign in with Example ID" }).click();
  await expect(page.getByLabel("My menu, Max Roth")).toBeVisible();
});

test("a person who says no at the provider is told so, and is nobody here", async ({ page, provider }) => {
  await page.goto("/sign-in");
  await leave(page, provider);
  await answer(page, "max", "Deny");
  await expect(page.getByRole("alert")).toHaveText("You were not signed in at your identity provider. Try again.");
  await expectNobody(page);
});

test("G8 an answer that another browser asked for signs nobody in", async ({
  page,
  browser,
  world,
  provider,
  signIn,
}) => {
  const scripts = { javaScriptEnabled: test.info().project.use.javaScriptEnabled ?? true };
  const attacker = await browser.newContext({ baseURL: world.url, ...scripts });
  const theirs = await attacker.newPage();
  await signOn(theirs, provider, "max");

  // A browser that began nothing, one that began a sign-on of its own, and one that is signed in.
  const trap = await callback(attacker, world.url);
  await page.goto(trap.href);
  await expect(page.getByRole("alert")).toHaveText(again);
  await expectNobody(page);
  await leave(page, provider);
  await page.goto(trap.href);
  await expect(page.getByRole("alert")).toHaveText(again);
  await expectNobody(page);
  await signIn(bob);
  await page.goto(trap.href);
  await expectSignedIn(page, "Bob Ng");

  // Nothing else was wrong with it: where it was asked for, it counts, and only once.
  await theirs.context().clearCookies({ name: "overkey" });
  await theirs.goto(trap.href);
  await expectSignedIn(theirs, "Max Roth");
  await theirs.context().clearCookies({ name: "overkey" });
  await theirs.goto(trap.href);
  await expect(theirs.getByRole("alert")).toHaveText(again);
  await expectNobody(theirs);
  await attacker.close();
});

test("G8 an attacker's code does not fit the state of this browser", async ({ page, browser, world, provider }) => {
  const attacker = await browser.newContext({ baseURL: world.url });
  const theirs = await attacker.newPage();
  await signOn(theirs, provider, "max");
  const trap = await callback(attacker, world.url);
  await attacker.close();

  const state = (await begin(page.context(), world.url)).searchParams.get("state") ?? "";
  trap.searchParams.set("state", state);
  await page.goto(trap.href);
  await expect(page.getByRole("alert")).toHaveText(distrusted);
  await expectNobody(page);
  // It was PKCE that gave it away, at the provider.
  expect(provider.tokenRequests.at(-1)).toMatchObject({ status: 400, error: "invalid_grant", proven: true });
});

test("G6 whatever the address says, a sign-on ends on this site", async ({ page, world, provider }) => {
  await signOn(page, provider, "max", "/servers/new?from=here");
  await expect(page).toHaveURL(`${world.url}/servers/new?from=here`);
  for (const next of ["//evil.test", "https:evil.test", "https://evil.test/", "javascript:alert(1)", "/\\evil.test"]) {
    await page.context().clearCookies({ name: "overkey" });
    await page.goto(`/sign-in?next=${encodeURIComponent(next)}`);
    await settled(page);
    await page.getByRole("button", { name: "Sign in with Example ID" }).click();
    await expect(page, next).toHaveURL(`${world.url}/servers`);
    await expect(page.getByLabel("My menu, Max Roth")).toBeVisible();
  }
});

test("the sign-in page with both ways is accessible and fits", async ({ page }) => {
  await page.goto("/sign-in?error=sso_again");
  await settled(page);
  await expect(page.getByLabel("Password")).toBeVisible();
  await expectAccessible(page);
  await photograph(page, "sign-in-both");
});

test.describe("without passwords", () => {
  test.use({ passwords: false, ownWorld: true });

  test("single sign-on is the only way in", async ({ page, world, provider }) => {
    await page.goto("/sign-in");
    await settled(page);
    await expect(page.getByRole("button")).toHaveText(["Sign in with Example ID"]);
    await expect(page.getByRole("textbox")).toHaveCount(0);
    await expectAccessible(page);
    await photograph(page, "sign-in-sso");

    const forged = await page.request.post("/sign-in", {
      headers: { origin: world.url },
      form: { email: bob, password },
    });
    expect(new URL(forged.url()).searchParams.get("error")).toBe("password_off");
    await expectNobody(page);
    await page.goto(forged.url());
    await expect(page.getByRole("alert")).toHaveText("Passwords are not used here. Sign in at your identity provider.");
    await leave(page, provider);
    await answer(page, "zoe");
    await expectSignedIn(page, "Zoe Quinn");
    await expect(page.getByRole("link", { name: "People", exact: true })).toBeVisible();
  });
});
