// B02 against a real provider: what oidc-provider issues, held against what its own description and keys say.
import { createHash, randomBytes } from "node:crypto";
import { Api } from "../fixtures/api.ts";
import { ada, expect } from "../fixtures/app.ts";
import { audience, machineToken, pipeline, signOn, test, tokens } from "../fixtures/sign_on.ts";
import { whoami } from "../fixtures/whoami.ts";

test("B02 A6 a program's token is an external identity, which gets what a manager gives it", async ({
  request,
  world,
  api,
  provider,
}) => {
  const { id, token, again } = await machineToken(provider, audience);
  const program = new Api(request, world.url, token);
  const { subject } = await program.get("/me");
  expect(subject).toMatchObject({ type: "external_identity", name: id });
  expect((await program.mcp("open", {})).status(), "without a role there is no such server").toBe(404);

  const admin = await api(ada);
  await admin.put(`/servers/notes/access/external_identity/${subject.id}`, { role: "user" });
  expect((await whoami(program, "notes")).error?.data?.reason).toBe("override_missing");
  await program.put(`/servers/notes/overrides/external_identity/${subject.id}`, { credential: "sk-ci" });
  expect(await whoami(program, "notes")).toEqual({ hint: "ci-bot" });

  // For another audience, and without a signature of the provider's: nobody.
  const elsewhere = "https://elsewhere.example.test";
  provider.protect(elsewhere);
  const other = await again(elsewhere);
  const [head, body, signature = ""] = token.split(".");
  const flipped = signature.startsWith("A") ? `B${signature.slice(1)}` : `A${signature.slice(1)}`;
  for (const bad of [other, `${head}.${body}.${flipped}`, `${head}.${body}.`]) {
    const answer = await new Api(request, world.url, bad).mcp("notes", {});
    expect(answer.status()).toBe(401);
    expect(answer.headers()["www-authenticate"]).toContain('error="invalid_token"');
  }
});

test("B02 a mapped client's token is the virtual account", async ({ request, world, provider }) => {
  const { token } = await machineToken(provider, audience, { client_id: pipeline });
  const { subject } = await new Api(request, world.url, token).get("/me");
  expect(subject).toEqual({ type: "virtual_account", id: "ci-bot", name: "ci-bot" });
});

test("B02 A6 A8 a person's token is that person, as long as they are let in; their ID token is nobody", async ({
  page,
  request,
  world,
  api,
  provider,
}) => {
  await signOn(page, provider, "max");
  const client = provider.addClient(`${world.url}/healthz`);
  const verifier = randomBytes(32).toString("base64url");
  const asked = new URLSearchParams({
    client_id: client.id,
    response_type: "code",
    redirect_uri: `${world.url}/healthz`,
    scope: "openid notes:read",
    resource: audience,
    code_challenge: createHash("sha256").update(verifier).digest("base64url"),
    code_challenge_method: "S256",
  });
  await page.goto(`${provider.issuer}/auth?${asked}`);
  await page.getByRole("button", { name: "Allow" }).click();
  await page.waitForURL(/\/healthz\?code=/);
  const code = new URL(page.url()).searchParams.get("code") ?? "";
  const got = await tokens(provider, client, {
    grant_type: "authorization_code",
    code,
    redirect_uri: `${world.url}/healthz`,
    code_verifier: verifier,
    resource: audience,
  });

  const person = new Api(request, world.url, got.access_token);
  const { subject } = await person.get("/me");
  expect(subject).toMatchObject({ type: "user", name: "Max Roth" });
  const asId = await new Api(request, world.url, got.id_token ?? "").send("GET", "/me");
  expect(got.id_token, "there was one").toBeDefined();
  expect(asId.status()).toBe(401);

  const admin = await api(ada);
  await admin.patch("/users/max@corp.test", { disabled: true });
  expect((await person.send("GET", "/me")).status()).toBe(401);
  expect((await person.mcp("open", {})).status()).toBe(401);
  await admin.patch("/users/max@corp.test", { disabled: false });
  expect((await person.get("/me")).subject.id).toBe(subject.id);
});
