"""SQL as a syntax tree: the logical relation, binding of scope and parameters, lint."""
