//! Exchanges go on without their portal: one that hangs up leaves none without a record.

use std::any::Any;
use std::panic::AssertUnwindSafe;
use std::pin::Pin;
use std::task::{Context, Poll};

use futures_util::FutureExt;
use tokio::runtime::Handle;

/// Work that somebody waits for; when nobody does any more, it goes on as a task of its own.
pub(super) struct Attended<T: Send + 'static>(
    Option<Pin<Box<dyn Future<Output = Ended<T>> + Send>>>,
);

/// What the work came to, or the panic that ended it.
pub(super) type Ended<T> = Result<T, Box<dyn Any + Send>>;

impl<T: Send + 'static> Attended<T> {
    /// Work that has not begun.
    pub(super) fn new(work: impl Future<Output = T> + Send + 'static) -> Attended<T> {
        Attended(Some(Box::pin(AssertUnwindSafe(work).catch_unwind())))
    }
}

impl<T: Send + 'static> Future for Attended<T> {
    type Output = Ended<T>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Ended<T>> {
        let Some(work) = &mut self.0 else {
            return Poll::Pending;
        };
        let polled = work.as_mut().poll(context);
        if polled.is_ready() {
            self.0 = None;
        }
        polled
    }
}

impl<T: Send + 'static> Drop for Attended<T> {
    fn drop(&mut self) {
        // Without a runtime the process is at its end, and so is every task.
        if let (Some(work), Ok(runtime)) = (self.0.take(), Handle::try_current()) {
            runtime.spawn(work);
        }
    }
}

#[cfg(test)]
mod tests {
    use tokio::sync::oneshot;

    use super::*;

    #[tokio::test]
    async fn what_nobody_waits_for_any_more_still_comes_to_its_end() {
        let (go_on, wait) = oneshot::channel::<()>();
        let (done, ended) = oneshot::channel();
        let mut work = Attended::new(async move {
            wait.await.expect("told to go on");
            done.send("ended").expect("somebody listens");
        });
        assert!((&mut work).now_or_never().is_none());
        drop(work);
        go_on.send(()).expect("it waits");
        assert_eq!(ended.await, Ok("ended"));
    }

    #[tokio::test]
    async fn what_never_began_comes_to_its_end_too() {
        let (done, ended) = oneshot::channel();
        drop(Attended::new(async move { done.send("ended") }));
        assert_eq!(ended.await, Ok("ended"));
    }

    #[tokio::test]
    async fn a_panic_is_told_and_does_not_spread() {
        let ended: Result<(), _> = Attended::new(async { panic!("a fault") }).await;
        assert!(ended.is_err());
    }
}
