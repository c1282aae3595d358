"""A decision or a finding for people and for programs."""
