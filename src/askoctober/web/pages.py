"""What the scripts in the browser ask of the server: places, articles, pages, exports.

Every request is a dictionary that a stranger may have written; every answer is HTML that `source`, `shelf` and
`timeline` have escaped, or plain data.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from functools import wraps
from pathlib import Path
from typing import Any

from askoctober.building import Progress
from askoctober.errors import AskoctoberError
from askoctober.types import Article, Span, Store
from askoctober.web.acting import LARGEST_RECORD
from askoctober.web.answerer import Answerer, Searcher
from askoctober.web.charts.dating import find_dated
from askoctober.web.charts.mapping import map_figure
from askoctober.web.charts.plotting import styles_of
from askoctober.web.charts.projection import PerStore, project
from askoctober.web.charts.timeline import render_timeline, timeline_figure
from askoctober.web.keeping.exporting import to_markdown
from askoctober.web.keeping.turns import read_conversation
from askoctober.web.own import OwnArticles
from askoctober.web.shelf import render_found, render_reader, render_shelf
from askoctober.web.source import open_source, render_pane
from askoctober.web.wording import Wording, wording

FOUND = 10
MOST_CITED = 100


class Shelf(Mapping[str, Article]):
    """The articles of a store by id, each read when it is asked for: there may be more than the memory holds."""

    def __init__(self, store: Store) -> None:
        self._articles = store.articles()
        # An opened index tells its ids without a look at the texts.
        ids = getattr(self._articles, "ids", None) or [article.id for article in self._articles]
        self._places = {identity: place for place, identity in enumerate(ids)}

    def __getitem__(self, identity: str) -> Article:
        return self._articles[self._places[identity]]

    def __len__(self) -> int:
        return len(self._places)

    def __iter__(self) -> Iterator[str]:
        return iter(self._places)


class Pages:
    """The functions that a browser may call; each takes one request and is safe to call from several threads."""

    def __init__(self, assistant: Answerer, own: OwnArticles | None = None) -> None:
        """Show the shelf of an assistant; with `own` readers may add articles to it."""
        self._assistant = assistant
        self._own = own
        self._known: tuple[Store, Shelf] | None = None
        self._indexed = 0
        self._projection = PerStore(project)
        self._dated = PerStore(lambda store: find_dated(store, self._retriever.calendars))

    @property
    def functions(self) -> list[Callable[[Any], Any]]:
        """Every function that a browser may call, by its name."""
        own = [self.take_article, self.index_articles, self.tell_indexed, self.remove_article] if self._own else []
        offered = [
            self.open_place,
            self.show_pane,
            self.show_article,
            self.show_shelf,
            self.find_passages,
            self.draw_map,
            self.draw_timeline,
            self.export,
            *own,
        ]
        return [_function(method) for method in offered]

    @property
    def articles(self) -> Shelf:
        """The articles of the shelf as it is now, by id."""
        store = self._retriever.store
        known = self._known
        if known is None or known[0] is not store:
            known = (store, Shelf(store))
            self._known = known
        return known[1]

    @property
    def _retriever(self) -> Searcher:
        return self._assistant.retriever

    def open_place(self, request: Any) -> str:
        """Return the source pane at a place of an article."""
        return open_source(self.articles, request, _say(request))

    def show_pane(self, request: Any) -> str:
        """Return the source pane with the articles of the shelf."""
        return render_pane(list(self.articles.values()), _say(request))

    def show_article(self, request: Any) -> str:
        """Return an article to be read whole; nothing where there is none of that id."""
        article = self.articles.get(_text(request, "article"))
        return render_reader(article, _say(request)) if article else ""

    def show_shelf(self, request: Any) -> str:
        """Return the page of articles."""
        own = self._own.ids() if self._own else None
        return render_shelf(list(self.articles.values()), _say(request), own)

    def find_passages(self, request: Any) -> str:
        """Return the passages nearest to some words."""
        say = _say(request)
        try:
            return render_found(self._retriever.search(_text(request, "text"), FOUND), say)
        except AskoctoberError:
            return render_found([], say)

    def draw_map(self, request: Any) -> dict[str, Any]:
        """Return the map of passages as a plotly figure, with a question and what it found and cited where given."""
        question, store = _text(request, "question"), self._retriever.store
        hits = []
        if question:
            try:
                hits = self._retriever.search(question, FOUND)
            except AskoctoberError:
                question = ""
        cited = [(article, span.start, span.end) for article, span in self._places(request)]
        return map_figure(store, self._projection(store), _say(request), question=question, hits=hits, cited=cited)

    def draw_timeline(self, request: Any) -> dict[str, Any]:
        """Return the dated sentences as a plotly figure and as a list."""
        say, store = _say(request), self._retriever.store
        dated = self._dated(store)
        figure = timeline_figure(dated, say, styles=styles_of(store), readable_date=say.day) if dated else None
        return {"figure": figure, "html": render_timeline(dated, say, say.day)}

    def export(self, request: Any) -> str:
        """Return a conversation that the browser kept as a Markdown document; a line of complaint where it is none."""
        say, record = _say(request), request.get("record") if isinstance(request, dict) else None
        try:
            if len(json.dumps(record)) > LARGEST_RECORD:
                return say("export-failed")
            read_conversation(record, self.articles)
            return to_markdown(record, say)
        except (AskoctoberError, ValueError, RecursionError):
            return say("export-failed")

    def take_article(self, request: Any) -> dict[str, str]:
        """Check and keep a file that was uploaded; return why not, where it is not kept."""
        assert self._own is not None, "offered only where articles can be added"
        path = _uploaded(_text(request, "path"))
        if path is None:
            return {"problem": _say(request)("own-lost")}
        reason = self._own.take(path, _text(request, "name"))
        path.unlink(missing_ok=True)
        return {"problem": reason or ""}

    def index_articles(self, request: Any) -> dict[str, Any]:
        """Make what was taken answerable; return what failed, and how many articles there are now in all and by file.

        What failed is a file, or a part of one that holds several articles: then its name goes on with "#" or "/".
        """
        assert self._own is not None, "offered only where articles can be added"
        try:
            report = self._own.update(self._counting())
        except AskoctoberError as error:
            return {"problem": str(error), "failed": [], "files": {}, "count": len(self.articles)}
        failed = [{"name": failure.path, "problem": failure.reason} for failure in report.failed]
        return {"problem": "", "failed": failed, "files": self._own.files(), "count": len(self.articles)}

    def tell_indexed(self, request: Any) -> dict[str, int]:
        """Return how many sentences the indexing that goes on, or was the last, has done; never waits."""
        return {"sentences": self._indexed}

    def _counting(self) -> Progress:
        """Return a progress that counts sentences: they are embedded a few articles at a time, each with its total."""
        before = self._indexed = 0

        def tell(label: str, done: int, total: int) -> None:
            nonlocal before
            if label == "embedding":
                self._indexed = before + done
                before = self._indexed if done >= total else before

        return tell

    def remove_article(self, request: Any) -> dict[str, Any]:
        """Take an article that was added off the shelf."""
        assert self._own is not None, "offered only where articles can be added"
        try:
            self._own.remove(_text(request, "article"))
        except AskoctoberError as error:
            return {"problem": str(error), "failed": [], "files": {}, "count": len(self.articles)}
        return self.index_articles(request)

    def _places(self, request: Any) -> list[tuple[str, Span]]:
        listed = request.get("cited") if isinstance(request, dict) else None
        places = []
        for entry in listed[:MOST_CITED] if isinstance(listed, list) else ():
            if isinstance(entry, list) and len(entry) == 3:
                article, start, end = entry
                if isinstance(article, str) and type(start) is int and type(end) is int and 0 <= start < end:
                    places.append((article, Span(start, end)))
        return places


def _function(method: Callable[[Any], Any]) -> Callable[[Any], Any]:
    """Return a method as a function, which Gradio can put its mark on."""

    @wraps(method)
    def function(request: Any) -> Any:
        return method(request)

    return function


def _uploaded(path: str) -> Path | None:
    """Return the file that a browser says it uploaded, or None: nothing else on this computer can be named."""
    from gradio.utils import get_upload_folder

    try:
        file = Path(path).resolve()
        return file if file.is_relative_to(Path(get_upload_folder()).resolve()) and file.is_file() else None
    except (ValueError, OSError):
        return None


def _say(request: Any) -> Wording:
    return wording(_text(request, "language"))


def _text(request: Any, name: str) -> str:
    value = request.get(name) if isinstance(request, dict) else None
    return value if isinstance(value, str) else ""
