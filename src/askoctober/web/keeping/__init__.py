"""What lasts of a conversation: the record that the reader's browser keeps, the document they export, their thumbs.

    Turn <-> record (turns), checked when it comes back (records) -> Markdown (exporting); thumbs -> a file (feedback)

The server keeps no conversation; only thumbs are appended to a file of the keeper's.
"""
