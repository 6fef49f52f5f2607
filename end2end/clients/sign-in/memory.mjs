// What a host keeps for an SDK's OAuth: in memory, and for one sign-in.
import { randomBytes } from "node:crypto";

export class Memory {
  redirectUrl = "http://127.0.0.1:33418/callback";
  clientMetadata = {
    client_name: "Overkey's tests",
    redirect_uris: [this.redirectUrl],
    grant_types: ["authorization_code", "refresh_token"],
    response_types: ["code"],
    token_endpoint_auth_method: "none",
  };
  #state = randomBytes(16).toString("hex");
  #kept = {};

  state = () => this.#state;
  clientInformation = () => this.#kept.client;
  saveClientInformation = (client) => void (this.#kept.client = client);
  tokens = () => this.#kept.tokens;
  saveTokens = (tokens) => void (this.#kept.tokens = tokens);
  codeVerifier = () => this.#kept.verifier;
  saveCodeVerifier = (verifier) => void (this.#kept.verifier = verifier);
  redirectToAuthorization = (url) => void (this.url = url.href);
}
