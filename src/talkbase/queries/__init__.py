"""The read side: plain SQL into small frozen rows. Nothing here writes, and nothing here knows a person's terminal."""
