"""Questions to hits: dense, lexical and best-sentence search, fusion, late interaction; and follow-up questions."""

from askoctober.retrieval.followup import make_standalone, with_context
from askoctober.retrieval.retriever import Retriever, check_question

__all__ = ["Retriever", "check_question", "make_standalone", "with_context"]
