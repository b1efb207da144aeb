"""What was just pressed at the desk can be taken back for a few seconds, instead of being asked about before."""
