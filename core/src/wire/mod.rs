//! Bytes to lines and back: the incremental [`Lexer`], the [`CommandLine`] writer and the parameter
//! [`Fields`] reader. Nothing here knows what a command means.

mod command;
mod fields;
mod find;
mod lexer;
mod message;

pub use command::CommandLine;
pub use fields::{Field, Fields};
pub(crate) use find::{find, find_all};
pub use lexer::{Context, Lexer, Limits, Loss, Token, Waiting};
pub use message::{LengthDisplay, RawMessage, RecvLayout};
