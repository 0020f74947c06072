"""FastAPI and Starlette: dependencies, routes, applications and their lifespans."""
