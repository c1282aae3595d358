"""Many cases at once: tables of cases, the ground rules compiled to words of bits, and what a change does to a file."""
