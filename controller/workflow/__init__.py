"""Long work as rows: steps with their undo, in batches, resumable by any controller."""
