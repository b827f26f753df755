"""The Model Context Protocol: what other programs' models may ask of the shelf.

    shapes (arguments and results) -> tools, articles (resources) -> server -> transports (stdio, HTTP)

Its library is the extra `mcp`, and imported when a server is made.
"""

from askoctober.web.mcp.transports import create_mcp, serve_stdio

__all__ = ["create_mcp", "serve_stdio"]
