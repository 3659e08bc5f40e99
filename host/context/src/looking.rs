//! Looking at pictures: what they tell by themselves, and what a model says of them.

use crate::{
    event::Event,
    seeing::{Looked, Seeing, Sight},
    sight::Eye,
};
use chatter_media::{Feed, Part};
use chatter_protocol::RoomId;
use std::future::pending;

/// Whoever looks at the pictures of a stream. They must follow in time.
pub(crate) struct Looking {
    eye: Eye,
    seeing: Option<Seeing>,
}

impl Looking {
    /// At a room's stream that plays at this speed; has pictures described, if there is somebody who does.
    pub(crate) fn new(room: RoomId, sight: Option<Sight>, speed: f64) -> Self {
        Self {
            eye: Eye::default(),
            seeing: sight.map(|sight| Seeing::new(room, sight, speed)),
        }
    }

    /// Takes in a picture; what happened in it, as far as comparing it tells.
    pub(crate) fn picture(
        &mut self,
        at_ms: u64,
        width: u32,
        height: u32,
        rgb: Vec<u8>,
    ) -> Option<Event> {
        let event = self.eye.see(at_ms, width, height, &rgb);
        if let Some(seeing) = &mut self.seeing {
            if event.as_ref().is_some_and(|it| it.kind == "scene_change") {
                seeing.changed();
            }
            seeing.picture(at_ms, width, height, rgb);
        }
        event
    }

    /// What a model says of a picture next. Never ends if nobody is asked; dropping the future loses nothing.
    pub(crate) async fn next(&mut self) -> Looked {
        match &mut self.seeing {
            Some(seeing) => seeing.next().await,
            None => pending().await,
        }
    }

    /// For how long after its picture a scene is told, in milliseconds of the stream.
    pub(crate) fn lasts_ms(&self) -> u64 {
        self.seeing.as_ref().map_or(0, Seeing::lasts_ms)
    }
}

/// A film of which the pictures count alone: its words are known.
pub(crate) struct Film {
    feed: Feed,
    looking: Looking,
    is_over: bool,
}

impl Film {
    pub(crate) fn new(room: RoomId, feed: Feed, sight: Option<Sight>) -> Self {
        let looking = Looking::new(room, sight, feed.speed());
        Self {
            feed,
            looking,
            is_over: false,
        }
    }

    /// What is to be seen next, for how long that is told, and what happened. Never ends if that is nothing; dropping
    /// the future loses nothing.
    pub(crate) async fn next(&mut self) -> (Looked, u64) {
        loop {
            let Self {
                feed,
                looking,
                is_over,
            } = self;
            tokio::select! {
                looked = looking.next() => return (looked, looking.lasts_ms()),
                part = feed.next(), if !*is_over => match part {
                    Part::Picture { at_ms, width, height, rgb } => {
                        let event = looking.picture(at_ms, width, height, rgb);
                        if event.is_some() {
                            return ((None, event), 0);
                        }
                    }
                    Part::Sound { .. } | Part::Gap { .. } => {}
                    Part::Ended => *is_over = true,
                },
            }
        }
    }
}
