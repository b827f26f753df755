"""Labelled questions to figures: how often needed facts are found, answers right, citations sound, declines due.

    questions -> records (running) -> scores (scoring) -> figures (summary) -> JSON, page (report)

`askoctober eval` is this room's command; `evaluate` does the same from Python.
"""

from askoctober.evaluation.evaluating import Evaluation, Loads, Settings, evaluate

__all__ = ["Evaluation", "Loads", "Settings", "evaluate"]
