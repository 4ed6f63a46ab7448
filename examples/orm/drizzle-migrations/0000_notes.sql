CREATE VIRTUAL TABLE notes USING vec(note_id);
