"""What the course is made from: the exact pins, and how they and `.venv` are made."""
