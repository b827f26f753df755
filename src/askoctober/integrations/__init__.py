"""The retriever and the assistant as other libraries know them; each module needs its own extra.

    langchain     AskoctoberRetriever, AskoctoberAnswers (a Runnable)    pip install "askoctober[langchain]"
    llama_index   AskoctoberRetriever                                    pip install "askoctober[llama-index]"
    haystack      AskoctoberRetriever (a component)                      pip install "askoctober[haystack]"

What a hit says of itself has the same names in all of them, see `metadata`. docs/embedding.md shows each at work.
"""
