"""The web chat: a conversation on the left, the cited source with its quote marked on the right.

    assistant -> events -> Session (what one reader has asked) -> render, source (pure HTML) -> app (Gradio) -> server

Gradio is imported when a chat is made, never when this package is.
"""

from askoctober.web.app import create_chat
from askoctober.web.server import create_app, serve

__all__ = ["create_app", "create_chat", "serve"]
