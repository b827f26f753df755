"""The plain LangChain recipe: the retrieval tutorial's splitter, a flat FAISS store, chunks stuffed into one prompt.

It cites nothing; its prompt is the tutorial's own and permits it to say that it does not know.
"""

from __future__ import annotations

import time
from typing import Any

from langchain_community.vectorstores import FAISS
from langchain_core.documents import Document
from langchain_huggingface import HuggingFaceEmbeddings
from langchain_openai import ChatOpenAI
from langchain_text_splitters import RecursiveCharacterTextSplitter
from protocol import MODEL, REPLY_TOKENS, SEARCHED, Article, Passage, Peer, Reply, arguments, serve, standalone

DEFAULT_K = 4
"""`similarity_search` returns four unless it is told otherwise."""
SYSTEM = (
    "You are an assistant for question-answering tasks. Use the following pieces of retrieved context to answer the "
    "question. If you don't know the answer, just say that you don't know. Use three sentences maximum and keep the "
    "answer concise.\n\n"
)


def main() -> None:
    options = arguments(DEFAULT_K)
    llm = ChatOpenAI(
        model=MODEL, base_url=options.base_url, api_key=options.api_key, temperature=0, max_tokens=REPLY_TOKENS
    )

    def build(articles: dict[str, Article]) -> Peer:
        embeddings = HuggingFaceEmbeddings(model_name=str(options.embedder), model_kwargs={"device": "cpu"})
        splitter = RecursiveCharacterTextSplitter(chunk_size=1000, chunk_overlap=200, add_start_index=True)
        sources = [Document(page_content=article.text, metadata={"file": name}) for name, article in articles.items()]
        store = FAISS.from_documents(splitter.split_documents(sources), embeddings)

        def search(question: str) -> list[Passage]:
            found = store.similarity_search(question, k=SEARCHED)
            starts = [(d.metadata["file"], d.metadata["start_index"], d.page_content) for d in found]
            return [Passage(file, start, start + len(text)) for file, start, text in starts]

        def ask(question: dict[str, Any]) -> Reply:
            text = standalone(question)
            began, first, pieces = time.perf_counter(), None, []
            context = "\n\n".join(d.page_content for d in store.similarity_search(text, k=options.k))
            for piece in llm.stream([("system", SYSTEM + context), ("human", text)]):
                if piece.content:
                    first = first or time.perf_counter() - began
                    pieces.append(str(piece.content))
            return Reply("".join(pieces).strip(), first_s=first, total_s=time.perf_counter() - began)

        return Peer("nothing", options.k, search, ask)

    serve(options, build)


if __name__ == "__main__":
    main()
