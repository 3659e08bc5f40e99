//! Waiting for something to come into a queue.

use crate::StoreError;
use std::{pin::pin, time::Duration};
use tokio::sync::Notify;

/// Asks until the answer is not empty, again after each wake-up, for as long as `wait`.
pub(crate) async fn first<T, A>(
    notify: &Notify,
    wait: Duration,
    ask: impl Fn() -> A,
) -> Result<Vec<T>, StoreError>
where
    A: Future<Output = Result<Vec<T>, StoreError>>,
{
    let mut deadline = pin!(tokio::time::sleep(wait));
    loop {
        // From here on, so that nothing that comes while we ask is missed.
        let mut woken = pin!(notify.notified());
        woken.as_mut().enable();
        let found = ask().await?;
        if !found.is_empty() {
            return Ok(found);
        }
        tokio::select! {
            biased;
            () = woken => {}
            () = &mut deadline => return Ok(Vec::new()),
        }
    }
}
