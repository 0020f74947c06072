"""Sessions: what makes them, what their methods and blocks do to objects, and who passes them."""
