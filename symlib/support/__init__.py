"""What knows nothing of symmetry: checks, linear algebra, threads, memory, files, digests."""
