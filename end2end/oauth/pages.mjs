// The provider's own pages: who are you, and do you allow this? Plain forms, as a real provider has them; no script.

/** Handles the two pages and hands everything else to the provider. */
export function pages(provider, { accounts, password }) {
  const handle = provider.callback();
  return (request, response) => {
    if (!request.url.startsWith("/interaction/")) return handle(request, response);
    interaction(provider, { accounts, password }, request, response).catch((error) => {
      html(response, 500, "Something failed", `<p>${escape(error.message)}</p>`);
    });
  };
}

async function interaction(provider, who, request, response) {
  const details = await provider.interactionDetails(request, response);
  const login = details.prompt.name === "login";
  if (request.method !== "POST") {
    if (login) return askWho(response);
    const client = await provider.Client.find(details.params.client_id);
    return askConsent(response, details, client.clientName ?? client.clientId);
  }
  const form = new URLSearchParams(await body(request));
  if (!login) return consent(provider, details, form.get("answer") === "allow", request, response);
  const [account, secret] = [form.get("account"), form.get("password")];
  if (!who.accounts.includes(account) || secret !== who.password) return askWho(response, "Wrong name or password.");
  return provider.interactionFinished(request, response, { login: { accountId: account } });
}

async function consent(provider, { grantId, params, prompt, session }, allowed, request, response) {
  if (!allowed) {
    const refusal = { error: "access_denied", error_description: "The person said no." };
    return provider.interactionFinished(request, response, refusal, { mergeWithLastSubmission: false });
  }
  const known = grantId === undefined ? undefined : await provider.Grant.find(grantId);
  const grant = known ?? new provider.Grant({ accountId: session.accountId, clientId: params.client_id });
  const { missingOIDCScope = [], missingResourceScopes = {} } = prompt.details;
  grant.addOIDCScope(missingOIDCScope.join(" "));
  for (const [resource, scopes] of Object.entries(missingResourceScopes)) {
    grant.addResourceScope(resource, scopes.join(" "));
  }
  const result = { consent: { grantId: await grant.save() } };
  return provider.interactionFinished(request, response, result, { mergeWithLastSubmission: true });
}

function askWho(response, problem = "") {
  html(
    response,
    problem === "" ? 200 : 401,
    "Sign in to Example Notes",
    `<p role="alert">${problem}</p>
    <form method="post">
      <p><label>Account <input name="account" required></label></p>
      <p><label>Password <input name="password" type="password" required></label></p>
      <p><button>Sign in</button></p>
    </form>`,
  );
}

function askConsent(response, { params, session }, client) {
  html(
    response,
    200,
    "Allow access?",
    `<p>You are <b>${escape(session.accountId)}</b>. <b>${escape(client)}</b> asks for:</p>
    <ul>${(params.scope ?? "")
      .split(" ")
      .map((scope) => `<li>${escape(scope)}</li>`)
      .join("")}</ul>
    <form method="post">
      <button name="answer" value="allow">Allow</button>
      <button name="answer" value="deny">Deny</button>
    </form>`,
  );
}

async function body(request) {
  let text = "";
  for await (const part of request) text += part;
  return text;
}

function html(response, status, title, content) {
  response.writeHead(status, { "content-type": "text/html; charset=utf-8", "cache-control": "no-store" });
  response.end(
    `<!doctype html><html lang="en"><meta charset="utf-8"><title>${title}</title><main><h1>${title}</h1>${content}</main></html>`,
  );
}

function escape(text) {
  return String(text).replace(/[&<>"']/g, (sign) => `&#${sign.charCodeAt(0)};`);
}
