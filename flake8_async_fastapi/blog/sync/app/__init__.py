"""A small blog: users, posts, comments and tags, as pages and as JSON."""
