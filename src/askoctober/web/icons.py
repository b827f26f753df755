"""Small drawings as inline SVG: fonts differ in which signs they have."""

from __future__ import annotations

_THUMB = (
    '<path d="M7.5 11v9H4v-9zm0 0 3.9-8c1.7 0 2.7 1.2 2.4 2.8L13.2 9h5.4c1.3 0 2.2 1.2 1.9 2.4l-1.7 6.7'
    'c-.3 1.1-1.2 1.9-2.4 1.9H7.5"/>'
)
_DRAWN = {
    "new": '<path d="M12 5v14M5 12h14"/>',
    "kept": '<path d="M4 6.5h16M4 12h16M4 17.5h10"/>',
    "settings": '<path d="M4 7.5h8m5 0h3M4 16.5h3m5 0h8"/><circle cx="14.5" cy="7.5" r="2.5"/>'
    '<circle cx="9.5" cy="16.5" r="2.5"/>',
    "up": _THUMB,
    "down": f'<g transform="rotate(180 12 12)">{_THUMB}</g>',
}


def icon(name: str) -> str:
    """Return a drawing in the colour of the text around it; its meaning is said beside it."""
    return (
        '<svg class="ask-icon" viewBox="0 0 24 24" aria-hidden="true" focusable="false" fill="none"'
        f' stroke="currentColor" stroke-width="1.7" stroke-linejoin="round" stroke-linecap="round">{_DRAWN[name]}</svg>'
    )
