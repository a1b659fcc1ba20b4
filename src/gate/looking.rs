//! The last events, for people who look.

use super::Gate;
use crate::domain::event::{Event, EventFilter};
use crate::ports::{EventQuery, Order, Stored};

/// Events of one page.
const PAGE: usize = 500;
/// Pages that are looked through: in a large record with few that are wanted there are many.
const MOST_PAGES: usize = 200;

impl Gate {
    /// The last events that are wanted, the newest first, and no more than so many.
    ///
    /// # Errors
    /// When the store is in trouble.
    pub async fn last_events(&self, filter: &EventFilter, most: usize) -> Stored<Vec<Event>> {
        let (mut found, mut after) = (Vec::new(), None);
        for _ in 0..MOST_PAGES {
            let left = most.saturating_sub(found.len());
            let query =
                EventQuery { filter, order: Order::NewestFirst, after, most: left.min(PAGE) };
            let page = self.store.events(&query).await?;
            found.extend(page.events);
            after = page.next;
            if after.is_none() || found.len() >= most {
                break;
            }
        }
        Ok(found)
    }
}
