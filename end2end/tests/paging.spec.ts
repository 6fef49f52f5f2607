// A list longer than a page, and its columns' order.
import { ada, expect, mia, settled, test } from "../fixtures/app.ts";

test("pages go on and back, and headings sort", async ({ page, signIn, api }) => {
  const [admin, manager] = [await api(ada), await api(mia)];
  const names = Array.from({ length: 55 }, (_, index) => `bot-${String(index).padStart(2, "0")}`);
  for (const name of names) {
    await admin.post("/virtual-accounts", { name });
    await manager.put(`/servers/notes/overrides/virtual_account/${name}`, { credential: "sk-bot" });
  }
  const shown = async () => (await page.locator("tbody th").allInnerTexts()).map((text) => text.split("\n").pop());
  await signIn(mia);
  await page.goto("/servers/notes/overrides");
  await settled(page);
  await expect(page.getByText("55 overrides")).toBeVisible();
  expect(await shown()).toEqual(names.slice(0, 50));
  await page.getByRole("link", { name: "Next" }).click();
  await expect(page.getByRole("row").filter({ hasText: "bot-50" })).toBeVisible();
  expect(await shown()).toEqual(names.slice(50));
  await page.getByRole("link", { name: "Previous" }).click();
  await expect(page.getByRole("row").filter({ hasText: "bot-49" })).toBeVisible();
  expect(await shown()).toEqual(names.slice(0, 50));
  await page.getByRole("link", { name: "Entity" }).click();
  await expect(page.getByRole("columnheader", { name: "Entity" })).toHaveAttribute("aria-sort", "descending");
  expect(await shown()).toEqual([...names].reverse().slice(0, 50));
});
