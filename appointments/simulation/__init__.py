"""
What each order would do to a clinic: arrivals are drawn, and each order serves them.

`model` draws the world and serves it, `orders` pick who is seen next, `clairvoyant`
tells what nobody can beat, `result` adds up, `plots` draw. Pure: no database, no clock.
"""

from __future__ import annotations
