{"delete":{"tweet":{"id":"{{id}}","author_id":"{{old_id}}"},"event_at":"{{created_at}}"}}
{"delete":{"tweet":{"id":"{{id}}","author_id":"{{old_id}}"},"event_at":"{{created_at}}","quote_tweet_id":"{{old_id}}"}}
{"drop":{"tweet":{"id":"{{id}}","author_id":"{{old_id}}"},"event_at":"{{created_at}}"}}
{"undrop":{"event_at":"{{created_at}}","tweet":{"author_id":"{{old_id}}","id":"{{id}}"}}}
{"withheld":{"tweet":{"id":"{{id}}","author_id":"{{old_id}}"},"withheld_in_countries":["DE","TR"],"event_at":"{{created_at}}"}}
{"tweet_edit":{"tweet":{"id":"{{id}}"},"initial_tweet_id":"{{old_id}}","edit_tweet_ids":["{{old_id}}","{{id}}"],"event_at":"{{created_at}}"}}
{"delete":{"post":{"id":"{{id}}","author_id":"{{old_id}}"},"event_at":"{{created_at}}"}}
