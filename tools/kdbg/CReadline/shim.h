#ifndef CREADLINE_SHIM_H
#define CREADLINE_SHIM_H

#include <signal.h>
#include <stdio.h>
#include <termios.h>
#include <unistd.h>

#include <readline/history.h>
#include <readline/readline.h>

// readline is configured through global variables, which Swift 6 refuses as not safe for concurrency. They are
// set here; everything is called from the one thread that owns the line editor.

/// Lists the candidates of an ambiguous completion. Long lists are cut: readline's own question ("Display all
/// 812 possibilities?") and its pager would block in a read that no signal ends.
static inline void readline_list_candidates(char **candidates, int count, int longest) {
  const int most = 100;
  rl_display_match_list(candidates, count > most ? most : count, longest);
  if (count > most) fprintf(rl_outstream, "... and %d more\n", count - most);
  rl_forced_update_display();
}

/// As rl_prep_terminal, but a read of the keyboard never waits. Ctrl-C discards what was typed, also between a
/// `poll` that announced it and the read, which would then hang until the next key.
static inline void readline_prepare_terminal(int eight_bits) {
  struct termios settings;
  rl_prep_terminal(eight_bits);
  if (tcgetattr(STDIN_FILENO, &settings)) return;
  settings.c_cc[VMIN] = 0;
  settings.c_cc[VTIME] = 0;
  tcsetattr(STDIN_FILENO, TCSANOW, &settings);
}

/// Sets readline up once. `complete` returns what rl_completion_matches gave, or null for no candidates; file
/// names are never offered. `read_key` returns a byte, EOF, or READERR when the wait for a key was given up.
/// Signals stay with the caller. Both texts must outlive the process.
static inline void readline_set_up(const char *name, const char *word_breaks, rl_completion_func_t *complete,
                                   rl_getc_func_t *read_key) {
  rl_readline_name = name;
  rl_catch_signals = 0;
  rl_catch_sigwinch = 0;
  rl_change_environment = 0;
  rl_attempted_completion_function = complete;
  rl_completer_word_break_characters = word_breaks;
  rl_completer_quote_characters = NULL;
  rl_completion_display_matches_hook = readline_list_candidates;
  rl_prep_term_function = readline_prepare_terminal;
  rl_getc_function = read_key;
  rl_initialize();
  // After rl_initialize, so that an inputrc cannot bring the blocking pager back.
  rl_variable_bind("page-completions", "off");
}

/// Tells readline not to fall back to file names, whatever `complete` returns.
static inline void readline_no_file_names(void) { rl_attempted_completion_over = 1; }

static inline const char *readline_buffer(void) { return rl_line_buffer; }

/// Whether the terminal was told to mark pasted text, which restoring it must take back.
static inline int readline_marks_pastes(void) {
  const char *value = rl_variable_value("enable-bracketed-paste");
  return value && value[0] == 'o' && value[1] == 'n';
}

/// Shows `^C` and forgets the line being edited, a search and a half-typed key included.
static inline void readline_abandon_line(void) {
  rl_echo_signal_char(SIGINT);
  rl_crlf();
  rl_free_line_state();
  rl_callback_sigcleanup();
}

/// Takes the prompt and the line off the screen, so that text can be printed in their place.
static inline void readline_hide(void) { rl_clear_visible_line(); }

static inline void readline_show_again(void) {
  rl_on_new_line();
  rl_forced_update_display();
}

static inline void readline_write(const char *text) {
  FILE *out = rl_outstream ? rl_outstream : stdout;
  fputs(text, out);
  fflush(out);
}

/// The terminal as other programs expect it, and back.
static inline void readline_leave_terminal(void) { (*rl_deprep_term_function)(); }
static inline void readline_enter_terminal(void) { (*rl_prep_term_function)(1); }

#endif
