{"delete":{"favorite":{"id":"{{id}}","user_id":"{{old_id}}"},"event_at":"{{created_at}}"}}
