"""Documents to send: made once of blocks, and written as HTML, Markdown, Word or a spreadsheet."""
