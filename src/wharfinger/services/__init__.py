"""Floor 3: one function per use case, one transaction per step. Both doors and all jobs call these."""
