//! Where a series goes on when exchanges that roots stand for are gone: a month that was begun anew, or restored from an older copy.

use crate::store::database::Database;
use crate::store::error::StoreError;
use crate::store::link::Link;
use crate::store::month::Month;

use super::{number, roots};

/// Takes a series up to a place, if it ends before.
const AHEAD: &str = "INSERT INTO evidence_series (node, month, last) VALUES (?, ?, ?) \
     ON CONFLICT (node, month) DO UPDATE SET last = excluded.last WHERE evidence_series.last < excluded.last";

/// Lets the node's series of the months that are still written go on behind the last root, so that no place is given twice and every new
/// exchange comes under a root. What is missing before stays missing, and is told by a check. Before the writer begins.
pub(in crate::store) async fn go_on_behind_roots(
    database: &Database,
    node: &str,
    current: Month,
) -> Result<(), StoreError> {
    let mut roots_of = Link::open(database).await?;
    for month in [current.plus(-1), current] {
        let end = roots::end(&mut roots_of, node, month).await?;
        if end == 0 {
            continue;
        }
        let Some(mut link) = Link::open_month(database, month).await? else {
            continue;
        };
        let name = month.to_string();
        let moved = link
            .execute(AHEAD, &|to| {
                to.text(Some(node));
                to.text(Some(&name));
                to.number(Some(number(end)));
            })
            .await?;
        if moved > 0 {
            tracing::error!(
                node,
                month = name,
                place = end,
                "mancano scambi che le radici contano: i nuovi si registrano dopo di essi"
            );
        }
        link.close().await?;
    }
    roots_of.close().await
}
