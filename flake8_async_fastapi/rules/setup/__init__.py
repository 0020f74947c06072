"""AFA4: application and engine setup."""
