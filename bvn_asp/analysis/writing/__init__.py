"""From the answer of a search back to a case: the inverse of the adapter, so that every answer can be decided again."""
