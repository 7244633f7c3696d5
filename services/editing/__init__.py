"""The editors' pages: what is in work, who must read it, and what is overdue."""
