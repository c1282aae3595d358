"""The policy program read: register of clauses and questions, terms and ground rules."""
