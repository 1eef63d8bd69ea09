//! The files of the project: lists, pinned versions, and the programs of READMEs, guides and examples.

mod catalogue;
mod corpus;
mod front_pages;
mod named_tests;
mod non_exhaustive;
mod processes;
mod shown_programs;
mod ureq_pinned;
mod vectors;
