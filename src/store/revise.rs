//! When a figure that comes again is a new revision. One rule for every store.

use kpi::Point;

/// What a stored figure becomes when its source now says `incoming`, or `None` where nothing
/// changes.
///
/// Any difference in value or quality is a new revision: that a provisional figure became final
/// without changing is part of its history too.
pub fn revised(stored: &Point, incoming: &Point) -> Option<Point> {
    let value = stored.value.revised_by(incoming.value);
    if value.is_none() && stored.quality == incoming.quality {
        return None;
    }
    Some(Point { value: value.unwrap_or(stored.value), ..*incoming })
}
