"""What the blog does: each function owns its transaction."""
