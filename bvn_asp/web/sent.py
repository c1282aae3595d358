"""The files that can be had of a case: formats, names and media types."""

SENT = {
    "report": {"html": "Report, to read and print", "docx": "Report for Word"},
    "letter": {"docx": "Draft of the letter, for Word", "html": "Draft of the letter, to read"},
    "worksheet": {"xlsx": "Worksheet for an auditor"},
}
"""What can be had of a case, in which formats, and what each is called."""
TYPES = {
    "html": "text/html",
    "docx": "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
}
"""The media type of each format."""
