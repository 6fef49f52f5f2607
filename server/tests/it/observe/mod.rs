//! What an operator sees from outside: metrics as they are scraped, traces as a collector gets them, lines of the log.

mod metrics;
mod traces;
