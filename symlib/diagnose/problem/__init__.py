"""What is asked: samples, classes, poses and objects, checked; which of them are used; what is near what."""
