"""Pages about messages: the staff's desk, and what patients choose."""
