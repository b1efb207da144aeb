"""One cart across co-operatives."""
