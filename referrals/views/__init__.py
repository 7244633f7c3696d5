"""Pages of referrals: staff record them, patients read their own."""
