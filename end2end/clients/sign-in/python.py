"""The Python SDK (`mcp`) with its own OAuth client: signs in, lists the tools, calls one."""

import asyncio
import json
import sys
from urllib.parse import parse_qs, urlsplit

from mcp import Client
from mcp.client.auth import OAuthClientProvider
from mcp.client.streamable_http import create_mcp_http_client, streamable_http_client
from mcp.shared.auth import AuthorizationCodeResult, OAuthClientMetadata

url, mode = sys.argv[1:]


class Memory:
    tokens = None
    client = None

    async def get_tokens(self):
        return self.tokens

    async def set_tokens(self, tokens):
        self.tokens = tokens

    async def get_client_info(self):
        return self.client

    async def set_client_info(self, client):
        self.client = client


def tell(**line):
    print(json.dumps(line), flush=True)


async def open_page(page: str):
    tell(page=page)


async def sent_back() -> AuthorizationCodeResult:
    line = await asyncio.to_thread(sys.stdin.readline)
    answer = {name: values[0] for name, values in parse_qs(urlsplit(line.strip()).query).items()}
    return AuthorizationCodeResult(code=answer["code"], state=answer.get("state"), iss=answer.get("iss"))


async def main():
    metadata = OAuthClientMetadata(
        client_name="Overkey's tests",
        redirect_uris=["http://127.0.0.1:33418/callback"],
        grant_types=["authorization_code", "refresh_token"],
        response_types=["code"],
    )
    auth = OAuthClientProvider(url, metadata, Memory(), open_page, sent_back)
    http = create_mcp_http_client(auth=auth)
    async with Client(streamable_http_client(url, http_client=http), mode=mode, read_timeout_seconds=60) as client:
        await client.list_tools()
        result = await client.call_tool("whoami", {})
        tell(result=result.content[0].text)


asyncio.run(main())
