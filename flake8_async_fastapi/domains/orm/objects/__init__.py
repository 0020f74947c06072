"""ORM objects on a path: what is loaded of them, and what reading, writing and calls do to them."""
