//! What a shell and `man` want to know of the commands.

use clap::CommandFactory;
use clap_complete::Shell;

use super::Cli;

pub(super) fn completions(shell: Shell, out: &mut dyn std::io::Write) {
    let mut command = Cli::command();
    clap_complete::generate(shell, &mut command, "overkey", &mut &mut *out);
}

/// One page for the program, and one for each command after it: `man` shows them as one.
pub(super) fn pages(out: &mut dyn std::io::Write) -> std::io::Result<()> {
    let mut command = Cli::command().disable_help_subcommand(true);
    command.build();
    clap_mangen::Man::new(command.clone()).render(out)?;
    for inner in command.get_subcommands() {
        section(inner, out)?;
    }
    Ok(())
}

fn section(command: &clap::Command, out: &mut dyn std::io::Write) -> std::io::Result<()> {
    let page = clap_mangen::Man::new(command.clone());
    writeln!(
        out,
        ".SH \"COMMAND {}\"",
        command.get_bin_name().unwrap_or_default().to_uppercase()
    )?;
    page.render_synopsis_section(out)?;
    page.render_description_section(out)?;
    page.render_options_section(out)?;
    for inner in command.get_subcommands() {
        section(inner, out)?;
    }
    Ok(())
}
