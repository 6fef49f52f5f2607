"""The Python SDK (`mcp`), one connection, driven by lines of JSON on standard input: `list`, `call`, and the end of input.

With `elicitation` it declares that it can ask its person; what is asked goes out as a line, and the next line in is the answer.
"""

import asyncio
import json
import os
import sys

from mcp import Client
from mcp.client.sse import sse_client
from mcp.client.streamable_http import create_mcp_http_client, streamable_http_client
from mcp.shared.exceptions import MCPError
from mcp.types import ElicitResult

url, transport, mode, declared = sys.argv[1:]
# People take longer.
TIMEOUT_SECONDS = 60 if declared == "elicitation" else 5
headers = {"Authorization": f"Bearer {os.environ['GATEWAY_TOKEN']}"}


def connection():
    if transport == "sse":
        return sse_client(url, headers=headers)
    return streamable_http_client(url, http_client=create_mcp_http_client(headers=headers))


async def answer(client: Client, order: dict):
    if order["do"] == "list":
        return [tool.name for tool in (await client.list_tools()).tools]
    result = await client.call_tool(order["name"], order["arguments"])
    return result.content[0].text


async def ask(_context, params):
    tell(asked=params.model_dump(by_alias=True, mode="json", exclude_none=True))
    return ElicitResult(action=json.loads(await asyncio.to_thread(sys.stdin.readline))["action"])


def tell(**line):
    print(json.dumps(line), flush=True)


def failure(error: BaseException) -> dict:
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    if isinstance(error, MCPError):
        return {"message": error.error.message, "code": error.error.code, "data": error.error.data}
    return {"message": f"{type(error).__name__}: {error}"}


async def main():
    options = {"elicitation_callback": ask} if declared == "elicitation" else {}
    async with Client(connection(), mode=mode, read_timeout_seconds=TIMEOUT_SECONDS, **options) as client:
        tell(result=client.protocol_version)
        while line := await asyncio.to_thread(sys.stdin.readline):
            try:
                tell(result=await answer(client, json.loads(line)))
            except Exception as error:
                tell(error=failure(error))


try:
    asyncio.run(main())
except BaseException as error:
    tell(error=failure(error))
