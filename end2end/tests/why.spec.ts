// Why this credential? (B03): the decision and each step to it, at an address of its own.
import { expectAccessible } from "../fixtures/a11y.ts";
import { bob, eve, expect, mia, settled, test } from "../fixtures/app.ts";

const heading = "Why this credential?";

test("B03 My connections leads to the decision about me", async ({ page, signIn }) => {
  await signIn(bob);
  await page.goto("/connections");
  await settled(page);
  await page.getByRole("link", { name: `${heading} notes` }).click();
  const dialog = page.getByRole("dialog", { name: heading });
  await expect(dialog).toContainText("You (Bob Ng)");
  await expect(dialog).toContainText("Credential missing");
  const steps = await dialog.getByRole("listitem").allInnerTexts();
  expect(steps[0]).toBe("The subject may use this server.");
  expect(steps.at(-1)).toContain("override_missing");
  await expect(dialog.getByLabel("Somebody else")).toHaveCount(0);
  await expectAccessible(page);
});

test("B03 a row leads to it, for whom it is", async ({ page, signIn, api }) => {
  await (await api(mia)).put(`/servers/notes/overrides/user/${bob}`, { credential: "sk-bob" });
  await signIn(mia);
  await page.goto("/servers/notes/overrides");
  await settled(page);
  await page.getByRole("link", { name: `${heading} Bob Ng` }).click();
  const dialog = page.getByRole("dialog", { name: heading });
  await expect(dialog).toContainText("bob@demo.test");
  await expect(dialog).toContainText("Own override");
  await expect(dialog.getByRole("listitem").last()).toHaveText("The call carries the manual override.");
  // The address says it all, and leads there again.
  const address = page.url();
  await page.goto("/servers");
  await page.goto(address);
  await settled(page);
  await expect(page.getByRole("dialog", { name: heading })).toContainText("bob@demo.test");
  expect(await page.content()).not.toContain("sk-bob");
});

test("B03 a manager asks for anybody, and is told when there is nobody of that name", async ({ page, signIn }) => {
  await signIn(mia);
  await page.goto("/servers/notes/overrides");
  await settled(page);
  await page.getByRole("link", { name: heading, exact: true }).click();
  const dialog = page.getByRole("dialog", { name: heading });
  await dialog.getByLabel("Somebody else").fill("nobody@demo.test");
  await dialog.getByRole("button", { name: "Show" }).click();
  await expect(dialog.locator("#subject-notes")).toContainText("There is no such user, virtual account or external identity");
  await expect(dialog.getByLabel("Somebody else")).toHaveValue("nobody@demo.test");
  await dialog.getByLabel("Somebody else").fill("ci-bot");
  await dialog.getByRole("button", { name: "Show" }).click();
  await expect(dialog).toContainText("Virtual account");
  await expect(dialog).toContainText("Credential missing");
  await expectAccessible(page);
});

test("B03 where there is nothing to override, it says what calls carry", async ({ page, signIn }) => {
  await signIn(bob);
  for (const [server, carries] of [
    ["shared", "The server's credential"],
    ["relay", "The caller's upstream token"],
    ["open", "No credential needed"],
  ] as const) {
    await page.goto(`/servers/${server}/overrides/why`);
    await settled(page);
    await expect(page.getByRole("dialog", { name: heading })).toContainText(carries);
  }
});

test("B03 nobody learns why another's calls carry what they carry", async ({ page, signIn }) => {
  await signIn(bob);
  for (const subject of [eve, "virtual_account/ci-bot", "nobody@demo.test"]) {
    const answer = await page.goto(`/servers/notes/overrides/why?subject=${encodeURIComponent(subject)}`);
    expect(answer?.status(), subject).toBe(403);
    await expect(page.getByText("You are not allowed to do this")).toBeVisible();
  }
});
