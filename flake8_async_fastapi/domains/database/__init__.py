"""How an application sets up its database: URLs, engines, session factories, listeners."""
