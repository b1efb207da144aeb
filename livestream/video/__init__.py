"""Where the moving picture of a session comes from."""
