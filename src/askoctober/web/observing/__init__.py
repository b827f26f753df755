"""What the keeper of a server sees of the questions: figures, log lines and traces, and no question's text unasked.

Each question is watched from its coming to its end (`watching`), whichever door it came by. What was seen is handed to
those who keep count, and becomes a line of the log (`logs`) and, with OpenTelemetry, a trace (`traces`).
"""

from askoctober.web.observing.logs import say, writing
from askoctober.web.observing.watching import OUTCOMES, STAGES, Observing, Record, Watch

__all__ = ["OUTCOMES", "STAGES", "Observing", "Record", "Watch", "say", "writing"]
