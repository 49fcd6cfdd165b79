//! Bytes to lines and back: the incremental [`Lexer`], the [`CommandLine`] writer and the parameter
//! [`Fields`] reader. Nothing here knows what a command means.

mod command;
mod fields;
mod lexer;
mod message;

pub use command::CommandLine;
pub use fields::{Field, Fields};
pub use lexer::{Context, Lexer, Limits, Loss, Token, Waiting};
pub use message::{LengthDisplay, RawMessage, RecvLayout};
