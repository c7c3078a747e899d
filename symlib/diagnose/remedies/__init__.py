"""What would help, each recomputed on the same objects in the same folds."""
