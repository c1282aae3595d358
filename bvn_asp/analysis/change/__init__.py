"""What would change a decision, and how two policies, readings or sources differ."""
