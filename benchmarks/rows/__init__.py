"""The rows of issue 7's table, each in a module that says what it measures and how."""
