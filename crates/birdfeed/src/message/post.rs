//! Post (<https://docs.x.com/x-api/fundamentals/data-dictionary>), with what came beside it.

use source_x::split::MessageKind;

use super::object::{Object, thing};
use super::things::MatchingRule;
use super::whole::{Message, part};

part! {
    /// A post: one that the stream brings, or one included with it.
    Post {
        /// Decimal digits; empty if X leaves it out.
        id: id = "id",
        /// The text; of a post of more than 280 characters the beginning, see [`full_text`](Self::full_text).
        text: id = "text",
        /// When it was written.
        created_at: time = "created_at",
        /// Who wrote it.
        author_id: text = "author_id",
        /// The post that the conversation began with.
        conversation_id: text = "conversation_id",
        /// Whom it answers.
        in_reply_to_user_id: text = "in_reply_to_user_id",
        /// The community that it was written in.
        community_id: text = "community_id",
        /// The language that X thinks it is in.
        lang: text = "lang",
        /// The program that it was written with.
        source: text = "source",
        /// Whether a link in it may be sensitive.
        possibly_sensitive: flag = "possibly_sensitive",
        /// Who may answer.
        reply_settings: text = "reply_settings",
        /// The ids of its versions, the newest last.
        edit_history_ids: texts = "edit_history_tweet_ids",
        /// `editable_until`, `edits_remaining`, `is_edit_eligible`.
        edit_controls: object = "edit_controls",
        /// `media_keys` and `poll_ids`.
        attachments: object = "attachments",
        /// `place_id` and `coordinates`.
        geo: object = "geo",
        /// Links, hashtags, cashtags, mentions.
        entities: object = "entities",
        /// What X thinks it is about: `domain` and `entity` of each.
        context_annotations: objects = "context_annotations",
        /// `retweet_count`, `reply_count`, `like_count` and so on.
        public_metrics: object = "public_metrics",
        /// Its author's.
        non_public_metrics: object = "non_public_metrics",
        /// Its author's.
        organic_metrics: object = "organic_metrics",
        /// Its author's.
        promoted_metrics: object = "promoted_metrics",
        /// Where it is withheld.
        withheld: object = "withheld",
        /// A long post's whole text and entities.
        note: object = "note_tweet",
    }
}

thing! {
    /// Another post that a post refers to.
    Reference {
        /// `replied_to`, `quoted` or `retweeted`; empty if X leaves it out.
        kind: id = "type",
        /// The other post's id; empty if X leaves it out.
        id: id = "id",
    }
}

impl Post {
    /// The whole text, however long.
    pub fn full_text(&self) -> String {
        let note = self.note();
        let long = note.as_ref().and_then(|note| note.text("text"));
        long.unwrap_or_else(|| self.text()).into_owned()
    }

    /// The posts that it answers, quotes or repeats.
    pub fn references(&self) -> Vec<Reference> {
        let references = self.object().objects("referenced_tweets").into_iter();
        references.map(Reference::new).collect()
    }

    /// What could not be included, and why.
    pub fn errors(&self) -> Vec<Object> {
        self.message().errors()
    }

    /// The rules that it matches, on the filtered stream.
    pub fn matching_rules(&self) -> Vec<MatchingRule> {
        self.message().matching_rules()
    }
}

impl Message {
    /// The post, if it brings one.
    pub fn post(&self) -> Option<Post> {
        let is_post = self.kind() == MessageKind::Post && !self.is_v1();
        let data = self.data().filter(|_| is_post)?;
        Some(Post::new(data, self.clone()))
    }
}
