"""What was decided, and what a person decided then: kept in one file, appended and never rewritten."""
