/* The program: xylem. */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cli/charset.h"
#include "cli/options.h"
#include "cli/session.h"
#include "cli/signals.h"
#include "cli/source.h"
#include "cli/terminal.h"
#include "xylem.h"

enum status {
    STATUS_OK = 0,
    STATUS_FAILED = 1,
    STATUS_USAGE = 2,
    STATUS_NO_NETWORK = 3,
    STATUS_INTERRUPTED = 130,
    STATUS_NO_READER = 141 /* the status of a program that SIGPIPE ends */
};

/* Opens standard descriptors that were closed, which must not become sockets of the network. The
 * replacements refuse to be read or written, as a closed one does. */
static void fill_standard_descriptors(void)
{
    static const int modes[] = {O_WRONLY, O_RDONLY, O_RDONLY};
    for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++)
        if (fcntl(fd, F_GETFD) < 0 && open("/dev/null", modes[fd]) != fd)
            exit(STATUS_FAILED);
}

/* Opens the descriptor of the commands; -1 if they are a text. False, after a message, if the file
 * cannot be read. */
static bool open_commands(const struct options *options, int *fd)
{
    struct stat state;
    *fd = options->text ? -1 : STDIN_FILENO;
    if (!options->file)
        return true;
    *fd = open(options->file, O_RDONLY | O_CLOEXEC | O_NOCTTY);
    bool readable = *fd >= 0 && fstat(*fd, &state) == 0;
    if (readable && S_ISDIR(state.st_mode)) {
        errno = EISDIR;
        readable = false;
    }
    if (!readable)
        fprintf(stderr, "xylem: cannot read '%s': %s\n", options->file, strerror(errno));
    return readable;
}

static bool is_interactive(int fd)
{
    return fd == STDIN_FILENO && isatty(STDIN_FILENO) && isatty(STDOUT_FILENO);
}

static bool wants_colour(void)
{
    const char *refusal = getenv("NO_COLOR");
    const char *terminal = getenv("TERM");
    return !(refusal && *refusal) && terminal && *terminal && strcmp(terminal, "dumb") != 0;
}

/* Is called before the terminal is opened, which sets another locale. */
static struct output open_output(const struct options *options, bool editing)
{
    return (struct output){.fd = STDOUT_FILENO,
                           .stop_fd = signals_fd(),
                           .coloured = editing && wants_colour(),
                           .ascii = isatty(STDOUT_FILENO) && !charset_is_utf8(),
                           .id_strings = options->id_strings};
}

static void open_terminal(struct session *session, bool prompting)
{
    session->terminal = terminal_open(session_waiter(session), prompting);
    if (session->terminal)
        signals_survive_interrupts();
}

static enum status open_network(xylem **network, const xylem_options *options)
{
    int error = xylem_open(network, options);
    if (!error)
        return STATUS_OK;
    if (error == XYLEM_INVALID)
        fprintf(stderr, "xylem: %s; try 'xylem --help'\n", xylem_reason(NULL));
    else
        fprintf(stderr, "xylem: cannot start the network: %s\n", xylem_reason(NULL));
    return error == XYLEM_INVALID ? STATUS_USAGE : STATUS_NO_NETWORK;
}

static int judge(const struct session *session, const struct source *source, bool interactive)
{
    if (signals_stop_requested())
        return STATUS_INTERRUPTED;
    if (session->output.error == EPIPE)
        return STATUS_NO_READER;
    if (session->output.error) {
        fprintf(stderr, "xylem: cannot write the replies: %s\n", strerror(session->output.error));
        return STATUS_FAILED;
    }
    if (source->error) {
        fprintf(stderr, "xylem: cannot read the commands: %s\n", strerror(source->error));
        return STATUS_FAILED;
    }
    bool forgiven = interactive && !session->stop_on_error;
    return session->failed && !forgiven ? STATUS_FAILED : STATUS_OK;
}

static int run(const struct options *options, int fd)
{
    bool interactive = is_interactive(fd);
    bool editing = interactive && options->format == &format_text;
    struct session session = {.options = &options->network,
                              .format = options->format,
                              .file = options->file,
                              .stop_on_error = options->stop_on_error};
    enum status opened = open_network(&session.network, &options->network);
    if (opened != STATUS_OK)
        return (int)opened;
    signals_interrupt_network(session.network);
    session.output = open_output(options, editing);
    if (interactive)
        open_terminal(&session, editing);

    struct source source;
    if (options->text)
        source_from_text(&source, options->text);
    else
        source_from_fd(&source, fd, session.terminal, session_waiter(&session));
    session_run(&session, &source);
    jobs_clear(&session.jobs);
    source_clear(&source);
    output_clear(&session.output);
    if (session.terminal)
        terminal_close(&session.terminal);
    return judge(&session, &source, interactive);
}

int main(int argc, char **argv)
{
    xylem_worker(argc, argv);
    fill_standard_descriptors();
    signal(SIGXFSZ, SIG_IGN); /* a write beyond the limit of a file's size is an error */

    struct options options;
    int fd;
    switch (options_read(&options, argc, argv)) {
    case OPTIONS_ANSWERED:
        return STATUS_OK;
    case OPTIONS_UNANSWERED:
        return errno == EPIPE ? STATUS_NO_READER : STATUS_FAILED;
    case OPTIONS_WRONG:
        return STATUS_USAGE;
    case OPTIONS_RUN:
        break;
    }
    if (!open_commands(&options, &fd))
        return STATUS_USAGE;
    signal(SIGPIPE, SIG_IGN);
    if (!signals_install()) {
        perror("xylem: cannot watch for signals");
        return STATUS_NO_NETWORK;
    }
    return run(&options, fd);
}
