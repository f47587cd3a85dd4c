/* The protocol of agents: every message survives its bytes, and no bytes do harm. */
#include "unit.h"

#include <stdbool.h>

#include "launch/protocol.h"

static void fill_text(char *text, size_t room)
{
    memset(text, 'x', room - 1);
    text[room - 1] = '\0';
}

/* One of each kind, with the longest texts. */
static void fill_error(xy_error *error, int code)
{
    error->code = code;
    fill_text(error->text, sizeof error->text);
}

static xy_agent_message example(xy_agent_kind kind)
{
    xy_agent_message m = {.kind = kind};
    const xy_life life = {UINT64_MAX};
    switch (kind) {
    case XY_AGENT_SETTING:
        m.setting = (xy_setting){7, XYLEM_TCP, XYLEM_LOG_DEBUG, ""};
        fill_text(m.setting.rundir, sizeof m.setting.rundir);
        break;
    case XY_AGENT_START:
        m.start = (xy_birth){.id = INT64_MAX, .life = life};
        memset(m.start.secret, 0xa5, sizeof m.start.secret);
        m.start.random = (xy_random){{0x8000000000000003, 0xfffffffffffffffd}};
        fill_text(m.start.service, sizeof m.start.service);
        break;
    case XY_AGENT_ATTACH:
        m.attach.life = life;
        m.attach.to.parent = (xy_peer){XY_PARENT, {5}, 0x8000000000000001};
        fill_text(m.attach.to.address, sizeof m.attach.to.address);
        break;
    case XY_AGENT_END:
        m.end.life = life;
        break;
    case XY_AGENT_SIGNAL:
        m.signal.command = 0x0102030405060708;
        m.signal.life = life;
        m.signal.fault = XY_FAULT_RESUME;
        break;
    case XY_AGENT_GREETING:
        m.greeting.version = 0xfffffffe;
        break;
    case XY_AGENT_STARTED:
        m.report = (xy_launch_report){.kind = XY_EVENT_STARTED, .life = life, .pid = 1 << 22};
        fill_text(m.report.key, sizeof m.report.key);
        break;
    case XY_AGENT_EXPECTED:
        m.report = (xy_launch_report){.kind = XY_EVENT_EXPECTED,
                                      .life = life,
                                      .link = {0x8000000000000002},
                                      .tag = 1ULL << 63};
        break;
    case XY_AGENT_ATTACHED:
        m.report =
            (xy_launch_report){.kind = XY_EVENT_ATTACHED, .life = life, .link = {UINT64_MAX - 1}};
        fill_text(m.report.address, sizeof m.report.address);
        break;
    case XY_AGENT_ENDED:
        m.report = (xy_launch_report){
            .kind = XY_EVENT_ENDED, .life = life, .begun = true, .cause = {XYLEM_SIGNALLED, 9}};
        fill_error(&m.report.error, XYLEM_UNAVAILABLE);
        break;
    case XY_AGENT_SIGNALLED:
        m.report = (xy_launch_report){.kind = XY_EVENT_SIGNALLED, .command = 77};
        fill_error(&m.report.error, XYLEM_NO_SIGNAL);
        break;
    case XY_AGENT_KEY:
        fill_text(m.key, sizeof m.key);
        break;
    case XY_AGENT_TELL:
        m.tell.life = life;
        m.tell.size = sizeof m.tell.frame;
        memset(m.tell.frame, 0x5a, sizeof m.tell.frame);
        break;
    case XY_AGENT_PROGRAM:
        fill_text(m.program.name, sizeof m.program.name);
        fill_text(m.program.command, sizeof m.program.command);
        break;
    default:
        fill_error(&m.failed, XYLEM_CANNOT_START);
    }
    return m;
}

static void test_there_and_back(void **state)
{
    (void)state;
    for (int kind = XY_AGENT_SETTING; kind < XY_AGENT_KIND_END; kind++) {
        uint8_t frame[XY_AGENT_FRAME_MAX], again[XY_AGENT_FRAME_MAX];
        xy_agent_message sent = example((xy_agent_kind)kind), got;
        size_t size = xy_agent_encode(&sent, frame);
        assert_int_equal(xy_agent_decode(&got, frame, size), size);
        assert_int_equal(got.kind, kind);
        assert_memory_equal(&got, &sent, sizeof got);
        assert_int_equal(xy_agent_encode(&got, again), size);
        assert_memory_equal(again, frame, size);
    }
}

/* A request past the tree that is longer than there is room for. */
static void test_told_too_long(void **state)
{
    uint8_t frame[XY_AGENT_FRAME_MAX] = {0};
    xy_agent_message got;
    (void)state;
    for (size_t more = 0; more < 2; more++) {
        size_t told = XY_TOLD_MAX + more, content = 8 + 2 + told;
        frame[0] = (uint8_t)(content >> 8);
        frame[1] = (uint8_t)content;
        frame[2] = XY_AGENT_TELL;
        frame[3 + 7] = 1; /* the life */
        frame[3 + 8] = (uint8_t)(told >> 8);
        frame[3 + 9] = (uint8_t)told;
        int size = xy_agent_decode(&got, frame, 3 + content);
        assert_int_equal(size, more ? -1 : (int)(3 + content));
    }
}

/* The arguments and the saved state of a START: behind its frame. */

enum { /* where these are, of a service "sum" */
       SIZE_OF_ARGUMENTS = 3 + 8 + 8 + XY_SECRET_SIZE + 16 + 2 + 3,
       HAS_SAVED = SIZE_OF_ARGUMENTS + 4,
       SIZE_OF_SAVED = HAS_SAVED + 1
};

static size_t encode_start(uint8_t *bytes, const uint8_t *arguments, size_t size)
{
    xy_agent_message start = {.kind = XY_AGENT_START,
                              .start = {.id = 1,
                                        .life = {1},
                                        .service = "sum",
                                        .arguments = arguments,
                                        .arguments_size = size}};
    size_t frame = xy_agent_encode(&start, bytes);
    assert_int_equal(frame, SIZE_OF_SAVED + 4);
    assert_int_equal(xy_agent_behind(&start), size);
    if (size > 0)
        memcpy(bytes + frame, arguments, size);
    return frame + size;
}

static void test_arguments(void **state)
{
    static uint8_t bytes[XY_AGENT_FRAME_MAX + XYLEM_ARGUMENTS_MAX + 1];
    static uint8_t arguments[XYLEM_ARGUMENTS_MAX];
    static const size_t sizes[] = {0, 1, 1000, XYLEM_ARGUMENTS_MAX};
    (void)state;
    for (size_t i = 0; i < sizeof arguments; i++)
        arguments[i] = (uint8_t)(i * 5 / 3);
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        xy_agent_message got;
        size_t size = encode_start(bytes, arguments, sizes[i]);
        for (size_t part = size - (size > 100 ? 100 : size); part < size; part++)
            assert_int_equal(xy_agent_decode(&got, bytes, part), 0);
        assert_int_equal(xy_agent_decode(&got, bytes, size), size);
        assert_int_equal(xy_agent_decode(&got, bytes, size + 1), size);
        assert_int_equal(got.start.arguments_size, sizes[i]);
        assert_ptr_equal(got.start.arguments, sizes[i] > 0 ? bytes + size - sizes[i] : NULL);
        if (sizes[i] > 0)
            assert_memory_equal(got.start.arguments, arguments, sizes[i]);
    }
    bytes[SIZE_OF_ARGUMENTS + 3] = 1; /* one more than the most */
    xy_agent_message got;
    assert_true(xy_agent_decode(&got, bytes, sizeof bytes) < 0);
}

/* Each with any arguments before it; "" is a state, too. */
static void test_saved_state(void **state)
{
    static uint8_t bytes[XY_AGENT_FRAME_MAX + XYLEM_ARGUMENTS_MAX + XYLEM_STATE_MAX + 1];
    static uint8_t saved[XYLEM_STATE_MAX];
    static const size_t sizes[] = {0, 1, 1000, XYLEM_STATE_MAX};
    (void)state;
    for (size_t i = 0; i < sizeof saved; i++)
        saved[i] = (uint8_t)(i * 7 / 3);
    for (size_t i = 0; i < 8; i++) {
        const size_t size = sizes[i / 2], arguments = i % 2 ? 5 : 0;
        xy_agent_message got;
        size_t before = encode_start(bytes, (const uint8_t *)"given", arguments);
        bytes[HAS_SAVED] = 1;
        bytes[SIZE_OF_SAVED + 1] = (uint8_t)(size >> 16);
        bytes[SIZE_OF_SAVED + 2] = (uint8_t)(size >> 8);
        bytes[SIZE_OF_SAVED + 3] = (uint8_t)size;
        memcpy(bytes + before, saved, size);
        if (size > 0)
            assert_int_equal(xy_agent_decode(&got, bytes, before + size - 1), 0);
        assert_int_equal(xy_agent_decode(&got, bytes, before + size), before + size);
        assert_int_equal(xy_agent_behind(&got), arguments + size);
        assert_true(got.start.has_saved);
        assert_int_equal(got.start.saved_size, size);
        assert_ptr_equal(got.start.saved, size > 0 ? bytes + before : NULL);
        assert_int_equal(got.start.arguments_size, arguments);
        bytes[HAS_SAVED] = 0; /* none has no size */
        if (size > 0)
            assert_true(xy_agent_decode(&got, bytes, before + size) < 0);
        bytes[HAS_SAVED] = 2;
        assert_true(xy_agent_decode(&got, bytes, before + size) < 0);
    }
    bytes[HAS_SAVED] = 1;
    bytes[SIZE_OF_SAVED + 3] = 1; /* one more than the most */
    xy_agent_message got;
    assert_true(xy_agent_decode(&got, bytes, sizeof bytes) < 0);
}

/* The bytes of one message for good: agents of other machines rely on them. */
static void test_bytes(void **state)
{
    const uint8_t expected[] = {0, 17, XY_AGENT_SIGNAL, 1, 2, 3, 4, 5, 6, 7, 8, 0, 0, 0, 0, 0, 0,
                                0, 9,  XY_FAULT_PAUSE};
    xy_agent_message message = {.kind = XY_AGENT_SIGNAL,
                                .signal = {0x0102030405060708, {9}, XY_FAULT_PAUSE}};
    uint8_t frame[XY_AGENT_FRAME_MAX];
    (void)state;
    assert_int_equal(xy_agent_encode(&message, frame), sizeof expected);
    assert_memory_equal(frame, expected, sizeof expected);
}

/* What lives say of their links. */
static void test_bytes_of_links(void **state)
{
    const uint8_t expected[] = {
        0, 24, XY_AGENT_EXPECTED, 0, 0, 0, 0, 0, 0, 0, 9, 1, 2, 3, 4, 5, 6, 7, 8, 8, 7, 6, 5, 4, 3,
        2, 1};
    const uint8_t attached[] = {
        0,   22, XY_AGENT_ATTACHED, 0, 0, 0, 0, 0, 0, 0, 9, 1, 2, 3, 4, 5, 6, 7, 8, 0, 4, 'h', 'e',
        'r', 'e'};
    xy_launch_report report = {
        .life = {9}, .link = {0x0102030405060708}, .tag = 0x0807060504030201, .address = "here"};
    xy_agent_message message = {.kind = XY_AGENT_EXPECTED, .report = report};
    uint8_t frame[XY_AGENT_FRAME_MAX];
    (void)state;
    message.report.kind = XY_EVENT_EXPECTED;
    assert_int_equal(xy_agent_encode(&message, frame), sizeof expected);
    assert_memory_equal(frame, expected, sizeof expected);
    message.kind = XY_AGENT_ATTACHED;
    message.report.kind = XY_EVENT_ATTACHED;
    assert_int_equal(xy_agent_encode(&message, frame), sizeof attached);
    assert_memory_equal(frame, attached, sizeof attached);
}

/* A frame that is not whole is waited for, and one that says too little or too much is refused. */
static void test_sizes(void **state)
{
    (void)state;
    for (int kind = XY_AGENT_SETTING; kind < XY_AGENT_KIND_END; kind++) {
        uint8_t frame[XY_AGENT_FRAME_MAX + 1] = {0};
        xy_agent_message message = example((xy_agent_kind)kind);
        size_t size = xy_agent_encode(&message, frame);
        for (size_t part = 0; part < size; part++)
            assert_int_equal(xy_agent_decode(&message, frame, part), 0);
        for (size_t content = 0; content <= size; content++) {
            frame[0] = (uint8_t)(content >> 8);
            frame[1] = (uint8_t)content;
            if (content != size - 3)
                assert_true(xy_agent_decode(&message, frame, content + 3) < 0);
        }
    }
}

static void check_refused(const xy_agent_message *message, size_t at, uint8_t byte)
{
    uint8_t frame[XY_AGENT_FRAME_MAX];
    xy_agent_message got;
    size_t size = xy_agent_encode(message, frame);
    assert_true(xy_agent_decode(&got, frame, size) > 0);
    frame[at] = byte;
    assert_true(xy_agent_decode(&got, frame, size) < 0);
}

static void test_links_that_are_malformed(void **state)
{
    xy_launch_report report = {.kind = XY_EVENT_EXPECTED, .life = {9}, .link = {8}};
    xy_agent_message expected = {.kind = XY_AGENT_EXPECTED, .report = report};
    xy_agent_message attached = {.kind = XY_AGENT_ATTACHED, .report = report};
    xy_agent_message longest = example(XY_AGENT_ATTACHED);
    (void)state;
    attached.report.kind = XY_EVENT_ATTACHED;
    memcpy(attached.report.address, "here", 5);
    check_refused(&expected, 10, 0);                /* a life that is 0 */
    check_refused(&attached, 10, 0);                /* */
    check_refused(&attached, 20, 5);                /* an address longer than the frame, */
    check_refused(&attached, 20, 3);                /* shorter */
    check_refused(&attached, 22, '\0');             /* and with a NUL */
    check_refused(&longest, 20, XY_ADDRESS_SIZE);   /* and than its room */
    check_refused(&expected, 2, XY_AGENT_ATTACHED); /* without an address */
    check_refused(&attached, 2, XY_AGENT_EXPECTED); /* and with one */
}

static void test_values_out_of_range(void **state)
{
    xy_agent_message signal = example(XY_AGENT_SIGNAL), end = {.kind = XY_AGENT_END};
    xy_agent_message setting = example(XY_AGENT_SETTING), ended = example(XY_AGENT_ENDED);
    xy_agent_message started = example(XY_AGENT_STARTED), start = example(XY_AGENT_START);
    xy_agent_message answered = example(XY_AGENT_SIGNALLED);
    (void)state;
    end.end.life.number = 1;
    check_refused(&signal, 2, 0);                    /* kinds */
    check_refused(&signal, 2, XY_AGENT_KIND_END);    /* */
    check_refused(&signal, 0, 0x04);                 /* a size above the largest */
    check_refused(&signal, 19, 0);                   /* faults */
    check_refused(&signal, 19, XY_FAULT_RESUME + 1); /* */
    check_refused(&end, 10, 0);                      /* a life that is 0 */
    check_refused(&setting, 7, XYLEM_TCP + 1);       /* */
    check_refused(&setting, 8, XYLEM_LOG_DEBUG + 1); /* */
    check_refused(&setting, 9, 1);                   /* a text longer than the frame */
    check_refused(&setting, 10, 128);                /* and than its room */
    check_refused(&setting, 20, '\0');               /* and with a NUL */
    check_refused(&ended, 11, 2);                    /* */
    check_refused(&ended, 12, XYLEM_NO_AGENT + 1);   /* */
    check_refused(&ended, 13, 0x80);                 /* */
    check_refused(&started, 11, 0x80);               /* a pid below 0 */
    check_refused(&start, 3, 0x80);                  /* an id below 0 */
    check_refused(&answered, 12, XY_ERROR_COUNT);    /* */
}

/* A text that fills its room leaves none for its NUL. */
static void test_text_without_nul(void **state)
{
    uint8_t frame[XY_AGENT_FRAME_MAX];
    xy_agent_message message = example(XY_AGENT_SETTING);
    size_t size = xy_agent_encode(&message, frame), room = sizeof message.setting.rundir;
    (void)state;
    assert_int_equal(frame[9] << 8 | frame[10], room - 1);
    frame[size++] = 'x';
    frame[0] = (uint8_t)((size - 3) >> 8);
    frame[1] = (uint8_t)(size - 3);
    frame[9] = (uint8_t)(room >> 8);
    frame[10] = (uint8_t)room;
    assert_true(xy_agent_decode(&message, frame, size) < 0);
}

/* Any bytes: nothing is read that is not there, and what is accepted is what would be written. */
static void test_random_bytes(void **state)
{
    uint64_t chance = unit_seed();
    int accepted = 0;
    (void)state;
    for (int round = 0; round < 200000; round++) {
        size_t size = unit_random(&chance) % 64;
        uint8_t *bytes = malloc(size + 1), frame[XY_AGENT_FRAME_MAX];
        xy_agent_message message;
        for (size_t i = 0; i < size; i++)
            bytes[i] = (uint8_t)(unit_random(&chance) % 4 ? 0 : unit_random(&chance));
        if (size > 2) {
            bytes[1] = (uint8_t)(size - 3);
            bytes[2] = (uint8_t)(1 + unit_random(&chance) % XY_AGENT_KIND_END);
        }
        uint8_t *exact = realloc(bytes, size ? size : 1); /* its end is known to sanitizers */
        int taken = xy_agent_decode(&message, exact, size);
        if (taken > 0) {
            assert_int_equal(xy_agent_encode(&message, frame), taken);
            assert_memory_equal(frame, exact, (size_t)taken);
            accepted++;
        }
        free(exact);
    }
    assert_true(accepted > 100);
}

static void test_endpoints(void **state)
{
    xy_setting setting = {.transport = XYLEM_IPC, .rundir = "/run/xylem-abcdef"};
    char endpoint[XY_ADDRESS_SIZE];
    (void)state;
    xy_setting_endpoint(&setting, (xy_life){UINT64_MAX}, endpoint);
    assert_string_equal(endpoint, "ipc:///run/xylem-abcdef/18446744073709551615");
    setting.transport = XYLEM_TCP;
    xy_setting_endpoint(&setting, (xy_life){1}, endpoint);
    assert_string_equal(endpoint, "tcp://127.0.0.1:*");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_there_and_back),
        cmocka_unit_test(test_told_too_long),
        cmocka_unit_test(test_arguments),
        cmocka_unit_test(test_saved_state),
        cmocka_unit_test(test_bytes),
        cmocka_unit_test(test_bytes_of_links),
        cmocka_unit_test(test_sizes),
        cmocka_unit_test(test_links_that_are_malformed),
        cmocka_unit_test(test_values_out_of_range),
        cmocka_unit_test(test_text_without_nul),
        cmocka_unit_test(test_random_bytes),
        cmocka_unit_test(test_endpoints),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
