"""The domain, pure: what a payment is, what may happen to it, and what an answer means. No I/O, nothing of ours."""
