"""Whether it works: what the clinic can see of its own waits, times and changes."""
