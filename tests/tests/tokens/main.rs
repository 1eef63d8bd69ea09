//! Token stores shared by threads and processes.

mod file_store;
mod redis_store;
