"""Kernel regression on the design, with what varies taken out of one factorisation instead of factorised anew."""
