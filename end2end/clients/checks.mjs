// What every client must manage on every upstream. Each function throws at the first thing that is wrong and may answer a remark.
import assert from "node:assert/strict";

/** Lists the reference server's tools and calls one. */
export async function referenceServer({ open }) {
  const client = await open();
  try {
    assert.ok((await client.list()).includes("echo"), "the list of tools has no `echo`");
    assert.match(await client.call("echo", { message: "through the gateway" }), /through the gateway/);
    return { revision: client.revision() };
  } finally {
    await client.close();
  }
}

/**
 * The caller's own override arrives (S42), a new one is used by the very next request (S06), and without one the client is told
 * where to enter it (S43, B09), all on one connection.
 */
export async function ownOverride(tools) {
  const { open, set, remove, gatewayToken, transport } = tools;
  await remove();
  // When its stream cannot begin, the old transport's clients tell no more than the status.
  await assert.rejects(open(), transport === "sse" ? /403/ : authRequired);

  const first = await set();
  const client = await open();
  try {
    assert.deepEqual(await client.list(), ["headers"]);
    const got = JSON.parse(await client.call("headers", {}));
    assert.equal(got.authorization, `Bearer ${first}`, "S42: the upstream got another credential");
    assert.ok(!JSON.stringify(got).includes(gatewayToken), "the gateway token reached the upstream");

    const second = await set();
    const { value, remark } = await nextCall(client, tools);
    assert.equal(
      JSON.parse(value).authorization,
      `Bearer ${second}`,
      "S06: the next request carried another credential",
    );

    await remove();
    await assert.rejects(client.call("headers", {}), tools.refusal ?? authRequired);
    return { revision: client.revision(), remark };
  } finally {
    await client.close();
  }
}

/**
 * A session with the upstream was opened with the old credential, so it ends with it (404, "Session not found"). Some clients begin
 * a new one by themselves, as the specification asks; the others have to be told to connect again.
 */
export async function nextCall(client, { open, refusal }) {
  try {
    return { value: await client.call("headers", {}) };
  } catch (error) {
    assert.match(error.message, refusal ?? /session (not found|terminated)/i);
    const again = await open();
    try {
      return { value: await again.call("headers", {}), remark: "has to connect again after a change" };
    } finally {
      await again.close();
    }
  }
}

/** The message is what people see, so it has to hold the link; programs that can, see code and data. */
function authRequired(error) {
  assert.match(error.message, /McpAuthRequiredError: .* Open http:\/\/127\.0\.0\.1:\d+\/\S+/);
  if (error.data !== undefined) {
    assert.equal(error.code, 4401);
    assert.equal(error.data.type, "McpAuthRequiredError");
    assert.equal(error.data.reason, "override_missing");
  }
  return true;
}
