"""`make run`: the whole platform on one machine, from a fresh clone, without root and without a server."""
