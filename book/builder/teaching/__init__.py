"""What teachers are given, made from the chapters: student and instructor notebooks, graded sheets, questions."""
