"""A FastMCP server that answers with the headers it got, so that what the gateway injected can be seen."""

import json
import sys

from fastmcp import FastMCP
from fastmcp.server.dependencies import get_http_headers

server = FastMCP("headers")


@server.resource("headers://all")
def all_headers() -> str:
    """The same, to be read."""
    return json.dumps(get_http_headers(include_all=True))


@server.tool
def headers() -> str:
    """Tell the headers of this request, as JSON."""
    return json.dumps(get_http_headers(include_all=True))


kind, port = sys.argv[1], int(sys.argv[2])
options = {"sse": {"transport": "sse"}, "sessions": {"transport": "http"}}.get(
    kind, {"transport": "http", "stateless_http": True}
)
server.run(host="127.0.0.1", port=port, show_banner=False, **options)
