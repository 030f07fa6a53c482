{"event_uuid":"{{id}}","event_type":"post.create","filter":{"user_id":"{{old_id}}"},"tag":"the harbour's","payload":{"id":"{{id}}","text":"The lantern is lit","author_id":"{{old_id}}","created_at":"{{created_at}}","edit_history_tweet_ids":["{{id}}"],"public_metrics":{"retweet_count":{{0..899}},"retweet_count_str":"{{0..899}}"}}}
{"event_uuid":"-{{id}}","event_type":"post.delete","filter":{"user_id":"{{old_id}}"},"payload":{"id":"{{old_id}}"},"includes":{"users":[{"data":{"id":"{{old_id}}","name":"{{names}}"}}]}}
{"event_uuid":"{{id}}","event_type":"profile.update.bio","filter":{"user_id":"{{old_id}}"},"tag":"the harbour's","payload":{"before":"At sea","after":"On land"}}
{"event_uuid":"{{id}}","event_type":"follow.follow","filter":{"user_id":"{{old_id}}","direction":"inbound"},"payload":{"source":{"id":"{{old_id}}"},"target":{"id":"{{old_id}}"}}}
{"event_uuid":"{{id}}","event_type":"news.new","filter":{"keyword":"harbour"},"tag":"news","payload":{"name":"A storm in the harbour"}}
