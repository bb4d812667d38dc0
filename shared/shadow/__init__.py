"""Shadow and rollout, pure: who is in which mode, and what "the same answer" means. No I/O."""
