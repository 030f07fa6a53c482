//! What a post brings with it: users, media, polls, places.

use super::compose::Maker;
use super::words;
use crate::json::{Astral, Object, array, string, strings};

impl Maker<'_> {
    /// Includes a user; gives its id.
    pub(super) fn user(&mut self) -> String {
        let id = self.rng.u64(10_000_000..1_600_000_000_000_000_000).to_string();
        let (_, words) = words::LANGUAGES[self.rng.usize(0..words::LANGUAGES.len())];
        let counts = Object::new()
            .json("followers_count", self.rng.u32(0..90_000))
            .json("following_count", self.rng.u32(0..5_000))
            .json("tweet_count", self.rng.u32(1..200_000))
            .json("listed_count", self.rng.u32(0..300));
        let serial = self.rng.u32(0..100_000_000);
        let picture = self.rng.u64(..);
        let verified = self.rng.u8(0..100) < 7;
        let location = self
            .rng
            .bool()
            .then(|| string(words::PLACES[serial as usize % 4].0, Astral::Raw));
        let pinned = self.rng.bool().then(|| string(&self.old_id(), Astral::Raw));
        let description = self.sentence(words, 12);
        let link = (self.rng.u8(0..100) < 40).then(|| {
            let url = Object::new().json("urls", array(&[self.link(0)]));
            Object::new().json("url", url.in_order()).in_order()
        });
        let user = Object::new()
            .text("id", &id)
            .text("name", words::NAMES[self.rng.usize(0..words::NAMES.len())])
            .text("username", format!("bird_{serial:08}"))
            .text("created_at", self.old_time())
            .text("description", description)
            .text(
                "profile_image_url",
                format!("https://pbs.example/profile_images/{picture:020}/face_normal.jpg"),
            )
            .json("public_metrics", counts.in_order())
            .json("verified", verified)
            .json("protected", false)
            .text("url", "")
            .maybe("entities", link)
            .maybe("location", location)
            .maybe("pinned_tweet_id", pinned)
            .shuffled(self.rng);
        self.users.push(user);
        id
    }

    pub(super) fn attachments(&mut self) -> Option<String> {
        match self.rng.u8(0..100) {
            0..12 => {
                let key = format!("{}_{}", [3, 7, 16][self.rng.usize(0..3)], self.old_id());
                let media = self.medium(&key);
                self.media.push(media);
                Some(Object::new().json("media_keys", strings(&[key])).in_order())
            }
            12..14 => {
                let id = self.old_id();
                let option = |position: u8, label: &str, votes: u32| {
                    let option = Object::new().json("position", position).text("label", label);
                    option.json("votes", votes).in_order()
                };
                let options = [
                    option(1, "rye", self.rng.u32(0..900)),
                    option(2, "wheat 🥖", self.rng.u32(0..900)),
                ];
                let poll = Object::new()
                    .text("id", &id)
                    .json("options", array(&options))
                    .json("duration_minutes", 1440);
                self.polls.push(poll.text("voting_status", "open").in_order());
                Some(Object::new().json("poll_ids", strings(&[id])).in_order())
            }
            _ => None,
        }
    }

    fn medium(&mut self, key: &str) -> String {
        let kind = if key.starts_with("3_") { "photo" } else { "video" };
        let picture = format!("https://pbs.example/media/{:016x}.jpg", self.rng.u64(..));
        let medium = Object::new()
            .text("media_key", key)
            .text("type", kind)
            .json("width", 1200)
            .json("height", 675);
        if kind == "photo" {
            return medium
                .text("url", picture)
                .text("alt_text", "A harbour in the rain, seen from a bakery")
                .in_order();
        }
        let variant = Object::new()
            .json("bit_rate", 832_000)
            .text("content_type", "video/mp4");
        let variant = variant
            .text("url", "https://video.example/clip.mp4?tag=12")
            .in_order();
        let medium = medium
            .text("preview_image_url", picture)
            .json("duration_ms", self.rng.u32(900..90_000));
        medium.json("variants", array(&[variant])).in_order()
    }

    pub(super) fn geo(&mut self) -> Option<String> {
        if self.rng.u8(0..100) >= 4 {
            return None;
        }
        let (name, country, code) = words::PLACES[self.rng.usize(0..words::PLACES.len())];
        let id = format!("{:016x}", self.rng.u64(..));
        let shape = Object::new()
            .text("type", "Feature")
            .json("bbox", "[-71.70,-33.11,-71.44,-32.98]")
            .json("properties", "{}");
        let place = Object::new()
            .text("id", &id)
            .text("full_name", format!("{name}, {country}"))
            .text("name", name);
        let place = place
            .text("country", country)
            .text("country_code", code)
            .text("place_type", "city");
        self.places.push(place.json("geo", shape.in_order()).in_order());
        Some(Object::new().text("place_id", id).in_order())
    }
}
