"""A FastMCP server that takes the access tokens of one authorization server, made out to itself, and nothing else.

Started with a port, the issuer, and the scopes that a token must have. It describes itself as RFC 9728 says, and refuses with a
challenge.
"""

import hashlib
import json
import sys

from fastmcp import FastMCP
from fastmcp.server.auth import RemoteAuthProvider
from fastmcp.server.auth.providers.jwt import JWTVerifier
from fastmcp.server.dependencies import get_access_token

port, issuer, scopes = int(sys.argv[1]), sys.argv[2], sys.argv[3:]
origin = f"http://127.0.0.1:{port}"
resource = f"{origin}/mcp"

verifier = JWTVerifier(
    jwks_uri=f"{issuer}/jwks",
    issuer=issuer,
    audience=resource,
    required_scopes=scopes,
    base_url=origin,
    jwks_refresh_interval=0,
)
server = FastMCP(
    "oauth-notes",
    auth=RemoteAuthProvider(token_verifier=verifier, authorization_servers=[issuer], base_url=origin),
)


@server.tool
def whoami() -> str:
    """Tell whose token this request carried, and which, as JSON."""
    token = get_access_token()
    claims = token.claims
    seen = {name: claims.get(name) for name in ("sub", "client_id", "scope", "aud", "iss", "jti", "exp")}
    seen["fingerprint"] = hashlib.sha256(token.token.encode()).hexdigest()[:16]
    return json.dumps(seen)


server.run(host="127.0.0.1", port=port, show_banner=False, transport="http")
