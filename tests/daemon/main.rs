//! The daemon as its users meet it: over the phone, on the page, on the command line.

mod browser;
mod calls;
mod command_line;
mod crash;
mod page;
mod sipp;
mod support;
