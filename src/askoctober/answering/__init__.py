"""Hits to a checked, cited answer: evidence, decision, draft, check."""

from askoctober.answering.assistant import DECLINED, Assistant

__all__ = ["DECLINED", "Assistant"]
