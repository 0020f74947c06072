"""Scripts for the operator: `python -m app.maintenance.create_tables`."""
