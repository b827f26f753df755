"""The web chat: a conversation on the left, the cited source with its quote marked on the right.

    assistant -> events -> running, in turn (line) -> Session (what one reader has asked)
    Session -> render, frame, source, shelf, charts/ (pure HTML and figures, in the words of `words/`)
    app (Gradio: which event changes the session how), acting (what a reader does), pages (what scripts ask) -> server
    keeping/ (records, exports, thumbs), own (articles that readers add), static/ (what runs in the browser)

Gradio is imported when a chat is made, never when this package is.
"""

from askoctober.web.app import create_chat
from askoctober.web.server import create_app, serve

__all__ = ["create_app", "create_chat", "serve"]
