"""Where the audit's anchors are kept for ever: a blob container that nobody can change, on a laptop a directory."""
