"""What a session brought: who watched, what was claimed, ordered and paid, minute by minute; what is to be packed."""
