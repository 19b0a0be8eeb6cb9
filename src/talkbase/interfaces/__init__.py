"""How people and programs reach talkbase: each interface parses, calls one action or query, and shows the result."""
