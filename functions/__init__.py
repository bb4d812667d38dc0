"""The doors, one per trigger: parse, call one use case, answer. No `if` about money."""
