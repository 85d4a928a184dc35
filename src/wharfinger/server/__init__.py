"""Floor 5: assembly. Settings, the application, the processes that run it."""
