"""One module a format, each with `read(source)`, see `documents.Reader`; `formats` imports the one that is needed."""
