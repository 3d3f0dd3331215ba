"""Live and still forms of queries and runtimes for notebooks."""
