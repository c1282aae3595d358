"""What a case states: its models, its fields, anatomy, calendar and files."""
