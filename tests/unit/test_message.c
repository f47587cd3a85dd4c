/* The wire format: what is written is read back, and nothing else is taken. */
#include "unit.h"

#include "core/chunks.h"
#include "core/message.h"

enum { ROUTE = 3, TEXT = 5, FRAME = XY_MESSAGE_HEADER + ROUTE + TEXT };

static uint8_t body[ROUTE + TEXT];

/* An exec that has come past the first of three links. */
static xy_message sample(void)
{
    size_t size = 0;
    size += xy_route_put(body + size, (xy_link_number){0}, (xy_link_number){2});
    size += xy_route_put(body + size, (xy_link_number){2}, (xy_link_number){5});
    size += xy_route_put(body + size, (xy_link_number){5}, (xy_link_number){9});
    assert_int_equal(size, ROUTE);
    memcpy(body + ROUTE, "start", TEXT);
    return (xy_message){.kind = XY_REQUEST,
                        .code = XY_EXEC,
                        .number = {0x0102030405060708, 0x2122232425262728},
                        .id = 88,
                        .life = {0x1112131415161718},
                        .value = 250,
                        .link = {0x3132333435363738},
                        .budget_ms = 5000,
                        .keep = 0x010203,
                        .route_size = ROUTE,
                        .route_offset = 1,
                        .payload_size = TEXT,
                        .body = body};
}

static bool is_request(int kind)
{
    return kind == XY_REQUEST;
}

/* What has operations for its codes. */
static bool is_operation(int kind)
{
    return kind == XY_REQUEST || kind == XY_CAST;
}

/* A message of this kind with as little as may be. */
static xy_message bare(int kind)
{
    static const uint8_t bytes[XY_EXPECTATION_SIZE];
    xy_message message = {.kind = (xy_kind)kind, .body = bytes};
    message.code = is_operation(kind) ? XY_PING : kind == XY_CHANGE ? XY_CHANGE_SILENT : 0;
    message.payload_size = kind == XY_HELLO ? XY_SECRET_SIZE : 0;
    return message;
}

static bool taken(const xy_message *message)
{
    uint8_t *frame = malloc(xy_message_size(message));
    xy_message read;
    xy_message_encode(message, frame);
    bool good = xy_message_decode(&read, frame, xy_message_size(message));
    free(frame);
    return good;
}

static void assert_same(const xy_message *a, const xy_message *b)
{
    assert_int_equal(a->kind, b->kind);
    assert_int_equal(a->code, b->code);
    assert_int_equal(a->part, b->part);
    assert_int_equal(a->status, b->status);
    assert_true(a->number.request == b->number.request && a->number.tag == b->number.tag);
    assert_true(a->life.number == b->life.number && a->link.number == b->link.number);
    assert_true(a->id == b->id && a->value == b->value);
    assert_int_equal(a->budget_ms, b->budget_ms);
    assert_int_equal(a->keep, b->keep);
    assert_int_equal(a->route_size, b->route_size);
    assert_int_equal(a->route_offset, b->route_offset);
    assert_int_equal(a->payload_size, b->payload_size);
    if (a->route_size + a->payload_size > 0)
        assert_memory_equal(a->body, b->body, a->route_size + a->payload_size);
}

static void test_golden_frame(void **state)
{
    static const uint8_t golden[] = {
        'x',  'y',  6,    7,    3,    0,    0,    0,    /* version, kind, code, part, status */
        0x01, 0x02, 0x03, 0x04, 0x05, 0x06, 0x07, 0x08, /* request */
        0x21, 0x22, 0x23, 0x24, 0x25, 0x26, 0x27, 0x28, /* tag */
        0,    0,    0,    0,    0,    0,    0,    88,   /* id */
        0x11, 0x12, 0x13, 0x14, 0x15, 0x16, 0x17, 0x18, /* life */
        0,    0,    0,    0,    0,    0,    0,    250,  /* value */
        0x31, 0x32, 0x33, 0x34, 0x35, 0x36, 0x37, 0x38, /* link */
        0,    0,    0x13, 0x88, 0,    0,    0,    5,    /* budget, size of the payload */
        0,    3,    0,    1,    0,    1,    2,    3};   /* size of the route, offset, keep */
    uint8_t frame[FRAME];
    xy_message message = sample();
    (void)state;
    assert_int_equal(xy_message_size(&message), FRAME);
    assert_int_equal(sizeof golden, XY_MESSAGE_HEADER);
    xy_message_encode(&message, frame);
    assert_memory_equal(frame, golden, sizeof golden);
    assert_memory_equal(frame + sizeof golden, body, ROUTE + TEXT);
    assert_memory_equal(xy_message_payload(&message), "start", TEXT);
}

static void test_every_kind_comes_back(void **state)
{
    static const uint8_t bytes[XY_SECRET_SIZE] = "what a body has in it";
    (void)state;
    for (int kind = XY_HELLO; kind < XY_KIND_END; kind++) {
        uint8_t frame[XY_MESSAGE_HEADER + sizeof bytes];
        xy_message read, message = bare(kind);
        bool text = kind == XY_HELLO || kind == XY_REPLY || kind == XY_CAST || kind == XY_MERGED ||
                    kind == XY_STATE || kind == XY_CHUNK;
        bool interval = kind == XY_WELCOME || kind == XY_INTERVAL;
        message.body = bytes;
        message.payload_size = text ? sizeof bytes : 0;
        message.id = INT64_MAX;
        message.value = interval ? INT32_MAX : INT64_MAX;
        message.number = (xy_number){UINT64_MAX, UINT64_MAX - 1};
        message.life.number = UINT64_MAX - 2;
        message.link.number = UINT64_MAX - 3;
        message.status = XY_ERROR_COUNT - 1;
        message.budget_ms = UINT32_MAX;
        xy_message_encode(&message, frame);
        assert_true(xy_message_decode(&read, frame, xy_message_size(&message)));
        assert_same(&message, &read);
        assert_ptr_equal(read.body, frame + XY_MESSAGE_HEADER);
    }
}

static void test_a_route_and_a_payload(void **state)
{
    uint8_t frame[FRAME];
    xy_message read, message = sample();
    (void)state;
    xy_message_encode(&message, frame);
    assert_true(xy_message_decode(&read, frame, FRAME));
    assert_same(&message, &read);
    assert_ptr_equal(xy_message_payload(&read), frame + XY_MESSAGE_HEADER + ROUTE);
}

static void test_truncated(void **state)
{
    uint8_t frame[FRAME + 1] = {0};
    xy_message read, message = sample();
    (void)state;
    xy_message_encode(&message, frame);
    for (size_t size = 0; size <= sizeof frame; size++)
        assert_int_equal(xy_message_decode(&read, frame, size), size == FRAME);
}

static void test_malformed(void **state)
{
    static const struct {
        size_t at;
        uint8_t byte;
    } wrong[] = {{0, 'X'},
                 {1, 'x'},
                 {2, XY_MESSAGE_VERSION - 1},
                 {2, XY_MESSAGE_VERSION + 1},
                 {3, 0},
                 {3, XY_KIND_END},
                 {4, 0},
                 {4, XY_OPERATION_END},
                 {5, 4},
                 {6, 1},
                 {7, XY_ERROR_COUNT},
                 {24, 0x80}, /* negative */
                 {40, 0x80},
                 {60, 1}, /* sizes that are not those of the frame */
                 {63, 4},
                 {63, 6},
                 {64, 1},
                 {65, 2},
                 {65, 4},
                 {66, 1}, /* an offset beyond the route */
                 {67, 4}};
    (void)state;
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        uint8_t frame[FRAME];
        xy_message read, message = sample();
        xy_message_encode(&message, frame);
        frame[wrong[i].at] = wrong[i].byte;
        assert_false(xy_message_decode(&read, frame, sizeof frame));
    }
}

static void test_the_end_of_a_route(void **state)
{
    xy_message message = sample();
    (void)state;
    message.route_offset = ROUTE;
    assert_true(taken(&message));
}

/* Only a request has a route. */
static void test_routes(void **state)
{
    (void)state;
    for (int kind = XY_HELLO; kind < XY_KIND_END; kind++) {
        xy_message message = bare(kind);
        assert_true(taken(&message));
        message.route_size = 1;
        assert_int_equal(taken(&message), is_request(kind));
    }
}

/* What has a payload, and how long it may be. */
static void test_payloads(void **state)
{
    static const uint8_t bytes[XY_MESSAGE_PAYLOAD_MAX + 1];
    static const struct {
        int kind, code;
        uint32_t least, most;
    } rules[] = {
        {XY_HELLO, 0, XY_SECRET_SIZE, XY_SECRET_SIZE},
        {XY_WELCOME, 0, 0, 0},
        {XY_HEARTBEAT, 0, 0, 0},
        {XY_INTERVAL, 0, 0, 0},
        {XY_REPORT, 0, 0, 0},
        {XY_CHANGE, XY_CHANGE_SILENT, 0, 0},
        {XY_CHANGE, XY_CHANGE_BACK, 0, 0},
        {XY_REQUEST, XY_EXPECT, XY_EXPECTATION_SIZE, XY_EXPECTATION_SIZE},
        {XY_REQUEST, XY_LET_GO, 0, 0},
        {XY_REQUEST, XY_EXEC, 0, XY_MESSAGE_PAYLOAD_MAX},
        {XY_REQUEST, XY_RECALL, 0, 0},
        {XY_REQUEST, XY_PING, 0, 0},
        {XY_REQUEST, XY_CANCEL, 0, 0},
        {XY_REPLY, XY_ANSWER, 0, XY_MESSAGE_PAYLOAD_MAX},
        {XY_REPLY, XY_ANSWER_UNDELIVERED, 0, 0},
        {XY_REPLY, XY_ANSWER_HERE, 0, 0},
        {XY_REPLY, XY_ANSWER_MISSING, 0, 0},
        {XY_CAST, XY_EXEC, 0, XY_MESSAGE_PAYLOAD_MAX},
        {XY_CAST, XY_PING, 0, XY_MESSAGE_PAYLOAD_MAX},
        {XY_CAST, XY_CANCEL, 0, 0},
        {XY_MERGED, 0, 0, XY_MESSAGE_PAYLOAD_MAX},
        {XY_REQUEST, XY_ANSWERED, 0, XY_MESSAGE_PAYLOAD_MAX},
        {XY_ASK, 0, 0, XY_MESSAGE_PAYLOAD_MAX},
        {XY_CHUNK, 0, 0, XY_PUBLICATION_MAX},
        {XY_REQUEST, XY_STREAM, 0, XY_MESSAGE_PAYLOAD_MAX},
        {XY_REQUEST, XY_TAKEN, XY_TAKEN_SIZE, XY_TAKEN_SIZE},
    };
    (void)state;
    for (size_t i = 0; i < sizeof rules / sizeof *rules; i++) {
        xy_message message = bare(rules[i].kind);
        message.code = (uint8_t)rules[i].code;
        message.body = bytes;
        for (uint32_t beyond = 0; beyond < 2; beyond++) {
            message.payload_size = rules[i].most + beyond;
            assert_int_equal(taken(&message), !beyond);
            message.payload_size = rules[i].least - beyond;
            if (rules[i].least > 0)
                assert_int_equal(taken(&message), !beyond);
        }
    }
}

static void test_codes(void **state)
{
    (void)state;
    for (int kind = XY_HELLO; kind < XY_KIND_END; kind++)
        for (uint8_t code = 0; code < 12; code++) {
            xy_message message = bare(kind);
            message.code = code;
            if (is_request(kind) && code == XY_EXPECT)
                message.payload_size = XY_EXPECTATION_SIZE;
            if (is_request(kind) && code == XY_TAKEN)
                message.payload_size = XY_TAKEN_SIZE;
            bool fits = is_request(kind)  ? code >= XY_EXPECT && code < XY_OPERATION_END
                        : kind == XY_CAST ? code == XY_EXEC || code == XY_PING || code == XY_CANCEL
                        : kind == XY_CHANGE ? code >= XY_CHANGE_SILENT && code < XY_CHANGE_END
                        : kind == XY_REPLY  ? code < XY_ANSWER_END
                                            : code == 0;
            assert_int_equal(taken(&message), fits);
        }
}

/* Only of what is done once an answer is kept, and only an answer has a state that belongs to it.
 * In a cast it is the size of the plan. */
static void test_keeping(void **state)
{
    (void)state;
    for (int kind = XY_HELLO; kind < XY_KIND_END; kind++)
        for (uint8_t code = XY_LET_GO; code < XY_TAKEN; code++) {
            xy_message message = bare(kind);
            if (is_operation(kind))
                message.code = code;
            message.keep = 1;
            bool fits = kind == XY_CAST ? code == XY_EXEC || code == XY_PING
                        : kind == XY_REPLY
                            ? message.code == XY_ANSWER
                            : is_request(kind) &&
                                  (code == XY_EXEC || code == XY_RECALL || code == XY_STREAM);
            assert_int_equal(taken(&message), fits);
            message.keep = XY_MESSAGE_PAYLOAD_MAX + 1;
            assert_int_equal(taken(&message), fits && kind != XY_CAST);
        }
}

/* Only an exec and an answer come in fragments, to one node or many. */
static void test_parts(void **state)
{
    (void)state;
    for (int kind = XY_HELLO; kind < XY_KIND_END; kind++)
        for (uint8_t code = XY_EXEC; code < XY_TAKEN; code++)
            for (uint8_t part = 1; part <= 4; part++) {
                xy_message message = bare(kind);
                message.part = part;
                if (is_operation(kind))
                    message.code = code;
                bool divisible = kind == XY_REPLY || kind == XY_MERGED ||
                                 (is_operation(kind) && code == XY_EXEC) ||
                                 (is_request(kind) && code == XY_STREAM);
                assert_int_equal(taken(&message), divisible && part < 4);
                message.code = XY_ANSWER_HERE;
                assert_false(kind == XY_REPLY && taken(&message));
            }
}

static void test_intervals(void **state)
{
    (void)state;
    for (int kind = XY_HELLO; kind < XY_KIND_END; kind++) {
        xy_message message = bare(kind);
        message.value = XY_INTERVAL_MAX_MS;
        assert_true(taken(&message));
        message.value++;
        assert_int_equal(taken(&message), kind != XY_WELCOME && kind != XY_INTERVAL);
    }
}

static void test_limits(void **state)
{
    static uint8_t bytes[XY_MESSAGE_ROUTE_MAX + XY_MESSAGE_PAYLOAD_MAX + 1];
    xy_message message = {.kind = XY_REQUEST,
                          .code = XY_EXEC,
                          .route_size = XY_MESSAGE_ROUTE_MAX,
                          .payload_size = XY_MESSAGE_PAYLOAD_MAX,
                          .body = bytes};
    (void)state;
    assert_int_equal(xy_message_size(&message), XY_MESSAGE_MAX);
    assert_true(taken(&message));
    message.payload_size++;
    assert_false(taken(&message));
}

/* Routes. */

static void fill(uint64_t *links, size_t count, uint64_t *random)
{
    for (size_t i = 0; i < count; i++) {
        unsigned bits = unit_random(random) % 64 + 1;
        uint64_t number = (uint64_t)unit_random(random) << 33 ^ unit_random(random);
        links[i] = (number & (UINT64_MAX >> (64 - bits))) | 1;
    }
    links[0] = UINT64_MAX;
    links[1] = 1;
    links[2] = UINT64_MAX - 1;
}

static size_t put(uint8_t *bytes, const uint64_t *links, size_t count)
{
    size_t size = 0;
    for (size_t i = 0; i < count; i++) {
        xy_link_number before = {i ? links[i - 1] : 0}, link = {links[i]};
        size_t wanted = xy_route_put(NULL, before, link);
        assert_int_equal(xy_route_put(bytes + size, before, link), wanted);
        assert_in_range(wanted, 1, 10);
        size += wanted;
    }
    return size;
}

/* Each relay has nothing but the frame that the one before it has marked. Links may go down. */
static void test_a_route_is_followed_from_frame_to_frame(void **state)
{
    enum { LINKS = 1000 };
    static uint64_t links[LINKS];
    static uint8_t route[10 * LINKS + TEXT], frame[XY_MESSAGE_HEADER + sizeof route];
    uint64_t random = unit_seed();
    xy_message message = sample();
    (void)state;
    fill(links, LINKS, &random);
    message.link.number = 0;
    message.route_offset = 0;
    message.route_size = (uint16_t)put(route, links, LINKS);
    memcpy(route + message.route_size, "start", TEXT);
    message.body = route;
    xy_message_encode(&message, frame);
    size_t size = xy_message_size(&message);
    for (size_t i = 0; i < LINKS; i++) {
        xy_message read;
        xy_link_number next;
        assert_true(xy_message_decode(&read, frame, size));
        assert_true(xy_message_next(&read, &next));
        assert_true(next.number == links[i]);
        assert_int_equal(xy_message_size(&read), size);
        xy_message_mark(&read, frame);
        assert_memory_equal(xy_message_payload(&read), "start", TEXT);
    }
    xy_message read;
    xy_link_number next = {42};
    assert_true(xy_message_decode(&read, frame, size));
    assert_false(xy_message_next(&read, &next));
    assert_int_equal(read.route_offset, read.route_size);
    assert_int_equal(read.id, 88); /* the rest is as it was */
    assert_true(read.number.tag == message.number.tag && read.budget_ms == 5000);
}

/* Links that follow one another closely take one byte. */
static void test_a_route_is_short(void **state)
{
    (void)state;
    for (uint64_t link = 1; link < 1u << 20; link += 4099)
        assert_int_equal(xy_route_put(NULL, (xy_link_number){link}, (xy_link_number){link + 30}),
                         1);
}

static void test_malformed_routes(void **state)
{
    static const struct {
        uint16_t size;
        uint8_t bytes[12];
    } routes[] = {
        {1, {0x80}},       /* the rest of it is missing */
        {2, {0xff, 0xff}}, /* and here */
        {9, {0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff}},
        {10, {0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff}},
        {11, {0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01}}, /* too long */
        {12, {0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x01}},
    };
    (void)state;
    for (size_t i = 0; i < sizeof routes / sizeof *routes; i++) {
        xy_message message = bare(XY_REQUEST), before;
        xy_link_number next;
        message.route_size = routes[i].size;
        message.body = routes[i].bytes;
        before = message;
        assert_false(xy_message_next(&message, &next));
        assert_int_equal(message.route_offset, before.route_offset);
    }
}

/* Only the route is read, whatever is behind it. */
static void test_a_route_ends_before_the_payload(void **state)
{
    static const uint8_t bytes[] = {0x81, 0x01, 0x01, 0x01};
    (void)state;
    xy_message message = bare(XY_REQUEST);
    xy_link_number next;
    message.code = XY_EXEC;
    message.route_size = 1;
    message.payload_size = 3;
    message.body = bytes;
    assert_false(xy_message_next(&message, &next));
    message.route_size = 0;
    assert_false(xy_message_next(&message, &next));
}

/* Expectations. */

static xy_expectation expectation(void)
{
    xy_expectation wanted = {.id = 7, .life = {8}, .child = {XY_CHILD, {9}, UINT64_MAX}};
    memset(wanted.secret, 0xab, sizeof wanted.secret);
    strcpy(wanted.key, "0123456789012345678901234567890123456789");
    return wanted;
}

static void test_an_expectation_comes_back(void **state)
{
    (void)state;
    for (int keyed = 0; keyed < 2; keyed++) {
        xy_expectation wanted = expectation(), read;
        uint8_t bytes[XY_EXPECTATION_SIZE];
        if (!keyed)
            memset(wanted.key, 0, sizeof wanted.key);
        xy_expectation_encode(&wanted, bytes);
        memset(&read, 0x5a, sizeof read);
        assert_true(xy_expectation_decode(&read, bytes, sizeof bytes));
        assert_true(read.id == wanted.id && read.life.number == wanted.life.number);
        assert_true(xy_peer_is(&read.child, &wanted.child));
        assert_memory_equal(read.secret, wanted.secret, sizeof read.secret);
        assert_string_equal(read.key, wanted.key);
    }
}

static void test_expectations_that_are_refused(void **state)
{
    xy_expectation wanted = expectation(), read;
    uint8_t bytes[XY_EXPECTATION_SIZE + 1] = {0};
    (void)state;
    xy_expectation_encode(&wanted, bytes);
    for (size_t size = 0; size <= sizeof bytes; size++)
        assert_int_equal(xy_expectation_decode(&read, bytes, size), size == XY_EXPECTATION_SIZE);
    bytes[XY_EXPECTATION_SIZE - 1] = 'x'; /* a key without an end */
    assert_false(xy_expectation_decode(&read, bytes, XY_EXPECTATION_SIZE));
    xy_expectation_encode(&wanted, bytes);
    bytes[0] = 0x80; /* the id is first; a negative one is none */
    assert_false(xy_expectation_decode(&read, bytes, XY_EXPECTATION_SIZE));
    for (int which = 0; which < 2; which++) { /* numbers begin with 1 */
        wanted = expectation();
        if (which == 0)
            wanted.life.number = 0;
        else
            wanted.child.link.number = 0;
        xy_expectation_encode(&wanted, bytes);
        assert_false(xy_expectation_decode(&read, bytes, XY_EXPECTATION_SIZE));
    }
}

static void test_random_bytes(void **state)
{
    uint64_t random = unit_seed();
    uint8_t frame[FRAME + 8];
    (void)state;
    for (int round = 0; round < 200000; round++) {
        xy_message read, message = sample();
        xy_link_number next;
        xy_message_encode(&message, frame);
        for (int i = 0; i < 3; i++)
            frame[unit_random(&random) % FRAME] = (uint8_t)unit_random(&random);
        size_t size = unit_random(&random) % 4 ? FRAME : unit_random(&random) % sizeof frame;
        if (!xy_message_decode(&read, frame, size))
            continue;
        assert_in_range(read.kind, XY_HELLO, XY_KIND_END - 1);
        assert_true(read.id >= 0 && read.value >= 0);
        assert_int_equal(xy_message_size(&read), size);
        while (xy_message_next(&read, &next))
            assert_true(read.route_offset <= read.route_size);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_golden_frame),
        cmocka_unit_test(test_every_kind_comes_back),
        cmocka_unit_test(test_a_route_and_a_payload),
        cmocka_unit_test(test_truncated),
        cmocka_unit_test(test_malformed),
        cmocka_unit_test(test_the_end_of_a_route),
        cmocka_unit_test(test_routes),
        cmocka_unit_test(test_payloads),
        cmocka_unit_test(test_codes),
        cmocka_unit_test(test_keeping),
        cmocka_unit_test(test_parts),
        cmocka_unit_test(test_intervals),
        cmocka_unit_test(test_limits),
        cmocka_unit_test(test_a_route_is_followed_from_frame_to_frame),
        cmocka_unit_test(test_a_route_is_short),
        cmocka_unit_test(test_malformed_routes),
        cmocka_unit_test(test_a_route_ends_before_the_payload),
        cmocka_unit_test(test_an_expectation_comes_back),
        cmocka_unit_test(test_expectations_that_are_refused),
        cmocka_unit_test(test_random_bytes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
