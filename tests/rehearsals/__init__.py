"""The long runs: each breaks the market on purpose, as a real process, and looks whether it kept its word."""
