"""What the report says: shares right with intervals, the verdict, how many poses are needed, a model beside it."""
