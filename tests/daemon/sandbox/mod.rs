//! The stand-in for Meta: its dialog as a browser goes through it, its Graph API as our own client
//! asks it, its phone calls as the daemon hears them.

mod calls;
mod dialog;
mod graph;
mod mishaps;
pub(crate) mod visitor;
