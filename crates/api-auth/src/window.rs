//! Runs jobs on several threads, and returns their results in the order of the jobs.

use std::collections::VecDeque;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::{Builder, JoinHandle};

use crate::clock::Interrupt;

/// The maximum number of threads of a window. More are not useful for requests to one server, and
/// each needs memory and a connection.
pub(crate) const MOST_THREADS: usize = 256;

/// A window of jobs. The thread that owns the window adds jobs and takes their results, and decides
/// how many jobs there are. Other threads run the jobs. If no thread can be started, the owner runs
/// them.
///
/// Dropping the window discards the jobs that have not started, and wakes the others if they are
/// waiting. Their threads end after the current job.
pub(crate) struct Window<J, T> {
    shared: Arc<Shared<J, T>>,
    threads: Vec<JoinHandle<()>>,
    most_threads: usize,
    interrupt: Interrupt,
    joins: bool,
}

struct Shared<J, T> {
    state: Mutex<State<J, T>>,
    job_added: Condvar,
    first_finished: Condvar,
    /// The function that runs a job. It does not panic.
    run: Box<dyn Fn(&J) -> T + Send + Sync>,
}

struct State<J, T> {
    /// The number of the first job whose result has not been taken.
    first: usize,
    /// The jobs that have not started, with their numbers. They are the last jobs of the window.
    waiting: VecDeque<(usize, J)>,
    /// The results from the first job on. `None` for jobs that have not finished.
    results: VecDeque<Option<(J, T)>>,
    /// The number of threads without a job.
    idle: usize,
    ended: bool,
}

impl<J, T> Shared<J, T> {
    fn lock(&self) -> MutexGuard<'_, State<J, T>> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn finish(&self, number: usize, job: J, result: T) {
        let mut state = self.lock();
        let index = number.saturating_sub(state.first);
        if let Some(place) = state.results.get_mut(index) {
            *place = Some((job, result));
        }
        if index == 0 {
            self.first_finished.notify_one();
        }
    }

    /// Runs jobs until the window is dropped.
    fn work(&self) {
        loop {
            let mut state = self.lock();
            let (number, job) = loop {
                if state.ended {
                    return;
                }
                if let Some(job) = state.waiting.pop_front() {
                    break job;
                }
                state.idle += 1;
                state = self.job_added.wait(state).unwrap_or_else(PoisonError::into_inner);
                state.idle -= 1;
            };
            drop(state);
            let result = (self.run)(&job);
            self.finish(number, job, result);
        }
    }
}

impl<J, T> Window<J, T> {
    /// Creates a window with at most this many threads. `run` must not panic; its waits end when
    /// `interrupt` is set.
    pub(crate) fn new(
        most_threads: usize,
        interrupt: Interrupt,
        run: impl Fn(&J) -> T + Send + Sync + 'static,
    ) -> Self {
        let state = State {
            first: 0,
            waiting: VecDeque::new(),
            results: VecDeque::new(),
            idle: 0,
            ended: false,
        };
        let shared = Shared {
            state: Mutex::new(state),
            job_added: Condvar::new(),
            first_finished: Condvar::new(),
            run: Box::new(run),
        };
        let shared = Arc::new(shared);
        Self { shared, threads: Vec::new(), most_threads, interrupt, joins: false }
    }

    /// Makes the window wait, when it is dropped, for the jobs that have started.
    pub(crate) fn join_when_dropped(&mut self) {
        self.joins = true;
    }

    /// Returns the number of jobs whose results have not been taken.
    pub(crate) fn len(&self) -> usize {
        self.shared.lock().results.len()
    }

    /// Returns the result of the first job after that job has finished. Returns `None` if there is
    /// no job.
    pub(crate) fn take(&mut self) -> Option<(J, T)> {
        let mut state = self.shared.lock();
        loop {
            if state.results.front()?.is_some() {
                state.first += 1;
                return state.results.pop_front().flatten();
            }
            if self.threads.is_empty()
                && let Some((number, job)) = state.waiting.pop_front()
            {
                drop(state);
                let result = (self.shared.run)(&job);
                self.shared.finish(number, job, result);
                state = self.shared.lock();
            } else {
                let woken = self.shared.first_finished.wait(state);
                state = woken.unwrap_or_else(PoisonError::into_inner);
            }
        }
    }

    /// Discards the jobs that have not started, and wakes the others if they are waiting.
    pub(crate) fn stop(&mut self) {
        drop(self.discard());
    }

    /// Does the same as `stop`, but returns the discarded jobs, because their drop can panic.
    fn discard(&mut self) -> VecDeque<(usize, J)> {
        let mut state = self.shared.lock();
        let started = state.results.len().saturating_sub(state.waiting.len());
        state.results.truncate(started);
        let discarded = std::mem::take(&mut state.waiting);
        drop(state);
        self.interrupt.set();
        discarded
    }
}

impl<J: Send + 'static, T: Send + 'static> Window<J, T> {
    /// Adds a job. Starts a thread for it if no thread is idle and the maximum is not reached.
    pub(crate) fn push(&mut self, job: J) {
        let mut state = self.shared.lock();
        let number = state.first + state.results.len();
        state.waiting.push_back((number, job));
        state.results.push_back(None);
        let needs_thread = state.waiting.len() > state.idle;
        drop(state);
        if needs_thread && self.threads.len() < self.most_threads {
            let shared = self.shared.clone();
            match Builder::new().name("api-auth".to_owned()).spawn(move || shared.work()) {
                Ok(thread) => self.threads.push(thread),
                // The other threads run the jobs.
                Err(error) => {
                    log::debug!(
                        "{} threads instead of {}: {error}",
                        self.threads.len(),
                        self.most_threads
                    );
                    self.most_threads = self.threads.len();
                }
            }
        }
        self.shared.job_added.notify_one();
    }
}

impl<J, T> Drop for Window<J, T> {
    fn drop(&mut self) {
        let _discarded = self.discard();
        self.shared.lock().ended = true;
        self.shared.job_added.notify_all();
        if self.joins {
            for thread in self.threads.drain(..) {
                // A thread returns nothing.
                let _ = thread.join();
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
    use std::sync::mpsc;

    use super::*;

    #[test]
    fn results_are_in_the_order_of_the_jobs() {
        let (finish_first, first) = mpsc::channel::<()>();
        let first = Mutex::new(first);
        let mut window = Window::new(3, Interrupt::default(), move |job: &u32| {
            if *job == 0 {
                first.lock().unwrap().recv().unwrap();
            }
            job * 2
        });
        for job in 0..3 {
            window.push(job);
        }
        while window.shared.lock().results.iter().filter(|result| result.is_some()).count() < 2 {
            std::thread::yield_now();
        }
        finish_first.send(()).unwrap();
        let results: Vec<_> = std::iter::from_fn(|| window.take()).collect();
        assert_eq!(results, [(0, 0), (1, 2), (2, 4)]);
    }

    #[test]
    fn threads_are_started_only_for_jobs() {
        let mut window = Window::new(8, Interrupt::default(), |job: &u32| *job);
        assert_eq!(window.threads.len(), 0);
        for job in 0..100 {
            window.push(job);
            while window.shared.lock().results.front().is_some_and(Option::is_none) {
                std::thread::yield_now();
            }
            while window.shared.lock().idle == 0 {
                std::thread::yield_now();
            }
            assert_eq!(window.take(), Some((job, job)));
        }
        assert_eq!(window.threads.len(), 1);
    }

    #[test]
    fn jobs_run_on_the_owner_where_no_thread_can_be_started() {
        let owner = std::thread::current().id();
        let mut window = Window::new(0, Interrupt::default(), move |job: &u32| {
            (*job, std::thread::current().id() == owner)
        });
        window.push(1);
        window.push(2);
        assert_eq!(window.take(), Some((1, (1, true))));
        assert_eq!(window.take(), Some((2, (2, true))));
        assert_eq!(window.take(), None);
    }

    #[test]
    fn stop_discards_only_jobs_that_have_not_started() {
        let started = Arc::new(AtomicUsize::new(0));
        let (finish, finished) = mpsc::channel::<()>();
        let (count, finished) = (started.clone(), Mutex::new(finished));
        let interrupt = Interrupt::default();
        let mut window = Window::new(2, interrupt.clone(), move |job: &u32| {
            count.fetch_add(1, SeqCst);
            finished.lock().unwrap().recv().unwrap();
            *job
        });
        for job in 0..5 {
            window.push(job);
        }
        while started.load(SeqCst) < 2 {
            std::thread::yield_now();
        }
        window.stop();
        assert!(interrupt.is_set());
        assert_eq!(window.len(), 2);
        finish.send(()).unwrap();
        finish.send(()).unwrap();
        let results: Vec<_> = std::iter::from_fn(|| window.take()).collect();
        assert_eq!(results, [(0, 0), (1, 1)]);
        assert_eq!(started.load(SeqCst), 2);
    }

    #[test]
    fn drop_waits_only_if_it_should() {
        for joins in [false, true] {
            let (started, is_started) = mpsc::channel();
            let (finish, finished) = mpsc::channel::<()>();
            let (done, is_done) = mpsc::channel();
            let (started, finished) = (Mutex::new(started), Mutex::new(finished));
            let done = Mutex::new(done);
            let mut window = Window::new(1, Interrupt::default(), move |_: &u32| {
                started.lock().unwrap().send(()).unwrap();
                finished.lock().unwrap().recv().unwrap();
                done.lock().unwrap().send(()).unwrap();
            });
            window.push(0);
            is_started.recv().unwrap();
            if joins {
                window.join_when_dropped();
                finish.send(()).unwrap();
                drop(window);
                assert!(is_done.try_recv().is_ok(), "the job has finished");
            } else {
                drop(window);
                assert!(is_done.try_recv().is_err(), "the job still runs");
                finish.send(()).unwrap();
                is_done.recv().unwrap();
            }
        }
    }
}
