"""Wharfinger beside a real peer, in one run, with the same durability asked of both."""
