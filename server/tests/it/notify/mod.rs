//! Notifications, from the change to the receiver: a webhook that checks signatures, and a mail relay that speaks SMTP.

mod delivery;
mod expiry;
mod told;

mod receivers;
