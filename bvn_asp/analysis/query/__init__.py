"""Questions over all records: from the text of a query to its answers, or a proof that there are none."""
