{"public_tweet_notice":{"tweet":{"id":"{{id}}","author_id":"{{old_id}}"},"event_type":"add_label","event_at":"{{created_at}}","application":"apply","label_title":"Stay in the harbour","details":"A storm is coming","extended_details_url":"https://harbour.example/storm"}}
{"public_tweet_notice":{"tweet":{"id":"{{id}}","author_id":"{{old_id}}"},"event_type":"remove_label","event_at":"{{created_at}}","application":"remove"}}
{"public_tweet_unviewable":{"tweet":{"id":"{{id}}","author_id":"{{old_id}}"},"event_at":"{{created_at}}","application":"apply"}}
