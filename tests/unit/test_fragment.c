/* Payloads in fragments: taken apart, put together again, forgotten. */
#include "unit.h"

#include "core/fragment.h"
#include "core/requests.h"
#include "core/step.h"

enum { PART = XY_MESSAGE_PAYLOAD_MAX, SIZE_MAX_TRIED = 3 * PART };

static uint8_t text[SIZE_MAX_TRIED];

static int set_up(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof text; i++)
        text[i] = (uint8_t)(i % 251);
    return 0;
}

/* Each fragment of a payload, from its beginning to its end. */
static void test_sending(void **state)
{
    static const struct {
        size_t size, parts;
    } cases[] = {{0, 1}, {1, 1}, {PART, 1}, {PART + 1, 2}, {2 * PART, 2}, {SIZE_MAX_TRIED, 3}};
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        size_t size = cases[i].size, sent = 0;
        for (size_t part = 0; part < cases[i].parts; part++) {
            xy_message message = {.kind = XY_REPLY, .number = {7, 8}, .value = 99};
            xy_fragment_at(&message, size, part * PART);
            bool several = cases[i].parts > 1, last = part + 1 == cases[i].parts;
            assert_int_equal(message.part,
                             (last ? 0 : XY_PART_MORE) | (part > 0 ? XY_PART_CONTINUED : 0));
            assert_true(message.value == (!several    ? 99
                                          : part == 0 ? (int64_t)size
                                                      : (int64_t)sent));
            assert_int_equal(message.payload_size, last ? size - sent : PART);
            assert_true(message.number.request == 7 && message.number.tag == 8);
            sent += message.payload_size;
        }
        assert_int_equal(sent, size);
    }
}

/* Adds `size` bytes of the text, which repeats itself, from `offset` on. */
static int add(xy_assemblies *assemblies, uint64_t request, uint8_t bits, size_t offset,
               size_t size, xy_assembly **whole)
{
    xy_message part = {.kind = XY_REPLY,
                       .part = bits,
                       .number = {request, request + 100},
                       .value = bits & XY_PART_CONTINUED ? (int64_t)offset : 0,
                       .body = text + offset % SIZE_MAX_TRIED,
                       .payload_size = (uint32_t)size};
    return xy_assemblies_add(assemblies, &part, 1000 + (int64_t)request, whole);
}

static void add_one(xy_assemblies *assemblies, uint64_t request, uint8_t bits, size_t offset,
                    size_t size)
{
    xy_assembly *whole;
    assert_int_equal(add(assemblies, request, bits, offset, size, &whole), XYLEM_OK);
    assert_null(whole);
}

static void expect_whole(xy_assemblies *assemblies, uint64_t request, uint8_t bits, size_t offset,
                         size_t size)
{
    xy_assembly *whole;
    assert_int_equal(add(assemblies, request, bits, offset, size, &whole), XYLEM_OK);
    assert_non_null(whole);
    assert_true(whole->slot.request == request &&
                whole->slot.deadline_ms == 1000 + (int64_t)request);
    assert_true(xy_assembly_number(whole).request == request &&
                xy_assembly_number(whole).tag == request + 100);
    assert_int_equal(whole->text.size, offset + size);
    assert_memory_equal(whole->text.bytes, text, offset + size);
    assert_int_equal(whole->text.bytes[whole->text.size], 0); /* for those who read it as a text */
    xy_assembly_free(whole);
}

static const uint8_t first = XY_PART_MORE, middle = XY_PART_MORE | XY_PART_CONTINUED,
                     last = XY_PART_CONTINUED;

static void test_putting_together(void **state)
{
    xy_assemblies assemblies = {0};
    (void)state;
    expect_whole(&assemblies, 1, 0, 0, 0);
    expect_whole(&assemblies, 1, 0, 0, 5);
    add_one(&assemblies, 1, first, 0, PART);
    add_one(&assemblies, 1, middle, PART, 3);
    expect_whole(&assemblies, 1, last, PART + 3, 0);
    assert_int_equal(xy_assemblies_count(&assemblies), 0);
    xy_assemblies_clear(&assemblies);
}

static void test_those_of_each_request(void **state)
{
    xy_assemblies assemblies = {0};
    (void)state;
    for (uint64_t request = 1; request <= 3; request++)
        add_one(&assemblies, request, first, 0, request);
    for (uint64_t request = 1; request <= 3; request++)
        add_one(&assemblies, request, middle, request, request);
    for (uint64_t request = 1; request <= 3; request++)
        expect_whole(&assemblies, request, last, 2 * request, 10);
    assert_int_equal(xy_assemblies_count(&assemblies), 0);
    xy_assemblies_clear(&assemblies);
}

static void test_fragments_without_a_first_one(void **state)
{
    xy_assemblies assemblies = {0};
    (void)state;
    add_one(&assemblies, 1, middle, 0, 5);
    add_one(&assemblies, 1, last, 0, 5);
    assert_int_equal(xy_assemblies_count(&assemblies), 0);
    add_one(&assemblies, 1, first, 0, 2); /* and then it begins */
    expect_whole(&assemblies, 1, last, 2, 3);
    assert_int_equal(xy_assemblies_count(&assemblies), 0);
    xy_assemblies_clear(&assemblies);
}

/* What has come before is passed over, wherever a second copy begins; so is what is not next. */
static void test_two_copies(void **state)
{
    xy_assemblies assemblies = {0};
    (void)state;
    add_one(&assemblies, 1, first, 0, 4);
    add_one(&assemblies, 1, middle, 4, 3);
    add_one(&assemblies, 1, middle, 8, 2);
    add_one(&assemblies, 1, last, 9, 1);
    add_one(&assemblies, 1, first, 0, 4);
    add_one(&assemblies, 1, middle, 4, 3);
    add_one(&assemblies, 1, middle, 7, 2);
    add_one(&assemblies, 1, first, 0, 4);
    expect_whole(&assemblies, 1, last, 9,
                 1); /* what the second copy lacks has come with the first */
    add_one(&assemblies, 1, last, 9, 1);
    assert_int_equal(xy_assemblies_count(&assemblies), 0);
    add_one(&assemblies, 1, first, 0, 4);
    expect_whole(&assemblies, 1, 0, 0, 9); /* which is not in several */
    assert_int_equal(xy_assemblies_count(&assemblies), 0);
    xy_assemblies_clear(&assemblies);
}

static void test_too_long(void **state)
{
    xy_assemblies assemblies = {0};
    xy_assembly *whole;
    (void)state;
    add_one(&assemblies, 2, first, 0, 4);
    add_one(&assemblies, 1, first, 0, PART);
    for (size_t size = 2 * (size_t)PART; size <= XYLEM_TEXT_MAX; size += PART)
        add_one(&assemblies, 1, middle, size - PART, PART);
    assert_int_equal(add(&assemblies, 1, middle, XYLEM_TEXT_MAX, 1, &whole), XYLEM_TOO_LONG);
    assert_null(whole);
    add_one(&assemblies, 1, last, XYLEM_TEXT_MAX, 0); /* nothing of it is kept */
    expect_whole(&assemblies, 2, last, 4, 4);
    assert_int_equal(xy_assemblies_count(&assemblies), 0);
    xy_assemblies_clear(&assemblies);
}

static void test_the_longest(void **state)
{
    xy_assemblies assemblies = {0};
    xy_assembly *whole;
    (void)state;
    add_one(&assemblies, 1, first, 0, PART);
    for (size_t size = 2 * (size_t)PART; size < XYLEM_TEXT_MAX; size += PART)
        add_one(&assemblies, 1, middle, size - PART, PART);
    assert_int_equal(add(&assemblies, 1, last, XYLEM_TEXT_MAX - PART, PART, &whole), XYLEM_OK);
    assert_int_equal(whole->text.size, XYLEM_TEXT_MAX);
    xy_assembly_free(whole);
    xy_assemblies_clear(&assemblies);
}

static void test_deadlines(void **state)
{
    xy_assemblies assemblies = {0};
    (void)state;
    assert_true(xy_assemblies_deadline(&assemblies) == XY_NEVER);
    for (uint64_t request = 1; request <= 3; request++)
        add_one(&assemblies, request, first, 0, 1);
    add_one(&assemblies, 2, middle, 1, 1); /* which does not put its deadline off */
    assert_int_equal(xy_assemblies_deadline(&assemblies), 1001);
    xy_assemblies_drop_due(&assemblies, 1000);
    assert_int_equal(xy_assemblies_deadline(&assemblies), 1001);
    xy_assemblies_drop_due(&assemblies, 1002);
    assert_int_equal(xy_assemblies_deadline(&assemblies), 1003);
    expect_whole(&assemblies, 3, last, 1, 1);
    assert_true(xy_assemblies_deadline(&assemblies) == XY_NEVER);
    xy_assemblies_clear(&assemblies);
}

static void test_forgetting(void **state)
{
    xy_assemblies assemblies = {0};
    (void)state;
    for (uint64_t request = 1; request <= 3; request++)
        add_one(&assemblies, request, first, 0, 1);
    xy_assemblies_drop(&assemblies, 2);
    xy_assemblies_drop(&assemblies, 2);
    add_one(&assemblies, 2, last, 0, 1);
    expect_whole(&assemblies, 1, last, 1, 1);
    xy_assemblies_clear(&assemblies);
    assert_int_equal(xy_assemblies_count(&assemblies), 0);
    xy_assembly_free(NULL);
}

/* A request has its route before the payload. */
static void test_a_payload_behind_a_route(void **state)
{
    xy_assemblies assemblies = {0};
    xy_assembly *whole;
    xy_message part = {.kind = XY_REQUEST, .code = XY_EXEC, .number = {1, 2}, .body = text};
    (void)state;
    part.route_size = 3;
    part.payload_size = 4;
    assert_int_equal(xy_assemblies_add(&assemblies, &part, 0, &whole), XYLEM_OK);
    assert_int_equal(whole->text.size, 4);
    assert_memory_equal(whole->text.bytes, text + 3, 4);
    xy_assembly_free(whole);
    xy_assemblies_clear(&assemblies);
}

/* A first fragment says how large the whole is; what cannot be is not believed. */
static void test_cost(void **state)
{
    static const struct {
        uint8_t part;
        int64_t value;
        size_t cost;
    } cases[] = {{0, 100, 10},
                 {XY_PART_MORE, 100, 100},
                 {XY_PART_MORE, 5, 10},
                 {XY_PART_MORE, XYLEM_TEXT_MAX, XYLEM_TEXT_MAX},
                 {XY_PART_MORE, XYLEM_TEXT_MAX + 1, 10},
                 {XY_PART_MORE, INT64_MAX, 10}};
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        xy_message part = {.kind = XY_REQUEST, .code = XY_EXEC, .part = cases[i].part};
        part.value = cases[i].value;
        part.payload_size = 10;
        assert_int_equal(xy_fragment_cost(&part), XY_REQUEST_COST + cases[i].cost);
    }
}

/* Those that are whole and wait. */
static void test_waiting(void **state)
{
    xy_assemblies waiting = {0}, arriving = {0};
    (void)state;
    for (uint64_t request = 4; request >= 1; request--) {
        xy_assembly *whole;
        assert_int_equal(add(&arriving, request, 0, 0, request, &whole), XYLEM_OK);
        assert_true(xy_assemblies_put(&waiting, whole));
    }
    assert_int_equal(waiting.table.cost, 4 * XY_REQUEST_COST + 10);
    xy_assembly *one = xy_assemblies_take_first(&waiting);
    assert_true(one->slot.request == 4);
    xy_assembly_free(one);
    one = xy_assemblies_take_due(&waiting, 1001);
    assert_true(one->slot.request == 1);
    xy_assembly_free(one);
    assert_null(xy_assemblies_take_due(&waiting, 1001));
    one = xy_assemblies_take(&waiting, 2);
    assert_true(one->slot.request == 2);
    xy_assembly_free(one);
    assert_null(xy_assemblies_take(&waiting, 2));
    assert_int_equal(waiting.table.cost, XY_REQUEST_COST + 3);
    xy_assemblies_clear(&waiting);
    assert_null(xy_assemblies_take_first(&waiting));
    xy_assemblies_clear(&arriving);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_sending),
        cmocka_unit_test(test_putting_together),
        cmocka_unit_test(test_those_of_each_request),
        cmocka_unit_test(test_fragments_without_a_first_one),
        cmocka_unit_test(test_two_copies),
        cmocka_unit_test(test_too_long),
        cmocka_unit_test(test_the_longest),
        cmocka_unit_test(test_deadlines),
        cmocka_unit_test(test_forgetting),
        cmocka_unit_test(test_a_payload_behind_a_route),
        cmocka_unit_test(test_cost),
        cmocka_unit_test(test_waiting),
    };
    return cmocka_run_group_tests(tests, set_up, NULL);
}
