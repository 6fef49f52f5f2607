// The suite's scenarios of an OAuth client, each with what Overkey is to do with it.
//
// `ends`: a scenario whose provider must not be trusted ends with this problem, and nothing else counts as a pass.
// `without`: why a scenario does not apply.

const discover = { mode: "oauth2_authorization_code", discover: true };
const consenting = () => discover;

/** @typedef {{name: string, revisions: string[], world?: "https", settings?: Function, ends?: string, without?: string}} Scenario */

const both = ["2025-11-25", "2026-07-28"];
const modern = ["2026-07-28"];

const noSecret = "Overkey's client credentials are an id and a secret; it has no key pair to sign with";
const noIdentity =
  "needs a token of the caller from an enterprise's own identity provider, or of a workload, to exchange";
const noDpop = "Overkey uses bearer tokens; it does not bind tokens to a key (DPoP)";

/** @type {Scenario[]} */
export const scenarios = [
  { name: "auth/metadata-default", revisions: both },
  { name: "auth/metadata-var1", revisions: both },
  { name: "auth/metadata-var2", revisions: both },
  { name: "auth/metadata-var3", revisions: both },
  { name: "auth/basic-cimd", revisions: both, world: "https" },
  { name: "auth/scope-from-www-authenticate", revisions: both },
  { name: "auth/scope-from-scopes-supported", revisions: both },
  { name: "auth/scope-omitted-when-undefined", revisions: both },
  { name: "auth/scope-step-up", revisions: both },
  { name: "auth/scope-retry-limit", revisions: both, ends: "refused" },
  { name: "auth/token-endpoint-auth-basic", revisions: both },
  { name: "auth/token-endpoint-auth-post", revisions: both },
  { name: "auth/token-endpoint-auth-none", revisions: both },
  { name: "auth/pre-registration", revisions: both, settings: preRegistered },
  { name: "auth/resource-mismatch", revisions: modern, ends: "not_discoverable" },
  { name: "auth/offline-access-scope", revisions: modern },
  { name: "auth/offline-access-scope", revisions: modern, world: "https" },
  { name: "auth/offline-access-not-supported", revisions: modern },
  { name: "auth/authorization-server-migration", revisions: modern },
  { name: "auth/iss-supported", revisions: modern },
  { name: "auth/iss-not-advertised", revisions: modern },
  { name: "auth/iss-supported-missing", revisions: modern, ends: "issuer_mismatch" },
  { name: "auth/iss-wrong-issuer", revisions: modern, ends: "issuer_mismatch" },
  { name: "auth/iss-unexpected", revisions: modern, ends: "issuer_mismatch" },
  { name: "auth/iss-normalized", revisions: modern, ends: "issuer_mismatch" },
  { name: "auth/metadata-issuer-mismatch", revisions: modern, ends: "not_discoverable" },
  { name: "auth/client-credentials-basic", revisions: both, settings: clientCredentials },
  { name: "auth/2025-03-26-oauth-metadata-backcompat", revisions: ["2025-03-26"] },
  {
    name: "auth/2025-03-26-oauth-endpoint-fallback",
    revisions: ["2025-03-26"],
    without: "a server without any metadata: Overkey does not guess endpoints, a manager enters them",
  },
  { name: "auth/client-credentials-jwt", revisions: both, without: noSecret },
  { name: "auth/enterprise-managed-authorization", revisions: both, without: noIdentity },
  { name: "auth/wif-jwt-bearer", revisions: both, without: noIdentity },
  { name: "auth/dpop", revisions: both, without: noDpop },
  { name: "auth/dpop-nonce", revisions: both, without: noDpop },
];

/** The outbound auth that a manager would enter for this server. */
export async function settingsFor(name, server, context) {
  const scenario = scenarios.find((one) => one.name === name);
  return (scenario?.settings ?? consenting)(server, context);
}

function preRegistered(_, { client_id, client_secret }) {
  return { ...discover, client_id, client_secret };
}

/** As a person would look it up. */
async function clientCredentials(server, { client_id, client_secret }) {
  const { origin, pathname } = new URL(server);
  const resource = await json(`${origin}/.well-known/oauth-protected-resource${pathname}`);
  const { token_endpoint } = await json(`${resource.authorization_servers[0]}/.well-known/oauth-authorization-server`);
  return { mode: "oauth2_client_credentials", token_url: token_endpoint, client_id, client_secret };
}

async function json(url) {
  const answer = await fetch(url);
  if (!answer.ok) throw new Error(`${url}: ${answer.status}`);
  return answer.json();
}
