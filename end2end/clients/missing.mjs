// B09: what each client shows its person when a credential is missing: on connect, and on a connection whose override was deleted since.
// Each function throws where a client shows no link that its person can use.
import assert from "node:assert/strict";
import { setTimeout as pause } from "node:timers/promises";
import { nextCall } from "./checks.mjs";

/** How long the person takes to enter the key after agreeing to open the link. The call waits. */
const thinking = 1_500;

/** What is shown in both places, in words. `declared`: the client says that it can send its person to a URL. */
export async function missingCredential(tools) {
  return { onConnect: await onConnect(tools), inBetween: await inBetween(tools) };
}

async function onConnect({ open, remove, usable, declared, silent }) {
  await remove();
  const error = await failure(async () => {
    const client = await open(declared ? nobody : undefined);
    await client.list().finally(client.close);
  });
  if (silent === undefined) return told(error, usable);
  assert.match(error.message, silent);
  return "no link";
}

async function inBetween(tools) {
  const { open, set, remove, add, usable, declared } = tools;
  await set();
  const person = { action: "accept", asked: 0 };
  const ask = async ({ mode, url, message }) => {
    person.asked += 1;
    assert.equal(mode, "url");
    assert.match(message, /has no credential/);
    await usable(url);
    if (person.action === "accept") person.added = pause(thinking).then(add);
    return person.action;
  };
  const client = await open(declared ? ask : undefined);
  try {
    await remove();
    return await (tools.asks ? asked(client, tools, person) : refused(client, tools));
  } finally {
    await client.close();
  }
}

/** 2026-07-28, declared: the client asks, the call waits for the key and goes on; after a no it ends. */
async function asked(client, { remove, usable, listsFirst }, person) {
  const lists = listsFirst ? await told(await failure(() => client.call("headers", {})), usable) : undefined;
  const use = client.read ? () => client.read("headers://all") : () => client.call("headers", {});
  const got = JSON.parse(await use());
  assert.equal(person.asked, 1, "the person was asked another number of times");
  assert.equal(got.authorization, `Bearer ${await person.added}`, "the call went on with another credential");
  await remove();
  person.action = "decline";
  const after = await told(await failure(use), usable);
  assert.equal(person.asked, 2);
  const shown = `asked, and the call goes on; after a no: ${after}`;
  return lists === undefined ? shown : `tools: ${lists}; resources: ${shown}`;
}

/** Everybody else is told, on 2025-11-25 with the question as data if they declared it; once the key is there the next call works. */
async function refused(client, tools) {
  const { usable, add, declared, listsFirst } = tools;
  const error = await failure(() => client.call("headers", {}));
  const shown = await told(error, usable);
  if (declared && !listsFirst) {
    assert.equal(error.code, -32042);
    const [question, ...others] = error.data.elicitations;
    assert.deepEqual([question.mode, question.url, others], ["url", link(error), []]);
    assert.equal(typeof question.elicitationId, "string");
  } else if (error.code !== undefined) {
    assert.equal(error.code, 4401);
  }
  const added = await add();
  const { value, remark } = await nextCall(client, tools);
  assert.equal(JSON.parse(value).authorization, `Bearer ${added}`);
  return remark === undefined ? shown : `${shown}; ${remark}`;
}

/** The link has to be in the text that people see, and to lead somewhere. */
async function told(error, usable) {
  await usable(link(error));
  return error.code === undefined ? "the text with the link" : `${error.code}, with the link`;
}

function link(error) {
  const [url] = error.message.match(/(?<=McpAuthRequiredError: .* Open )http:\/\/[^\s"]+/) ?? [];
  assert.ok(url, `no link in: ${error.message}`);
  return url;
}

async function failure(act) {
  const outcome = await act().catch((error) => error);
  assert.ok(outcome instanceof Error, "this should have failed");
  return outcome;
}

async function nobody() {
  throw new Error("lists and connecting must not ask anybody (I4)");
}
