"""
The words of appointments' messages: a time, a place, a link.

Never a diagnosis, a therapy, a department or a full name: mail is read by others.
A renderer returns None when what it would say is not true any more.
"""

from __future__ import annotations

from appointments.messages import ahead, people, requests, visits

__all__ = ["ahead", "people", "requests", "visits"]
