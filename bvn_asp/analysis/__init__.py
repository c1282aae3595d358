"""Searches over all records: space, proofs, witnesses, and what is built on them."""
