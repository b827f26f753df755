"""Questions to hits: dense, lexical and best-sentence search, fusion, late interaction; and follow-up questions."""

from askoctober.retrieval.followup import make_standalone
from askoctober.retrieval.retriever import Retriever, check_question

__all__ = ["Retriever", "check_question", "make_standalone"]
