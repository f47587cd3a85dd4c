/* The wire format: what is written is read back, and nothing else is taken. */
#include "unit.h"

#include "core/message.h"

static const uint8_t payload[] = "start";

static xy_message sample(void)
{
    return (xy_message){.kind = XY_REQUEST,
                        .code = XY_EXEC,
                        .status = XYLEM_OK,
                        .request = 0x0102030405060708,
                        .id = 88,
                        .incarnation = 0x1112131415161718,
                        .value = 250,
                        .budget_ms = 5000,
                        .payload = payload,
                        .payload_size = 5};
}

static void assert_same(const xy_message *a, const xy_message *b)
{
    assert_int_equal(a->kind, b->kind);
    assert_int_equal(a->code, b->code);
    assert_int_equal(a->part, b->part);
    assert_int_equal(a->status, b->status);
    assert_true(a->request == b->request && a->incarnation == b->incarnation);
    assert_true(a->id == b->id && a->value == b->value);
    assert_int_equal(a->budget_ms, b->budget_ms);
    assert_int_equal(a->payload_size, b->payload_size);
    assert_memory_equal(a->payload, b->payload, a->payload_size);
}

static void test_golden_frame(void **state)
{
    static const uint8_t golden[] = {
        'x',  'y',  1,    5,    3,    0,    0,    0,    /* header */
        0x01, 0x02, 0x03, 0x04, 0x05, 0x06, 0x07, 0x08, /* request */
        0,    0,    0,    0,    0,    0,    0,    88,   /* id */
        0x11, 0x12, 0x13, 0x14, 0x15, 0x16, 0x17, 0x18, /* incarnation */
        0,    0,    0,    0,    0,    0,    0,    250,  /* value */
        0,    0,    0x13, 0x88, 0,    0,    0,    5,    /* budget, size */
        's',  't',  'a',  'r',  't'};
    uint8_t frame[sizeof golden];
    xy_message message = sample();
    (void)state;
    assert_int_equal(xy_message_size(&message), sizeof golden);
    xy_message_encode(&message, frame);
    assert_memory_equal(frame, golden, sizeof golden);
}

static bool has_payload(int kind)
{
    return kind == XY_HELLO || kind == XY_REQUEST || kind == XY_REPLY;
}

static bool has_interval(int kind)
{
    return kind == XY_WELCOME || kind == XY_PACE;
}

static void test_every_kind_comes_back(void **state)
{
    (void)state;
    for (int kind = XY_HELLO; kind < XY_KIND_END; kind++) {
        uint8_t frame[XY_MESSAGE_HEADER + 5];
        xy_message read, message = sample();
        if (!has_payload(kind))
            message.payload_size = 0;
        message.kind = (xy_kind)kind;
        message.code = kind == XY_REQUEST || kind == XY_CHANGE ? 2 : 0;
        message.id = INT64_MAX;
        message.value = has_interval(kind) ? INT32_MAX : INT64_MAX;
        message.request = message.incarnation = UINT64_MAX;
        message.status = XYLEM_ERROR_COUNT - 1;
        xy_message_encode(&message, frame);
        assert_true(xy_message_decode(&read, frame, xy_message_size(&message)));
        assert_same(&message, &read);
    }
}

/* Nobody sends a payload where none belongs, nor an interval that no clock can bear. */
static void test_what_does_not_belong(void **state)
{
    (void)state;
    for (int kind = XY_HELLO; kind < XY_KIND_END; kind++) {
        uint8_t frame[XY_MESSAGE_HEADER + 5];
        xy_message read, message = sample();
        message.kind = (xy_kind)kind;
        message.code = kind == XY_REQUEST || kind == XY_CHANGE ? 2 : 0;
        xy_message_encode(&message, frame);
        assert_true(xy_message_decode(&read, frame, sizeof frame) == has_payload(kind));
        message.payload_size = 0;
        message.value = (int64_t)INT32_MAX + 1;
        xy_message_encode(&message, frame);
        assert_true(xy_message_decode(&read, frame, XY_MESSAGE_HEADER) == !has_interval(kind));
    }
}

static void test_truncated(void **state)
{
    uint8_t frame[XY_MESSAGE_HEADER + 6] = {0};
    xy_message read, message = sample();
    (void)state;
    xy_message_encode(&message, frame);
    for (size_t size = 0; size <= sizeof frame; size++)
        assert_int_equal(xy_message_decode(&read, frame, size), size == sizeof frame - 1);
}

static void test_malformed(void **state)
{
    static const struct {
        size_t at;
        uint8_t byte;
    } wrong[] = {{0, 'X'},
                 {1, 'x'},
                 {2, 2},
                 {3, 0},
                 {3, XY_KIND_END},
                 {4, 0},
                 {4, XY_OPERATION_END},
                 {5, 4},
                 {6, 1},
                 {7, XYLEM_ERROR_COUNT},
                 {16, 0x80},
                 {32, 0x80},
                 {44, 1},
                 {47, 4},
                 {47, 6}};
    (void)state;
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        uint8_t frame[XY_MESSAGE_HEADER + 5];
        xy_message read = {.request = 42}, message = sample();
        xy_message_encode(&message, frame);
        frame[wrong[i].at] = wrong[i].byte;
        assert_false(xy_message_decode(&read, frame, sizeof frame));
        assert_true(read.request == 42); /* nothing was written */
    }
}

static void test_codes_of_a_change(void **state)
{
    (void)state;
    for (uint8_t code = 0; code <= XY_CHANGE_END; code++) {
        uint8_t frame[XY_MESSAGE_HEADER];
        xy_message read, message = {.kind = XY_CHANGE, .code = code};
        xy_message_encode(&message, frame);
        assert_int_equal(xy_message_decode(&read, frame, sizeof frame),
                         code >= XY_CHANGE_LOST && code <= XY_CHANGE_GONE);
    }
}

/* Only an exec and a reply come in parts. */
static void test_parts(void **state)
{
    (void)state;
    for (int kind = XY_HELLO; kind < XY_KIND_END; kind++)
        for (uint8_t code = 0; code < XY_OPERATION_END; code++)
            for (uint8_t part = 0; part <= 4; part++) {
                uint8_t frame[XY_MESSAGE_HEADER];
                xy_message read, message = {.kind = (xy_kind)kind, .code = code, .part = part};
                bool exec = kind == XY_REQUEST && code == XY_EXEC;
                bool divisible = exec || (kind == XY_REPLY && code == 0);
                bool whole = kind == XY_REQUEST  ? code > 0
                             : kind == XY_CHANGE ? code > 0 && code < XY_CHANGE_END
                                                 : code == 0;
                xy_message_encode(&message, frame);
                bool taken = xy_message_decode(&read, frame, sizeof frame);
                assert_int_equal(taken, part == 0 ? whole : divisible && part < 4);
                if (taken)
                    assert_int_equal(read.part, part);
            }
}

static void test_the_name_of_a_service(void **state)
{
    static const uint8_t name[XYLEM_SERVICE_NAME_SIZE] = "abcdefghijklmnopqrstuvwxyz12345";
    (void)state;
    for (uint32_t size = 0; size <= XYLEM_SERVICE_NAME_SIZE; size++) {
        uint8_t frame[XY_MESSAGE_HEADER + XYLEM_SERVICE_NAME_SIZE];
        xy_message read, message = sample();
        message.code = XY_CREATE;
        message.payload = name;
        message.payload_size = size;
        xy_message_encode(&message, frame);
        assert_int_equal(xy_message_decode(&read, frame, xy_message_size(&message)),
                         size < XYLEM_SERVICE_NAME_SIZE); /* its NUL needs room too */
    }
}

static void test_intervals(void **state)
{
    (void)state;
    for (int kind = XY_WELCOME; kind <= XY_PACE; kind += XY_PACE - XY_WELCOME)
        for (int beyond = 0; beyond < 2; beyond++) {
            uint8_t frame[XY_MESSAGE_HEADER];
            xy_message read,
                message = {.kind = (xy_kind)kind, .value = (int64_t)XY_INTERVAL_MAX_MS + beyond};
            xy_message_encode(&message, frame);
            assert_int_equal(xy_message_decode(&read, frame, sizeof frame), !beyond);
        }
}

static void test_payload_limit(void **state)
{
    (void)state;
    for (uint32_t beyond = 0; beyond < 2; beyond++) {
        uint32_t size = XY_MESSAGE_PAYLOAD_MAX + beyond;
        uint8_t *bytes = calloc(1, size), *frame = malloc(XY_MESSAGE_HEADER + (size_t)size);
        xy_message read, message = {.kind = XY_REPLY, .payload = bytes, .payload_size = size};
        xy_message_encode(&message, frame);
        assert_int_equal(xy_message_decode(&read, frame, xy_message_size(&message)), !beyond);
        free(bytes);
        free(frame);
    }
}

static void test_random_bytes(void **state)
{
    uint64_t random = unit_seed();
    uint8_t frame[XY_MESSAGE_HEADER + 8];
    (void)state;
    for (int round = 0; round < 200000; round++) {
        xy_message read, message = sample();
        xy_message_encode(&message, frame);
        for (int i = 0; i < 3; i++)
            frame[unit_random(&random) % XY_MESSAGE_HEADER] = (uint8_t)unit_random(&random);
        if (xy_message_decode(&read, frame, unit_random(&random) % sizeof frame)) {
            assert_in_range(read.kind, XY_HELLO, XY_KIND_END - 1);
            assert_in_range(read.payload_size, 0, 8);
            assert_true(read.id >= 0);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_golden_frame),
        cmocka_unit_test(test_every_kind_comes_back),
        cmocka_unit_test(test_truncated),
        cmocka_unit_test(test_malformed),
        cmocka_unit_test(test_what_does_not_belong),
        cmocka_unit_test(test_codes_of_a_change),
        cmocka_unit_test(test_parts),
        cmocka_unit_test(test_the_name_of_a_service),
        cmocka_unit_test(test_intervals),
        cmocka_unit_test(test_payload_limit),
        cmocka_unit_test(test_random_bytes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
