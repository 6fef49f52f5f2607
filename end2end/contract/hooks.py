"""Bodies that Schemathesis does not know how to write: those of an import, which are text."""

import schemathesis


@schemathesis.serializer("text/csv", "application/jsonl")
def text(ctx, value):
    # What is no text cannot be sent as one: then there is no body, which is just as wrong.
    return value.encode("utf-8", "surrogateescape") if isinstance(value, str) else None
