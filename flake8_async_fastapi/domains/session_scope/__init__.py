"""Which tasks, requests and transactions use a session, and when."""
