#include "launch/protocol.h"

#include <assert.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

enum { HEADER = 3 };

/* Writing. */

typedef struct writer {
    uint8_t *at, *end;
} writer;

static void put(writer *to, uint64_t number, size_t bytes)
{
    assert((size_t)(to->end - to->at) >= bytes);
    for (size_t i = bytes; i-- > 0; number >>= 8)
        to->at[i] = (uint8_t)number;
    to->at += bytes;
}

static void put_bytes(writer *to, const void *bytes, size_t size)
{
    assert((size_t)(to->end - to->at) >= size);
    memcpy(to->at, bytes, size);
    to->at += size;
}

static void put_text(writer *to, const char *text)
{
    size_t size = strlen(text);
    put(to, size, 2);
    put_bytes(to, text, size);
}

static void put_error(writer *to, const xy_error *error)
{
    put(to, (uint64_t)error->code, 2);
    put_text(to, error->text);
}

static void put_start(writer *to, const xy_birth *birth)
{
    put(to, (uint64_t)birth->id, 8);
    put(to, birth->life.number, 8);
    put_bytes(to, birth->secret, sizeof birth->secret);
    for (size_t i = 0; i < 2; i++)
        put(to, birth->random.key[i], 8);
    put_text(to, birth->service);
    put(to, birth->arguments_size, 4);
    put(to, birth->has_saved, 1);
    put(to, birth->saved_size, 4);
}

static void put_attach(writer *to, xy_life life, const xy_attachment *attachment)
{
    put(to, life.number, 8);
    put(to, attachment->parent.link.number, 8);
    put(to, attachment->parent.tag, 8);
    put_text(to, attachment->address);
}

static void put_setting(writer *to, const xy_setting *setting)
{
    put(to, setting->version, 4);
    put(to, setting->transport, 1);
    put(to, setting->log_level, 1);
    put_text(to, setting->rundir);
}

static void put_ended(writer *to, const xy_launch_report *report)
{
    put(to, report->life.number, 8);
    put(to, report->begun, 1);
    put(to, report->cause.kind, 1);
    put(to, (uint32_t)report->cause.number, 4);
    put_error(to, &report->error);
}

static void put_report(writer *to, const xy_launch_report *report)
{
    if (report->kind == XY_EVENT_STARTED) {
        put(to, report->life.number, 8);
        put(to, (uint64_t)report->pid, 8);
        put_text(to, report->key);
    } else if (report->kind == XY_EVENT_EXPECTED) {
        put(to, report->life.number, 8);
        put(to, report->link.number, 8);
        put(to, report->tag, 8);
    } else if (report->kind == XY_EVENT_ATTACHED) {
        put(to, report->life.number, 8);
        put(to, report->link.number, 8);
        put_text(to, report->address);
    } else if (report->kind == XY_EVENT_ENDED) {
        put_ended(to, report);
    } else {
        put(to, report->command, 8);
        put_error(to, &report->error);
    }
}

static void put_content(writer *to, const xy_agent_message *message)
{
    switch (message->kind) {
    case XY_AGENT_SETTING:
        put_setting(to, &message->setting);
        break;
    case XY_AGENT_START:
        put_start(to, &message->start);
        break;
    case XY_AGENT_ATTACH:
        put_attach(to, message->attach.life, &message->attach.to);
        break;
    case XY_AGENT_TELL:
        put(to, message->tell.life.number, 8);
        put(to, message->tell.size, 2);
        put_bytes(to, message->tell.frame, message->tell.size);
        break;
    case XY_AGENT_END:
        put(to, message->end.life.number, 8);
        break;
    case XY_AGENT_SIGNAL:
        put(to, message->signal.command, 8);
        put(to, message->signal.life.number, 8);
        put(to, message->signal.fault, 1);
        break;
    case XY_AGENT_GREETING:
        put(to, message->greeting.version, 4);
        break;
    case XY_AGENT_FAILED:
        put_error(to, &message->failed);
        break;
    case XY_AGENT_KEY:
        put_text(to, message->key);
        break;
    case XY_AGENT_PROGRAM:
        put_text(to, message->program.name);
        put_text(to, message->program.command);
        break;
    default:
        put_report(to, &message->report);
    }
}

size_t xy_agent_encode(const xy_agent_message *message, uint8_t frame[XY_AGENT_FRAME_MAX])
{
    writer content = {frame + HEADER, frame + XY_AGENT_FRAME_MAX};
    writer header = {frame, frame + HEADER};
    put_content(&content, message);
    put(&header, (uint64_t)(content.at - frame) - HEADER, 2);
    put(&header, message->kind, 1);
    return (size_t)(content.at - frame);
}

size_t xy_agent_behind(const xy_agent_message *message)
{
    const xy_birth *birth = &message->start;
    return message->kind == XY_AGENT_START ? birth->arguments_size + birth->saved_size : 0;
}

/* Reading: after the first thing that is wrong nothing counts any more. */

typedef struct reader {
    const uint8_t *at, *end;
    bool wrong;
} reader;

static uint64_t get(reader *from, size_t bytes)
{
    uint64_t number = 0;
    from->wrong = from->wrong || (size_t)(from->end - from->at) < bytes;
    if (from->wrong)
        return 0;
    for (size_t i = 0; i < bytes; i++)
        number = number << 8 | from->at[i];
    from->at += bytes;
    return number;
}

/* A number from `first` to `last`. */
static int get_in(reader *from, size_t bytes, int first, int last)
{
    uint64_t number = get(from, bytes);
    if (number < (uint64_t)first || number > (uint64_t)last)
        from->wrong = true;
    return from->wrong ? first : (int)number;
}

static xy_life get_life(reader *from)
{
    xy_life life = {get(from, 8)};
    from->wrong = from->wrong || life.number == 0;
    return life;
}

static void get_bytes(reader *from, void *bytes, size_t size)
{
    from->wrong = from->wrong || (size_t)(from->end - from->at) < size;
    if (from->wrong)
        return;
    memcpy(bytes, from->at, size);
    from->at += size;
}

static void get_text(reader *from, char *text, size_t room)
{
    size_t size = (size_t)get(from, 2);
    text[0] = '\0';
    from->wrong = from->wrong || size >= room || (size_t)(from->end - from->at) < size ||
                  memchr(from->at, '\0', size);
    if (from->wrong)
        return;
    memcpy(text, from->at, size);
    text[size] = '\0';
    from->at += size;
}

static void get_error(reader *from, xy_error *error)
{
    error->code = get_in(from, 2, 0, XY_ERROR_COUNT - 1);
    get_text(from, error->text, sizeof error->text);
}

static void get_setting(reader *from, xy_setting *setting)
{
    setting->version = (uint32_t)get(from, 4);
    setting->transport = (enum xylem_transport)get_in(from, 1, XYLEM_IPC, XYLEM_TCP);
    setting->log_level = (enum xylem_log_level)get_in(from, 1, XYLEM_LOG_ERROR, XYLEM_LOG_DEBUG);
    get_text(from, setting->rundir, sizeof setting->rundir);
}

static void get_start(reader *from, xy_birth *birth)
{
    birth->id = (int64_t)get(from, 8);
    birth->life = get_life(from);
    get_bytes(from, birth->secret, sizeof birth->secret);
    for (size_t i = 0; i < 2; i++)
        birth->random.key[i] = get(from, 8);
    get_text(from, birth->service, sizeof birth->service);
    birth->arguments_size = (size_t)get_in(from, 4, 0, XYLEM_ARGUMENTS_MAX);
    birth->has_saved = get_in(from, 1, false, true);
    birth->saved_size = (size_t)get_in(from, 4, 0, birth->has_saved ? XYLEM_STATE_MAX : 0);
    from->wrong = from->wrong || birth->id < 0;
}

static void get_attach(reader *from, xy_agent_message *message)
{
    message->attach.life = get_life(from);
    message->attach.to.parent.role = XY_PARENT;
    message->attach.to.parent.link.number = get(from, 8);
    message->attach.to.parent.tag = get(from, 8);
    get_text(from, message->attach.to.address, sizeof message->attach.to.address);
}

/* The request is for the node to read. */
static void get_tell(reader *from, xy_agent_message *message)
{
    message->tell.life = get_life(from);
    message->tell.size = (size_t)get_in(from, 2, 0, XY_TOLD_MAX);
    get_bytes(from, message->tell.frame, message->tell.size);
}

static void get_ended(reader *from, xy_launch_report *report)
{
    report->kind = XY_EVENT_ENDED;
    report->life = get_life(from);
    report->begun = get_in(from, 1, false, true);
    report->cause.kind = (enum xylem_cause)get_in(from, 1, XYLEM_NO_CAUSE, XYLEM_NO_AGENT);
    report->cause.number = get_in(from, 4, 0, INT32_MAX);
    get_error(from, &report->error);
}

static void get_started(reader *from, xy_launch_report *report)
{
    report->kind = XY_EVENT_STARTED;
    report->life = get_life(from);
    report->pid = (int64_t)get(from, 8);
    get_text(from, report->key, sizeof report->key);
    from->wrong = from->wrong || report->pid <= 0;
}

static void get_expected(reader *from, xy_launch_report *report)
{
    report->kind = XY_EVENT_EXPECTED;
    report->life = get_life(from);
    report->link.number = get(from, 8);
    report->tag = get(from, 8);
}

static void get_attached(reader *from, xy_launch_report *report)
{
    report->kind = XY_EVENT_ATTACHED;
    report->life = get_life(from);
    report->link.number = get(from, 8);
    get_text(from, report->address, sizeof report->address);
}

static void get_signalled(reader *from, xy_launch_report *report)
{
    report->kind = XY_EVENT_SIGNALLED;
    report->command = get(from, 8);
    get_error(from, &report->error);
}

static void get_signal(reader *from, xy_agent_message *message)
{
    message->signal.command = get(from, 8);
    message->signal.life = get_life(from);
    message->signal.fault = (xy_fault)get_in(from, 1, XY_FAULT_KILL, XY_FAULT_RESUME);
}

static void get_report(reader *from, xy_agent_kind kind, xy_launch_report *report)
{
    if (kind == XY_AGENT_STARTED)
        get_started(from, report);
    else if (kind == XY_AGENT_EXPECTED)
        get_expected(from, report);
    else if (kind == XY_AGENT_ATTACHED)
        get_attached(from, report);
    else if (kind == XY_AGENT_ENDED)
        get_ended(from, report);
    else
        get_signalled(from, report);
}

static void get_content(reader *from, xy_agent_message *message)
{
    switch (message->kind) {
    case XY_AGENT_SETTING:
        get_setting(from, &message->setting);
        break;
    case XY_AGENT_START:
        get_start(from, &message->start);
        break;
    case XY_AGENT_ATTACH:
        get_attach(from, message);
        break;
    case XY_AGENT_TELL:
        get_tell(from, message);
        break;
    case XY_AGENT_END:
        message->end.life = get_life(from);
        break;
    case XY_AGENT_SIGNAL:
        get_signal(from, message);
        break;
    case XY_AGENT_GREETING:
        message->greeting.version = (uint32_t)get(from, 4);
        break;
    case XY_AGENT_STARTED:
    case XY_AGENT_EXPECTED:
    case XY_AGENT_ATTACHED:
    case XY_AGENT_ENDED:
    case XY_AGENT_SIGNALLED:
        get_report(from, message->kind, &message->report);
        break;
    case XY_AGENT_FAILED:
        get_error(from, &message->failed);
        from->wrong = from->wrong || !message->failed.code;
        break;
    case XY_AGENT_KEY:
        get_text(from, message->key, sizeof message->key);
        break;
    case XY_AGENT_PROGRAM:
        get_text(from, message->program.name, sizeof message->program.name);
        get_text(from, message->program.command, sizeof message->program.command);
        break;
    default:
        from->wrong = true;
    }
}

/* The arguments and the state; false when they are not there as a whole. */
static bool lend(xy_birth *birth, const uint8_t *at, const uint8_t *end)
{
    if (birth->arguments_size + birth->saved_size > (size_t)(end - at))
        return false;
    birth->arguments = birth->arguments_size > 0 ? at : NULL;
    birth->saved = birth->saved_size > 0 ? at + birth->arguments_size : NULL;
    return true;
}

int xy_agent_decode(xy_agent_message *message, const uint8_t *bytes, size_t size)
{
    reader header = {.at = bytes, .end = bytes + size};
    if (size < HEADER)
        return 0;
    size_t content = (size_t)get(&header, 2);
    *message = (xy_agent_message){.kind = (xy_agent_kind)get(&header, 1)};
    if (content > XY_AGENT_FRAME_MAX - HEADER)
        return -1;
    if (size - HEADER < content)
        return 0;
    reader from = {.at = header.at, .end = header.at + content};
    get_content(&from, message);
    if (from.wrong || from.at != from.end)
        return -1;
    if (message->kind == XY_AGENT_START && !lend(&message->start, from.end, bytes + size))
        return 0;
    return (int)(HEADER + content + xy_agent_behind(message));
}

void xy_setting_endpoint(const xy_setting *setting, xy_life life, char endpoint[XY_ADDRESS_SIZE])
{
    if (setting->transport == XYLEM_TCP)
        snprintf(endpoint, XY_ADDRESS_SIZE, "tcp://127.0.0.1:*");
    else
        snprintf(endpoint, XY_ADDRESS_SIZE, "ipc://%.100s/%" PRIu64, setting->rundir, life.number);
}
