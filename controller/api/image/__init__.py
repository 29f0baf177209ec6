"""Image v2: disk images, their bytes, and the signed way on which agents fetch them."""
