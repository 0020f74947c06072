"""ORM objects on a path: what is loaded of them, what reading and writing them does."""
