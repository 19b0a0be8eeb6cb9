"""The verbs: what talkbase can do for a person. Each takes an open `Talkbase`; writing is one transaction."""
